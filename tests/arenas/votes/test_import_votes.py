# mypy: disable-error-code="union-attr"
import json
from io import StringIO

import polars as pl
import pytest
from django.core.management import CommandError, call_command

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Registration
from arenas.raters.models import Rater
from arenas.votes.models import Import, Vote
from tests.factories import NOW, add_votes, count_rows, make_arena, make_suite

pytestmark = pytest.mark.django_db

ROWS = [
    {"model_a": "ant", "model_b": "bee", "winner": "model_a", "prompt": "prompt-0", "rater": "al"},
    {"model_a": "bee", "model_b": "cat", "winner": "tie", "prompt": "prompt-1", "rater": "bo"},
    {"model_a": "cat", "model_b": "ant", "winner": "both_bad", "prompt": "prompt-0", "rater": "al"},
]


@pytest.fixture
def arena(tmp_path):
    return make_arena(make_suite(tmp_path))


def write(folder, rows, suffix=".csv"):
    path = folder / f"votes{suffix}"
    if suffix == ".csv":
        pl.DataFrame(rows).write_csv(path)
    elif suffix == ".parquet":
        pl.DataFrame(rows).write_parquet(path)
    elif suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def load(slug, path, **options):
    said = StringIO()
    call_command("import_votes", slug, str(path), stdout=said, **options)
    return said.getvalue().strip()


def assert_refused(slug, path, words, **options):
    before = count_rows()
    with pytest.raises(CommandError) as caught:
        load(slug, path, **options)
    assert words in str(caught.value)
    assert count_rows() == before


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".parquet"])
def test_every_format_gives_the_same_votes(arena, tmp_path, suffix):
    assert load("small", write(tmp_path, ROWS, suffix)) == "3 votes imported into small"
    columns = "competitor_a__name", "competitor_b__name", "winner", "prompt__key", "rater__name"
    votes = Vote.objects.order_by("pk").values_list(*columns)
    assert list(votes) == [tuple(row.values()) for row in ROWS]


def test_imported_votes_say_where_they_come_from(arena, tmp_path):
    load("small", write(tmp_path, ROWS))
    record = Import.objects.get()
    assert (record.filename, record.rows) == ("votes.csv", 3)
    where = {"source": "import", "rater_kind": "external", "imported": record, "ballot": None}
    assert Vote.objects.filter(**where).count() == 3


def test_a_rater_of_several_votes_is_one_rater(arena, tmp_path):
    load("small", write(tmp_path, ROWS))
    assert sorted(Rater.objects.values_list("name", flat=True)) == ["al", "bo"]


def test_votes_need_neither_prompt_nor_rater(arena, tmp_path):
    load("small", write(tmp_path, [{**ROWS[0], "prompt": None, "rater": ""}]))
    vote = Vote.objects.get()
    assert (vote.prompt, vote.rater) == (None, None)


def test_the_time_of_a_vote_is_kept(arena, tmp_path):
    load("small", write(tmp_path, [{**ROWS[0], "tstamp": 1_700_000_000.5}]))
    assert Vote.objects.get().created_at.isoformat() == "2023-11-14T22:13:20.500000+00:00"


def test_a_missing_arena_is_made_where_asked_for(db, tmp_path):
    load("fresh", write(tmp_path, ROWS), create=True)
    arena = Arena.objects.get()
    assert [competitor.name for competitor in arena.competitors()] == ["ant", "bee", "cat"]
    assert all(competitor.is_external for competitor in Competitor.objects.all())
    assert Registration.objects.count() == 3


def test_a_missing_model_prompt_and_question_are_made_where_asked_for(arena, tmp_path):
    rows = [{**ROWS[0], "model_b": "owl", "prompt": "a new one", "question": "prettier"}]
    load("small", write(tmp_path, rows), create=True)
    vote = Vote.objects.get()
    assert vote.competitor_b.name == "owl"
    assert (vote.prompt.key, vote.prompt.turns) == ("a new one", ["a new one"])
    assert (vote.question.key, vote.question.arena) == ("prettier", arena)


def test_what_was_made_for_one_file_serves_the_next(db, tmp_path):
    rows = [{**row, "question": "prettier"} for row in ROWS]
    load("fresh", write(tmp_path, rows), create=True)
    load("fresh", write(tmp_path, rows[:2], ".jsonl"), create=True)
    assert Vote.objects.values("prompt", "question").distinct().count() == 2


def test_the_same_file_adds_nothing(arena, tmp_path):
    path = write(tmp_path, ROWS)
    load("small", path)
    before = count_rows()
    assert load("small", path) == "votes.csv was imported before: nothing added"
    assert count_rows() == before


def test_the_same_file_under_another_name_adds_nothing(arena, tmp_path):
    load("small", write(tmp_path, ROWS))
    (tmp_path / "votes.csv").rename(tmp_path / "copy.csv")
    assert "imported before" in load("small", tmp_path / "copy.csv")


def test_equal_votes_in_one_file_are_votes_of_their_own(arena, tmp_path):
    load("small", write(tmp_path, [ROWS[0]] * 4))
    assert Vote.objects.count() == 4


def test_rows_can_be_filtered_by_several_columns(arena, tmp_path):
    where = ["rater=al", "winner=model_a"]
    assert load("small", write(tmp_path, ROWS), where=where).startswith("1 votes imported")
    assert Vote.objects.get().winner == "model_a"


def test_another_filter_is_another_import(arena, tmp_path):
    path = write(tmp_path, ROWS)
    load("small", path, where=["rater=al"])
    load("small", path, where=["rater=bo"])
    assert Vote.objects.count() == 3


