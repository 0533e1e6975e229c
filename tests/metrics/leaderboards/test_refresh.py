import pytest

from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.models import RaterKind
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.refresh import board_categories, board_kinds, refresh_arena
from metrics.tasks import refresh_leaderboards
from tests import factories
from tests.factories import NOW, add_votes

VOTES = [("ant", "bee", "model_a"), ("bee", "cat", "model_a")]


@pytest.fixture
def batched(db: None) -> Arena:
    """An arena whose public board changes every ten votes."""
    return factories.make_arena(None, board_batch=10)


def cast_and_refresh(arena: Arena, number: int, kind: str = RaterKind.EXTERNAL) -> int:
    add_votes(arena, (VOTES * number)[:number], kind=kind)
    seal(NOW)
    return refresh_arena(arena)


def test_fewer_votes_than_a_batch_change_nothing(batched: Arena) -> None:
    assert cast_and_refresh(batched, 9) == 0
    assert not Snapshot.objects.exists()


def test_a_whole_batch_changes_the_board(batched: Arena) -> None:
    assert cast_and_refresh(batched, 10) == 1
    assert cast_and_refresh(batched, 9) == 0
    assert cast_and_refresh(batched, 1) == 1
    assert [snapshot.votes for snapshot in Snapshot.objects.all()] == [20, 10]


def test_votes_without_a_number_wait(batched: Arena) -> None:
    add_votes(batched, VOTES * 5)
    assert refresh_arena(batched) == 0


def test_refreshing_again_builds_nothing(batched: Arena) -> None:
    cast_and_refresh(batched, 10)
    assert refresh_arena(batched) == 0


def test_force_builds_without_a_batch(batched: Arena) -> None:
    cast_and_refresh(batched, 3)
    assert refresh_arena(batched, force=True) == 1


def test_votes_that_a_board_does_not_count_are_no_batch_of_it(batched: Arena) -> None:
    cast_and_refresh(batched, 10)
    cast_and_refresh(batched, 30, kind=RaterKind.SIMULATED)
    cast_and_refresh(batched, 1)
    board = find_leaderboard(batched, batched.questions.get())
    assert [snapshot.votes for snapshot in board.snapshots.all()] == [10]


def test_a_snapshot_of_another_method_does_not_put_the_batch_off(batched: Arena) -> None:
    cast_and_refresh(batched, 9)
    build_snapshot(find_leaderboard(batched, batched.questions.get(), method="elo"))
    assert cast_and_refresh(batched, 1) == 1


def test_simulated_votes_add_boards_of_their_own(batched: Arena) -> None:
    assert board_kinds(batched) == [["external", "person"]]
    add_votes(batched, VOTES, kind=RaterKind.SIMULATED)
    assert board_kinds(batched) == [["external", "person"], ["simulated"]]


def test_every_category_has_a_board(world: Arena) -> None:
    for prompt in world.prompts():
        add_votes(world, VOTES, prompt=prompt)
    seal(NOW)
    refresh_arena(world)
    boards = Snapshot.objects.values_list("leaderboard__category", "votes")
    assert dict(boards) == {"": 6, "fancy": 4, "plain": 2}
    assert board_categories(world) == ["fancy", "plain"]


def test_a_category_without_new_votes_keeps_its_snapshot(world: Arena) -> None:
    for category in ("fancy", "plain", "plain"):
        add_votes(world, VOTES, prompt=world.prompts().filter(category=category)[0])
        seal(NOW)
        refresh_arena(world)
    counts = [
        Snapshot.objects.filter(leaderboard__category=category).count()
        for category in ("fancy", "plain", "")
    ]
    assert counts == [1, 2, 3]


def test_the_task_refreshes_every_arena(batched: Arena) -> None:
    other = factories.make_arena(None, slug="other")
    add_votes(batched, VOTES * 5)
    add_votes(other, VOTES)
    seal(NOW)
    assert refresh_leaderboards() == 2
