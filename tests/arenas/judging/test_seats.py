"""What an arena's file says of judges."""

from decimal import Decimal

import pytest

from arenas.competitors.judges import Judge
from arenas.definitions.load import load_arena
from arenas.definitions.seats import Seat
from arenas.suites.read_yaml import BadFile
from tests.factories import NOW, make_suite, write_yaml

pytestmark = pytest.mark.django_db
LOOKER = {"name": "looker", "provider": "gemini", "model": "gemini-2.5-flash", "most": 5}


@pytest.fixture
def load(tmp_path):
    """Loads an arena with these judges, and whatever else is changed."""
    make_suite(tmp_path)

    def write(*judges, slug="judged", **changed):
        content = {
            "slug": slug,
            "title": "Judged",
            "suite": "small",
            "questions": [{"id": "better", "text": "Which is better?"}],
            "competitors": ["ant", "bee"],
            "judges": list(judges),
            **changed,
        }
        return load_arena(write_yaml(tmp_path / f"{slug}.yaml", content), now=NOW).arena

    return write


def test_a_judge_gets_a_seat_and_answers_the_overall_question(load):
    load({**LOOKER, "budget_usd": 2, "price": {"input_text": 0.3, "output_text": 2.5}})
    seat = Seat.objects.get()
    assert (seat.judge.name, seat.most, seat.budget_usd) == ("looker", 5, Decimal(2))
    assert seat.questions == {"overall": "better"}
    assert seat.judge.price == {"input_text": 0.3, "output_text": 2.5}


def test_a_judge_is_asked_in_batches_where_its_file_says_so(load):
    load({**LOOKER, "batch": True})
    assert Seat.objects.get().in_batches
    load(LOOKER)
    assert not Seat.objects.get().in_batches


def test_loading_again_changes_nothing(load):
    load(LOOKER)
    load(LOOKER)
    assert Seat.objects.count() == Judge.objects.count() == 1


def test_a_judge_that_is_named_no_more_leaves_and_may_return(load):
    load(LOOKER)
    load()
    assert Seat.objects.get().left_at == NOW
    load(LOOKER)
    assert Seat.objects.get().left_at is None


def test_a_known_judge_needs_its_name_alone(load):
    load(LOOKER)
    load({"name": "looker", "share": 0.5}, slug="other")
    assert Judge.objects.get().model == "gemini-2.5-flash"
    assert Seat.objects.get(arena__slug="other").share == 0.5


def test_its_kin_is_let_in_only_where_that_is_said(load):
    competitors = [{"name": "nano", "provider": "gemini", "model": "g-image"}, "ant"]
    with pytest.raises(BadFile, match=r"of the family 'gemini', as nano: .*same_family"):
        load(LOOKER, competitors=competitors)
    load({**LOOKER, "same_family": True}, competitors=competitors)
    assert [each.name for each in Seat.objects.get().find_kin()] == ["nano"]


def test_a_stated_family_counts_before_the_provider(load):
    competitors = [{"name": "ours", "provider": "openai", "model": "x", "family": "gemini"}, "ant"]
    with pytest.raises(BadFile, match="as ours"):
        load(LOOKER, competitors=competitors)
    load({**LOOKER, "family": "looks"}, competitors=competitors)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"most": None}, "share .* or most"),
        ({"share": 0.5}, "not both"),
        ({"provider": "nobody"}, "unknown provider"),
        ({"provider": "imagen"}, "imagen does not judge images"),
        ({"provider": "openai", "batch": True}, "openai takes no batches"),
        ({"params": {"image_size": "1K"}}, "'image_size' has no effect on a judge"),
        ({"budget_usd": 1}, "budget_usd needs a price"),
        ({"questions": {"taste": "better"}}, "taste"),
        ({"questions": {"overall": "nicer"}}, "no question 'nicer' compares pairs .known: better"),
        ({"checks": ["technical"]}, "no check that asks a judge"),
        ({"checks": ["edits"]}, "do not name 'edits'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(load, changed, words):
    with pytest.raises(BadFile, match=rf"judged.yaml:\d+: .*{words}"):
        load({**LOOKER, **changed})
    assert not Seat.objects.exists()


def test_a_setting_is_frozen(load):
    load(LOOKER)
    with pytest.raises(BadFile, match="exists with another setting"):
        load({**LOOKER, "model": "gemini-3-pro"}, slug="other")


def test_a_judge_is_named_once(load):
    with pytest.raises(BadFile, match="'looker' is given twice"):
        load(LOOKER, LOOKER)


def test_among_several_questions_the_overall_one_must_be_clear(load):
    questions = [{"id": "nice", "text": "Nicer?"}, {"id": "true", "text": "Truer?"}]
    with pytest.raises(BadFile, match="which of nice, true does the judge's `overall` answer"):
        load(LOOKER, questions=questions)
    load({**LOOKER, "questions": {"naturalness": "nice"}}, questions=questions)
    assert Seat.objects.get().questions == {"naturalness": "nice"}


def test_a_check_asks_one_judge_of_the_site(load):
    load({**LOOKER, "checks": ["edits"]}, checks=["edits"])
    other = {**LOOKER, "name": "other", "params": {"temperature": 1}, "checks": ["edits"]}
    with pytest.raises(BadFile, match="'edits' asks 'looker' already"):
        load(other, slug="other", checks=["edits"])