def test_a_vote_that_was_exported_from_this_arena_is_here_already(arena, tmp_path):
    votes = add_votes(arena, [("ant", "bee", "tie"), ("bee", "cat", "model_a")])
    digests = ["", "unknown", "0" * 64, *(bytes(vote.digest).hex() for vote in reversed(votes))]
    rows = [{**ROWS[0], "rater_kind": "external", "digest": digest} for digest in digests]
    assert_refused("small", write(tmp_path, rows), "row 5: this vote is here already")
    assert load("other", write(tmp_path, rows), create=True).startswith("5 votes imported")


@pytest.mark.parametrize("kind", ["simulated", "judge", "robot"])
def test_votes_that_are_not_people_s_are_refused_unless_filtered_out(arena, tmp_path, kind):
    kinds = ["person", "external", None, kind]
    path = write(tmp_path, [{**ROWS[0], "rater_kind": name} for name in kinds])
    assert_refused("small", path, f"row 5: rater_kind '{kind}'")
    assert_refused("small", path, "(--where rater_kind=person)")
    assert load("small", path, where=["rater_kind=person"]).startswith("1 votes imported")


@pytest.mark.parametrize("create", [True, False])
def test_votes_do_not_undo_a_withdrawal(arena, tmp_path, create):
    arena.entries.filter(competitor__name="cat").update(withdrawn_at=NOW)
    words = "row 3: 'cat' was withdrawn from arena 'small'"
    assert_refused("small", write(tmp_path, ROWS), words, create=create)


FAULTS = {
    "winner": ({"winner": "left"}, "row 4: unknown winner 'left' (known: model_a"),
    "self-battle": ({"model_b": "cat"}, "row 4: 'cat' against itself"),
    "model": ({"model_b": "owl"}, "row 4: 'owl' is no competitor of arena 'small' (--create"),
    "prompt": ({"prompt": "what"}, "row 4: arena 'small' asks no prompt 'what' (--create"),
    "time": ({"tstamp": "noon"}, "row 4: 'noon' is not a time"),
    "empty model": ({"model_a": ""}, "row 4: model_a is empty"),
    "long model": ({"model_a": "x" * 151}, "row 4: model_a 'xxx"),
    "long rater": ({"rater": "x" * 201}, "row 4: rater 'xxx"),
    "zero byte": ({"rater": "a\0b"}, "row 4: rater 'a\\x00b': a name has at most"),
}


@pytest.mark.parametrize(("changed", "words"), FAULTS.values(), ids=FAULTS)
def test_a_fault_names_the_row_and_imports_nothing(arena, tmp_path, changed, words):
    rows = [{"tstamp": "2026-01-01T12:00:00Z", **row} for row in ROWS]
    rows[2].update(changed)
    assert_refused("small", write(tmp_path, rows), words)


@pytest.mark.parametrize("name", ["winner", "self-battle", "time", "long model", "zero byte"])
def test_creating_what_is_missing_forgives_no_fault(db, tmp_path, name):
    changed, words = FAULTS[name]
    rows = [{"tstamp": "2026-01-01T12:00:00Z", **row} for row in ROWS]
    rows[2].update(changed)
    assert_refused("fresh", write(tmp_path, rows), words, create=True)


@pytest.mark.parametrize(("suffix", "row"), [(".csv", 4), (".jsonl", 3), (".json", 3)])
def test_rows_are_counted_as_a_person_does(arena, tmp_path, suffix, row):
    path = write(tmp_path, [*ROWS[:2], {**ROWS[2], "winner": "left"}], suffix)
    assert_refused("small", path, f"votes{suffix}: row {row}: unknown winner")


def test_an_unknown_question_is_named_by_its_row(arena, tmp_path):
    rows = [{**ROWS[0], "question": "better"}, {**ROWS[1], "question": "taller"}]
    assert_refused("small", write(tmp_path, rows), "row 3: arena 'small' asks no question 'taller'")


def test_an_unknown_arena_is_refused(db, tmp_path):
    assert_refused("fresh", write(tmp_path, ROWS), "there is no arena 'fresh' (--create makes one)")


@pytest.mark.parametrize("slug", ["Not a slug", "a/b", "", "-", "x" * 81])
def test_no_arena_is_made_that_no_address_can_name(db, tmp_path, slug):
    assert_refused(slug, write(tmp_path, ROWS), "cannot be an arena's slug", create=True)


def test_a_fault_in_the_last_of_many_rows_leaves_nothing_behind(db, tmp_path):
    rows = [*ROWS * 2000, {**ROWS[0], "winner": ""}]
    assert_refused("fresh", write(tmp_path, rows), "row 6002: winner is empty", create=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("model_a,model_b\nant,bee\n", "no column 'winner'"),
        ("model_a,model_b,winner\n", "no votes in"),
        ("", "no votes in"),
    ],
)
def test_a_file_without_votes_is_refused(arena, tmp_path, content, words):
    path = tmp_path / "votes.csv"
    path.write_text(content)
    assert_refused("small", path, words)


@pytest.mark.parametrize("name", ["nothing.csv", "votes.xlsx"])
def test_a_file_that_cannot_be_read_is_refused(arena, tmp_path, name):
    assert_refused("small", tmp_path / name, name)


def test_a_filter_by_no_column_is_refused(arena, tmp_path):
    path = write(tmp_path, ROWS)
    assert_refused("small", path, "cannot filter by 'colour=red'", where=["colour=red"])
