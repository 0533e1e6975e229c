from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from arenas.definitions.models import Arena
from arenas.exports.tables import export_votes
from arenas.exports.write import write_table
from arenas.ledger.append import append
from arenas.ledger.models import Block
from arenas.raters.models import RaterKind
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.store import RULE
from metrics.reading.files import read_comparisons
from metrics.stats.rate import rate
from tests import factories
from tests.factories import NOW, add_votes, cast_votes, make_rater

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]


@pytest.fixture
def arena(db: None) -> Arena:
    """An arena of ant, bee and cat for votes without pictures."""
    return factories.make_arena(None)


def board_of(arena: Arena, **definition: Any) -> Leaderboard:
    return find_leaderboard(arena, arena.questions.get(retired_at=None), **definition)


def build(arena: Arena, **definition: Any) -> Snapshot:
    """A snapshot of all votes cast so far."""
    seal_and_fold(NOW)
    return build_snapshot(board_of(arena, **definition))


def ratings(snapshot: Snapshot) -> dict[str, float]:
    return {row.competitor.name: row.rating for row in snapshot.ratings.all()}


def names(snapshot: Snapshot) -> Sequence[str]:
    return [row.competitor.name for row in snapshot.ratings.all()]


def test_a_snapshot_orders_competitors_best_first(arena: Arena) -> None:
    add_votes(arena, BEATS * 10)
    assert names(build(arena)) == ["ant", "bee", "cat"]


def test_a_snapshot_says_how_it_was_made(arena: Arena) -> None:
    add_votes(arena, BEATS)
    snapshot = build(arena)
    snapshot.refresh_from_db()
    assert snapshot.settings["method"] == "bradley_terry"
    assert snapshot.settings["ci"] == "sandwich"
    assert snapshot.settings["cluster"] == ["rater"]
    assert (snapshot.settings["tie"], snapshot.settings["level"]) == ("half", 0.95)
    assert snapshot.code_version == settings.VERSION


def test_the_watermark_is_the_last_number_of_the_ledger(arena: Arena) -> None:
    add_votes(arena, BEATS)
    snapshot = build(arena)
    last = Block.objects.last()
    assert last is not None
    assert snapshot.watermark == last.last_seq == 6
    assert snapshot.votes == 3


def test_votes_without_a_number_are_in_the_next_snapshot(arena: Arena) -> None:
    add_votes(arena, BEATS)
    seal_and_fold(NOW)
    add_votes(arena, BEATS)
    assert build_snapshot(board_of(arena)).votes == 3
    assert build(arena).votes == 6


def test_a_frozen_snapshot_stays_as_it_is(arena: Arena) -> None:
    add_votes(arena, BEATS)
    first = build(arena)
    before = list(first.ratings.values())
    add_votes(arena, [("cat", "ant", "model_a")] * 30)
    build(arena)
    assert list(first.ratings.values()) == before


@pytest.mark.parametrize("format_name", ["csv", "jsonl", "parquet"])
def test_an_export_gives_the_same_numbers(world: Arena, tmp_path: Path, format_name: str) -> None:
    for number in range(8):
        cast_votes(world, make_rater(), ["model_a", "tie", "model_b", "both_bad", "model_a"])
        cast_votes(world, make_rater(), ["model_b"] * 4, seed=number)
    snapshot = build(world)
    path = tmp_path / f"votes.{format_name}"
    write_table(export_votes(world), path, format_name)
    again = rate(read_comparisons(path), method=snapshot.settings["method"], rule=RULE)
    assert [row.model for row in again.rows] == names(snapshot)
    for row, frozen in zip(again.rows, snapshot.ratings.all(), strict=True):
        assert row.rating == pytest.approx(frozen.rating, abs=1e-6)
        assert row.rating_lower == pytest.approx(frozen.rating_lower, abs=1e-6)
        assert row.rating_upper == pytest.approx(frozen.rating_upper, abs=1e-6)
        assert (row.rank, row.no_rank) == (frozen.rank, frozen.no_rank)


def test_a_category_board_counts_the_votes_on_its_prompts(world: Arena) -> None:
    fancy = world.prompts().filter(category="fancy")[0]
    plain = world.prompts().filter(category="plain")[0]
    add_votes(world, BEATS * 4, prompt=fancy)
    add_votes(world, [("cat", "ant", "model_a")] * 5, prompt=plain)
    assert build(world, category="fancy").votes == 12
    assert build(world, category="plain").votes == 5
    assert build(world).votes == 17


