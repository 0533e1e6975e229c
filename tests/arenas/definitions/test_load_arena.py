from datetime import timedelta

import pytest

from arenas.competitors.models import Competitor
from arenas.definitions.load import load_arena
from arenas.definitions.models import Arena, Entry, Registration
from arenas.suites.load import load_suite
from tests.factories import NOW, count_rows, make_suite, suite_file, write_yaml

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)

ARENA = {
    "slug": "small",
    "title": "Small",
    "suite": "small",
    "questions": [{"id": "better", "text": "Which is better?"}],
    "competitors": [{"name": "ant"}, {"name": "bee"}],
}


@pytest.fixture(autouse=True)
def _suite(db, tmp_path):
    make_suite(tmp_path)


@pytest.fixture
def load(tmp_path):
    """Loads the arena's file with these keys changed."""

    def change_and_load(now=NOW, **changed):
        return load_arena(write_yaml(tmp_path / "arena.yaml", {**ARENA, **changed}), now=now)

    return change_and_load


def test_an_arena_is_made_with_its_competitors_and_questions(load):
    loaded = load()
    arena = Arena.objects.get()
    assert (loaded.is_new, loaded.arena, arena.revision) == (True, arena, 1)
    assert [competitor.name for competitor in arena.competitors()] == ["ant", "bee"]
    assert [question.text for question in arena.questions.all()] == ["Which is better?"]
    assert arena.prompts().count() == 3


def test_the_buttons_order_is_the_sites_own(load):
    arena = load(outcomes=["model_b", "tie", "model_a"]).arena
    assert arena.outcomes == ["model_a", "tie", "model_b"]


def test_the_same_file_changes_nothing(load):
    load()
    before = count_rows()
    again = load(now=LATER)
    assert (again.is_new, again.changed, again.arena.revision) == (False, False, 1)
    assert count_rows() == before


def test_a_change_is_a_revision_of_the_same_arena(load):
    first = load().arena
    changed = load(title="Smaller")
    assert (changed.changed, changed.arena.pk, changed.arena.revision) == (True, first.pk, 2)
    assert Arena.objects.get().title == "Smaller"


def test_a_reworded_question_is_another_and_the_old_one_is_retired(load):
    arena = load().arena
    old = arena.questions.get()
    load(now=LATER, questions=[{"id": "better", "text": "Which do you prefer?"}])
    old.refresh_from_db()
    assert old.retired_at == LATER
    assert arena.questions.get(retired_at=None).text == "Which do you prefer?"


def test_an_old_wording_comes_back_as_the_question_that_it_was(load):
    arena = load().arena
    old = arena.questions.get()
    load(questions=[{"id": "better", "text": "Which do you prefer?"}])
    load()
    assert arena.questions.get(retired_at=None) == old


def test_a_question_may_change_its_category_and_stay_the_same(load):
    question = load().arena.questions.get()
    load(questions=[{"id": "better", "text": "Which is better?", "category": "plain"}])
    question.refresh_from_db()
    assert (question.category, question.retired_at) == ("plain", None)


def test_who_is_no_longer_named_is_withdrawn_and_the_ledger_says_so(load):
    arena = load().arena
    load(now=LATER, competitors=[{"name": "ant"}, {"name": "cat"}])
    assert [competitor.name for competitor in arena.competitors()] == ["ant", "cat"]
    assert Entry.objects.get(competitor__name="bee").withdrawn_at == LATER
    lines = Registration.objects.order_by("pk").values_list("competitor__name", "kind")
    assert list(lines) == [
        ("ant", "joined"),
        ("bee", "joined"),
        ("cat", "joined"),
        ("bee", "withdrawn"),
    ]


def test_who_is_named_again_takes_part_again(load):
    arena = load().arena
    load(competitors=[{"name": "ant"}])
    load(now=LATER)
    assert [competitor.name for competitor in arena.competitors()] == ["ant", "bee"]
    assert Registration.objects.filter(competitor__name="bee").count() == 3


def test_price_and_samples_may_change(load):
    load(competitors=[{"name": "ant"}, {"name": "bee", "samples": 2, "price": {"image": 0.04}}])
    load(competitors=[{"name": "ant"}, {"name": "bee", "samples": 3, "price": {"image": 0.02}}])
    bee = Competitor.objects.get(name="bee")
    assert (bee.samples, bee.price) == (3, {"image": 0.02})


def test_two_arenas_share_a_competitor_of_the_same_setting(load):
    load(competitors=[{"name": "ant", "model": "ant-1", "params": {"steps": 8, "scale": 1.0}}])
    load(
        slug="other",
        competitors=[{"name": "ant", "model": "ant-1", "params": {"scale": 1.0, "steps": 8}}],
    )
    assert Competitor.objects.get().entries.count() == 2


def test_an_arena_may_pin_an_older_version_of_a_suite(load, tmp_path):
    make_suite(tmp_path, prompts=1)
    assert load(suite="small@1").arena.prompts().count() == 3
    assert load(suite="small").arena.prompts().count() == 1


def test_tags_narrow_the_prompts(load, tmp_path):
    tagged = [{"id": f"p{n}", "text": f"Draw {n}.", "tags": ["quick"] * (n % 2)} for n in range(4)]
    load_suite(suite_file(tmp_path, tagged, name="tagged"))
    prompts = load(suite="tagged", tags=["quick"]).arena.prompts()
    assert [prompt.key for prompt in prompts] == ["p1", "p3"]


def test_a_question_may_name_the_checks_that_are_held_against_it(load):
    asked = {"id": "person", "text": "Which keeps the character better?", "checks": ["identity"]}
    assert load(questions=[asked]).arena.questions.get().checks == ["identity"]
