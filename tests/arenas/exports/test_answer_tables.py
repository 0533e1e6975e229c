"""What the exports say of orders, of answers about each picture, and of all beside the winner."""

import json
from pathlib import Path

import pytest
from django.test import Client

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.exports.preferences import export_preferences
from arenas.exports.tables import export_votes
from arenas.exports.write import write_table
from arenas.votes.models import Vote
from metrics.reading.files import read_comparisons
from tests.factories import add_votes, answer, hold, make_rater, make_world
from tests.pages import text
from tests.sets import give, make_ranked, make_second_samples

OPTIONS = [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}]
REASONS = [{"id": "pasted", "text": "looks pasted on"}]


@pytest.fixture
def ranked(db: None, tmp_path: Path) -> Arena:
    return make_ranked(tmp_path, reasons=REASONS, comments=True)


@pytest.fixture
def order(ranked: Arena) -> Vote:
    """One order: the second picture first, then two alike, then the last."""
    rater = make_rater()
    ballot = hold(ranked, rater)[0]
    said = {"reasons": ((3, "pasted"),), "comment": "The last one floats."}
    return give(ranked, rater, ballot, ranking=(2, 1, 2, 3), **said)


def names_on(ballot: Ballot | None) -> list[str]:
    assert ballot is not None
    return [each.competitor.name for each in ballot.shown]


def test_an_order_names_all_that_were_shown(ranked: Arena, order: Vote) -> None:
    row = export_votes(ranked).row(0, named=True)
    names = names_on(order.ballot)
    assert (json.loads(row["models"]), json.loads(row["ranking"])) == (names, [2, 1, 2, 3])
    assert [row["model_a"], row["model_b"]] == names[:2]
    assert (row["winner"], row["answers"], row["board"]) == ("", None, "orders")
    assert (row["kind"], row["revision"]) == ("normal", 0)


def test_reasons_and_comments_are_exported(ranked: Arena, order: Vote) -> None:
    row = export_votes(ranked).row(0, named=True)
    assert json.loads(row["reasons"]) == [[3, "pasted"]]
    assert (row["comment"], row["spots"]) == ("The last one floats.", None)


def test_an_order_prefers_whom_it_puts_above_others(ranked: Arena, order: Vote) -> None:
    names = names_on(order.ballot)
    rows = export_preferences(ranked)
    assert set(zip(rows["chosen"], rows["rejected"], strict=True)) == {
        (names[1], names[0]), (names[1], names[2]), (names[1], names[3]),
        (names[0], names[3]), (names[2], names[3]),
    }  # fmt: skip
    assert set(rows["source_form"]) == {"ranking"}
    assert len(rows) == 5
    assert all(rows["chosen_paths"])


def test_answers_about_each_picture_are_exported_by_slot(db: None, tmp_path: Path) -> None:
    arena = make_world(tmp_path)
    arena.questions.update(form="each", options=OPTIONS)
    rater = make_rater()
    ballot = hold(arena, rater)[0]
    give(arena, rater, ballot, answers=("yes", "no"))
    row = export_votes(arena).row(0, named=True)
    assert json.loads(row["answers"]) == ["yes", "no"]
    assert json.loads(row["models"]) == names_on(ballot)
    assert row["board"] == "each"
    assert export_preferences(arena).is_empty()


def test_the_strength_of_a_preference_is_exported(world: Arena) -> None:
    world.questions.update(strength=True)
    rater = make_rater()
    give(world, rater, hold(world, rater)[0], winner="model_a", strength=2)
    assert export_votes(world).row(0, named=True)["strength"] == 2


def test_a_vote_on_two_samples_of_one_competitor_is_on_no_board(db: None, tmp_path: Path) -> None:
    arena = make_world(tmp_path, voting_settings={"aa_share": 0.5})
    make_second_samples(arena)
    for n in range(8):
        rater = make_rater()
        answer(arena, rater, hold(arena, rater, seed=n)[0])
    rows = export_votes(arena)
    assert set(zip(rows["arm"], rows["board"], strict=True)) == {("aa", ""), ("random", "pairs")}
    path = tmp_path / "votes.csv"
    write_table(rows, path, "csv")
    counted = read_comparisons(path, where=["board=pairs"])
    assert counted.votes == (rows["board"] == "pairs").sum()


def test_only_normal_ballots_prefer_anything(world: Arena) -> None:
    rater = make_rater()
    for _ in range(2):
        answer(world, rater, hold(world, rater)[0])
    Ballot.objects.filter(pk=Ballot.objects.earliest("pk").pk).update(kind="repeat")
    assert len(export_preferences(world)) == 1
    assert sorted(export_votes(world)["board"]) == ["", "pairs"]


def test_the_staff_s_page_shows_orders_with_all_pictures(
    ranked: Arena, order: Vote, staff_client: Client
) -> None:
    names = names_on(order.ballot)
    page = text(staff_client.get("/workbench/arenas/small/votes/"))
    assert page.count('width="72"') == 4
    assert f"<b>{names[1]}</b>" in page
    assert "3 · pasted" in page
    assert "The last one floats." in page
    for name, found in ((names[3], 1), ("nobody", 0)):
        page = text(staff_client.get(f"/workbench/arenas/small/votes/?first={name}"))
        assert page.count("<tbody>") == found


def test_the_staff_s_page_shows_imported_votes(world: Arena, staff_client: Client) -> None:
    add_votes(world, [("ant", "bee", "model_b")])
    page = text(staff_client.get("/workbench/arenas/small/votes/"))
    assert "<b>bee</b>" in page
    assert "ant" in page