def test_a_board_counts_people_unless_it_says_otherwise(arena: Arena) -> None:
    add_votes(arena, BEATS)
    add_votes(arena, BEATS, kind=RaterKind.PERSON)
    add_votes(arena, BEATS * 2, kind=RaterKind.SIMULATED)
    add_votes(arena, BEATS * 4, kind=RaterKind.JUDGE)
    assert build(arena).votes == 6
    assert build(arena, rater_kinds=["simulated"]).votes == 6
    assert build(arena, rater_kinds=["judge", "person"]).votes == 15


def test_a_revision_takes_the_place_of_its_vote(arena: Arena) -> None:
    vote = add_votes(arena, [("ant", "bee", "model_a")])[0]
    first = build(arena)
    revision = Vote.objects.get(pk=vote.pk)
    revision.pk, revision.seq, revision.revision, revision.revises = None, None, 1, vote
    revision.winner = "model_b"
    append(revision)
    assert build_snapshot(board_of(arena)).ratings.get(wins=1).competitor.name == "ant"
    assert build(arena).ratings.get(wins=1).competitor.name == "bee"
    assert first.ratings.get(wins=1).competitor.name == "ant"


def test_votes_on_prompts_that_left_the_suite_are_not_counted(world: Arena) -> None:
    cast_votes(world, make_rater(), ["tie"] * 9)
    assert world.suite_version is not None
    world.suite_version.entries.filter(position=0).delete()
    assert build(world).votes == 6


def test_two_samples_of_one_competitor_rate_nobody(world: Arena) -> None:
    ballot = factories.hold(world, make_rater())[0]
    vote = factories.answer(world, ballot.rater, ballot)
    Vote.objects.filter(pk=vote.pk).update(competitor_b=vote.competitor_a)
    assert build(world).votes == 0


def test_both_bad_is_counted_apart_and_rated_as_a_tie(arena: Arena) -> None:
    add_votes(arena, [("ant", "bee", "both_bad")] * 4 + BEATS * 4)
    snapshot = build(arena)
    ant = snapshot.ratings.get(competitor__name="ant")
    assert (ant.votes, ant.wins, ant.ties, ant.both_bad) == (12, 8, 0, 4)
    Vote.objects.filter(winner="both_bad").update(winner="tie")
    assert ratings(build(arena)) == pytest.approx(ratings(snapshot))


def test_too_few_votes_give_a_reason_and_no_rank(arena: Arena) -> None:
    add_votes(arena, BEATS)
    row = build(arena).ratings.first()
    assert row is not None
    assert (row.rank, row.no_rank) == (None, "fewer than 10 votes")


def test_enough_votes_give_ranks(arena: Arena) -> None:
    upsets = [(a, b, "model_b" if won == "model_a" else "model_a") for a, b, won in BEATS]
    add_votes(arena, BEATS * 70 + upsets * 30)
    assert [row.rank for row in build(arena).ratings.all()] == [1, 2, 3]


def test_sets_that_no_vote_connects_are_rated_apart(db: None) -> None:
    arena = factories.make_arena(None, names=["ant", "bee", "cat", "dog"])
    add_votes(arena, [("ant", "bee", "model_a")] * 3 + [("cat", "dog", "tie")] * 2)
    snapshot = build(arena)
    assert {row.competitor.name: row.component for row in snapshot.ratings.all()} == {
        "ant": 0,
        "bee": 0,
        "cat": 1,
        "dog": 1,
    }


def test_no_votes_make_an_empty_snapshot(arena: Arena) -> None:
    snapshot = build(arena)
    assert (snapshot.votes, snapshot.ratings.count()) == (0, 0)


@pytest.mark.parametrize("method", ["davidson", "elo"])
def test_other_methods_have_boards_of_their_own(arena: Arena, method: str) -> None:
    add_votes(arena, [*BEATS * 10, ("ant", "bee", "tie"), ("bee", "ant", "tie")])
    snapshot = build(arena, method=method)
    assert snapshot.settings["method"] == method
    assert names(snapshot) == ["ant", "bee", "cat"]


def test_a_definition_is_one_row(arena: Arena) -> None:
    assert board_of(arena) == board_of(arena, rater_kinds=["person", "external"])
    assert board_of(arena) != board_of(arena, category="fancy")


def test_win_rates_are_frozen_with_the_ratings(arena: Arena) -> None:
    add_votes(arena, [("ant", "bee", "model_a")] * 3 + [("bee", "ant", "model_a")])
    snapshot = build(arena)
    order = snapshot.win_rates["competitors"]
    by_name = {c.name: order.index(c.pk) for c in arena.competitors()}
    rate_of = snapshot.win_rates["rate"]
    assert rate_of[by_name["ant"]][by_name["bee"]] == 0.75
    assert rate_of[by_name["ant"]][by_name["cat"]] is None
