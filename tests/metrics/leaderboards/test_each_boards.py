"""Answers about each picture, and reasons given: shares by competitor."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from arenas.definitions.models import Arena, Question
from arenas.ledger.seal import seal
from arenas.raters.models import Rater
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import raise_flag
from arenas.votes.models import Vote, VoteCount
from metrics.leaderboards.analyse import analyse_missing, run_analysis
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.refresh import refresh_arena
from metrics.leaderboards.table import FORMATS
from tests.factories import NOW, hold, make_rater, make_world
from tests.pages import text
from tests.sets import give, make_ranked, make_second_samples

OPTIONS = [
    {"id": "welcome", "text": "Yes, welcome"},
    {"id": "unwelcome", "text": "Yes, unwelcome"},
    {"id": "no", "text": "No"},
]
REASONS = [
    {"id": "pasted", "text": "looks pasted on"},
    {"id": "misspelt", "text": "text misspelt", "category": "fancy"},
]
# What raters say of each maker's pictures.
SAID = {"ant": "no", "bee": "unwelcome", "cat": "welcome"}


def ask_each(arena: Arena) -> Question:
    """The arena's only question becomes one about each picture."""
    arena.questions.update(form="each", options=OPTIONS, text="Did it add something?")
    return arena.questions.get()


@pytest.fixture
def asked(db: None, tmp_path: Path) -> Arena:
    arena = make_world(tmp_path, voting_settings={"aa_share": 0, "reasons": REASONS})
    ask_each(arena)
    return arena


def say(arena: Arena, rater: Rater, seed: int = 0, **said: Any) -> Vote:
    """What SAID has about the makers of the pictures on show."""
    ballot = hold(arena, rater, seed=seed)[0]
    answers = tuple(SAID.get(each.competitor.name, "no") for each in ballot.shown)
    return give(arena, rater, ballot, answers=answers, **said)


