"""Boards of very many votes come from the counts first, and are completed in the background."""

from typing import Any

import pytest
from django.test import Client

from arenas.definitions.models import Arena
from arenas.raters.models import Rater
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import lift_flag, raise_flag
from metrics.leaderboards import build
from metrics.leaderboards.board import find_shown
from metrics.leaderboards.build import build_snapshot, find_leaderboard, rate_board
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.read import count_votes, read_counts, read_votes_of
from metrics.leaderboards.refresh import complete_boards, refresh_arena
from tests.factories import NOW, cast_votes, make_rater

POINTS = ("band_lower", "rating_lower", "rating", "rating_upper", "band_upper")
RANKS = ("band_rank_lower", "rank_lower", "rank_upper", "band_rank_upper")
WINNERS = ["model_a", "tie", "model_b", "both_bad", "model_a", "model_a"]


@pytest.fixture
def arena(world: Arena) -> Arena:
    """An arena with 48 votes by eight raters on three prompts."""
    for number in range(8):
        cast_votes(world, make_rater(), WINNERS, seed=number)
    seal_and_fold(NOW)
    return world


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten votes are very many."""
    monkeypatch.setattr(build, "AT_ONCE", 10)


def board_of(arena: Arena, **definition: Any) -> Leaderboard:
    return find_leaderboard(arena, arena.questions.get(), **definition)


def shown(board: Leaderboard) -> Snapshot | None:
    return find_shown(Leaderboard.objects.filter(pk=board.pk))


def flag_rater(arena: Arena) -> Any:
    rater = Rater.objects.earliest("pk")
    return raise_flag(rater, rule="manual", reason="", by="alice", now=NOW)


def test_few_votes_make_a_complete_snapshot_at_once(arena: Arena) -> None:
    settings = build_snapshot(board_of(arena)).settings
    assert settings["complete"]
    assert list(settings["cluster"]) == ["prompt", "rater"]


def test_many_votes_make_one_from_counts_that_says_so(arena: Arena, many: None) -> None:
    settings = build_snapshot(board_of(arena)).settings
    assert not settings["complete"]
    assert list(settings["cluster"]) == ["prompt"]


def test_counts_and_votes_give_the_same_ratings(arena: Arena) -> None:
    board = board_of(arena)
    whole = build_snapshot(board)
    for by_prompt in (True, False):
        rows = rate_board(board, read_counts(board, by_prompt=by_prompt)).rows
        for row, stored in zip(rows, whole.ratings.all(), strict=True):
            assert int(row.model) == stored.competitor_id
            assert row.rating == pytest.approx(stored.rating, abs=1e-9)
            assert row.votes == stored.votes


def test_a_board_on_fixed_prompts_is_clustered_by_none_in_its_counts(
    arena: Arena, many: None
) -> None:
    settings = build_snapshot(board_of(arena, prompts="fixed")).settings
    assert (settings["prompts"], list(settings["cluster"])) == ("fixed", [])
    assert "these very prompts" in settings["estimand"]


def test_the_background_completes_it_at_the_same_watermark(arena: Arena, many: None) -> None:
    quick = build_snapshot(board_of(arena))
    assert complete_boards() == 1
    whole = shown(quick.leaderboard)
    assert whole is not None
    assert whole.pk != quick.pk
    assert (whole.watermark, whole.settings["complete"]) == (quick.watermark, True)


def test_what_is_complete_is_not_completed_again(arena: Arena, many: None) -> None:
    build_snapshot(board_of(arena))
    assert (complete_boards(), complete_boards()) == (1, 0)


def test_the_board_shows_its_complete_snapshot_until_the_next_is(arena: Arena, many: None) -> None:
    board = board_of(arena)
    first = build_snapshot(board)
    assert shown(board) == first
    complete_boards()
    before = shown(board)
    cast_votes(arena, make_rater(), WINNERS)
    later = build_snapshot(board)
    assert shown(board) == before
    complete_boards()
    after = shown(board)
    assert after is not None
    assert after.watermark == later.watermark


def test_a_refresh_waits_for_the_completion(arena: Arena, many: None) -> None:
    refresh_arena(arena)
    cast_votes(arena, make_rater(), WINNERS)
    seal_and_fold(NOW)
    assert refresh_arena(arena) == 0
    complete_boards()
    assert refresh_arena(arena) > 0


def test_flagged_votes_are_left_out_unless_a_board_includes_them(arena: Arena) -> None:
    flag_rater(arena)
    seal_and_fold(NOW)
    assert build_snapshot(board_of(arena)).votes == 42
    everything = build_snapshot(board_of(arena, flagged="include"))
    assert (everything.votes, everything.settings["flagged"]) == (48, "include")


def test_a_flag_changes_the_board_without_a_batch_and_its_lift_too(arena: Arena) -> None:
    arena.board_batch = 10
    arena.save()
    refresh_arena(arena)
    raised = flag_rater(arena)
    seal_and_fold(NOW)
    assert refresh_arena(arena) == 3 + 3  # without the flagged votes, and with them
    lift_flag(raised, reason="", by="bob", now=NOW)
    seal_and_fold(NOW)
    assert refresh_arena(arena) == 3
    assert refresh_arena(arena) == 0
    snapshots = board_of(arena).snapshots.values_list("votes", flat=True)
    assert list(snapshots) == [48, 42, 48]


def test_an_older_snapshot_still_finds_its_votes(arena: Arena) -> None:
    snapshot = build_snapshot(board_of(arena))
    flag_rater(arena)
    cast_votes(arena, make_rater(), WINNERS)
    seal_and_fold(NOW)
    votes = read_votes_of(snapshot, "seq", "vote", "random")
    assert (len(votes), votes["seq"].is_sorted()) == (48, True)
    assert set(votes["random"]) == {1}
    assert count_votes(snapshot.leaderboard) == 48


def test_bands_and_groups_are_frozen_and_contain_the_intervals(arena: Arena) -> None:
    ratings = list(build_snapshot(board_of(arena)).ratings.all())
    assert len(ratings) == 3
    for rating in ratings:
        points = [getattr(rating, name) for name in POINTS]
        ranks = [getattr(rating, name) for name in RANKS]
        assert (points, ranks) == (sorted(points), sorted(ranks))
        assert rating.groups


def test_gaps_are_kept_with_the_snapshot(arena: Arena) -> None:
    snapshot = build_snapshot(board_of(arena))
    data = snapshot.analyses.get(name="gaps").data
    best, worst = snapshot.ratings.first(), snapshot.ratings.last()
    i, j = (data["competitors"].index(rating.competitor_id) for rating in (best, worst))
    assert data["points"][i][j] == pytest.approx(best.rating - worst.rating, abs=1e-3)
    assert data["band_lower"][i][j] <= data["lower"][i][j] <= data["points"][i][j]


def test_the_api_shows_what_the_page_shows(arena: Arena, many: None, staff_client: Client) -> None:
    board = board_of(arena)
    build_snapshot(board)
    complete_boards()
    cast_votes(arena, make_rater(), WINNERS)
    build_snapshot(board)
    found = staff_client.get(f"/api/v1/arenas/{arena.slug}/leaderboard").json()
    assert (found["votes"], found["settings"]["complete"]) == (48, True)
    assert {"band_lower", "band_upper", "groups"} <= set(found["rows"][0])