def say_all(arena: Arena, number: int = 18) -> list[Vote]:
    """So many answers, nine by each rater: all that there is to see."""
    raters = [make_rater() for _ in range(0, number, 9)]
    return [say(arena, raters[n // 9], seed=n) for n in range(number)]


def build(arena: Arena, **definition: Any) -> Snapshot:
    seal_and_fold(NOW)
    return build_snapshot(find_leaderboard(arena, arena.questions.get(), **definition))


def read_shares(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    data = snapshot.analyses.get(name="shares").data
    entries = snapshot.leaderboard.arena.entries.select_related("competitor")
    names = {entry.competitor_id: entry.competitor.name for entry in entries}
    return {names[row["competitor"]]: row for row in data["rows"]}


def show(arena: Arena, client: Client, query: str = "") -> str:
    return re.sub(r"\s+", " ", text(client.get(f"/arenas/{arena.slug}/leaderboard/{query}")))


def test_every_competitor_has_a_share_of_each_answer(asked: Arena) -> None:
    say_all(asked)
    snapshot = build(asked)
    rows = read_shares(snapshot)
    assert snapshot.votes == 18
    assert {name: row["showings"] for name, row in rows.items()} == dict.fromkeys(SAID, 12)
    for name, row in rows.items():
        assert {key: each["share"] for key, each in row["shares"].items()} == {
            option["id"]: float(option["id"] == SAID[name]) for option in OPTIONS
        }
        assert row["shares"][SAID[name]]["lower"] < 0.9
    assert not snapshot.ratings.exists()


def test_a_snapshot_says_how_it_came_about(asked: Arena) -> None:
    say_all(asked, 4)
    snapshot = build(asked)
    assert snapshot.settings["cluster"] == ["prompt", "rater"]
    assert (snapshot.settings["method"], snapshot.settings["level"]) == ("shares", 0.95)
    assert snapshot.watermark == Vote.objects.latest("seq").seq


def test_flagged_answers_are_left_out(asked: Arena) -> None:
    votes = say_all(asked)
    raise_flag(votes[0], rule="manual", reason="at random", by="alice", now=NOW)
    assert build(asked).votes == 17
    assert build(asked, flagged="include").votes == 18


def test_answers_on_two_samples_of_one_competitor_count_for_nobody(asked: Arena) -> None:
    make_second_samples(asked)
    Arena.objects.update(voting_settings={"aa_share": 0.5})
    asked = Arena.objects.get()
    votes = [say(asked, make_rater(), seed=n) for n in range(20)]
    alike = sum(vote.competitor_a == vote.competitor_b for vote in votes)
    assert alike > 0
    assert build(asked).votes == 20 - alike


def test_answers_about_four_pictures_count_for_all_of_them(db: None, tmp_path: Path) -> None:
    arena = make_ranked(tmp_path)
    ask_each(arena)
    say(arena, make_rater())
    rows = read_shares(build(arena))
    assert [row["showings"] for row in rows.values()] == [1, 1, 1, 1]


def test_answers_are_on_no_board_of_pairs(asked: Arena) -> None:
    say_all(asked, 4)
    seal(NOW)
    refresh_arena(asked)
    assert not VoteCount.objects.exists()
    assert set(Leaderboard.objects.values_list("method", flat=True)) == {"shares"}


def test_a_refresh_builds_the_shares_in_batches(asked: Arena) -> None:
    Arena.objects.update(board_batch=3)
    asked = Arena.objects.get()
    rater = make_rater()
    for number, built in ((2, 0), (1, 1)):
        for _ in range(number):
            say(asked, rater)
        seal(NOW)
        assert bool(refresh_arena(asked)) == built


def test_the_page_shows_shares_with_intervals_and_no_ranks(asked: Arena, client: Client) -> None:
    say_all(asked)
    seal(NOW)
    refresh_arena(asked)
    page = show(asked, client)
    assert "Yes, unwelcome" in page
    assert re.findall(r'<th scope="row" class="name">(\w+)', page) == ["cat", "ant", "bee"]
    assert "100 %" in page
    assert ">Rank<" not in page
    snapshot = Snapshot.objects.filter(leaderboard__category="").latest("pk")
    assert "A frozen snapshot" in show(asked, client, f"?snapshot={snapshot.pk}")


def test_without_answers_the_page_invites_to_vote(asked: Arena, client: Client) -> None:
    assert "No answers yet" in show(asked, client)


def test_the_comparison_of_two_asks_only_questions_about_pairs(
    asked: Arena, client: Client
) -> None:
    asked.questions.update(key="added")
    Question.objects.create(arena=asked, key="better", text="Which is better?", position=1)
    page = text(client.get("/arenas/small/compare/ant/bee/"))
    assert "Did it add something?" not in page


def test_the_api_has_the_shares(asked: Arena, client: Client) -> None:
    say_all(asked)
    seal(NOW)
    refresh_arena(asked)
    found = json.loads(text(client.get("/api/v1/arenas/small/leaderboard")))
    assert [row["model"] for row in found["rows"]] == ["cat", "ant", "bee"]
    assert found["rows"][0]["welcome"] == 1
    names = json.loads(text(client.get("/api/v1/arenas/small/analyses")))
    assert "shares" in {each["name"] for each in names}


@pytest.mark.parametrize("form", FORMATS)
def test_the_command_prints_and_writes_shares(
    asked: Arena, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    say_all(asked, 4)
    path = tmp_path / f"board.{form}"
    call_command("leaderboard", "small", format_name=form, output=path)
    assert path.stat().st_size
    if form != "parquet":
        assert "unwelcome" in path.read_text().replace("\\", "")


def test_the_command_rates_no_answers(asked: Arena) -> None:
    with pytest.raises(CommandError, match="asks about each picture"):
        call_command("leaderboard", "small", method="elo")


def test_reasons_are_shares_of_showings_where_they_are_offered(
    asked: Arena, client: Client
) -> None:
    rater = make_rater()
    given = 0
    for n in range(9):
        ballot = hold(asked, rater, seed=n)[0]
        slots = [n for n, each in enumerate(ballot.shown) if each.competitor.name == "bee"]
        fancy = ballot.prompt.category == "fancy"
        given += bool(slots) and fancy
        say(
            asked,
            rater,
            reasons=tuple((slot, key) for slot in slots for key in ("pasted", "misspelt")),
        )
    found = run_analysis("reasons", build(asked))
    shares = {row["competitor"]: row["shares"] for row in found["rows"]}
    bee = asked.entries.get(competitor__name="bee").competitor_id
    assert {key: each["share"] for key, each in shares.pop(bee).items()} == {
        "pasted": 1, "misspelt": 1,
    }  # fmt: skip
    assert {row["shares"]["misspelt"]["votes"] for row in found["rows"]} == {given}
    assert all(each["share"] == 0 for row in shares.values() for each in row.values())
    refresh_arena(asked)
    analyse_missing()
    assert "looks pasted on" in show(asked, client)


def test_where_nobody_gave_a_reason_there_is_no_such_table(asked: Arena) -> None:
    say_all(asked, 4)
    assert run_analysis("reasons", build(asked))["rows"] == []


def test_without_reasons_there_is_no_such_table(world: Arena) -> None:
    assert run_analysis("reasons", build(world))["rows"] == []
