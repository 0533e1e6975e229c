"""Boards of arenas that are there for a while: for staff, and without plans and further looks."""

import pytest
from django.test import Client

from arenas.battles.models import PairPlan
from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from metrics.court.present import find_names
from metrics.leaderboards.analyse import find_missing
from metrics.leaderboards.models import Snapshot
from metrics.tasks import plan_pairs, refresh_leaderboards
from tests.factories import NOW, add_votes

BOARD = "/arenas/small/leaderboard/"


@pytest.fixture
def voted(world: Arena) -> Arena:
    """A temporary arena with votes that would bring about a plan of pairs, too."""
    Arena.objects.update(temporary=True, pairing={"rule": "adjacent"})
    pairs = [("ant", "bee"), ("ant", "cat"), ("bee", "cat")]
    add_votes(world, [(*pair, end) for pair in pairs for end in ("model_a", "model_b", "tie")] * 17)
    seal_and_fold(NOW)
    world.refresh_from_db()
    return world


def test_a_temporary_arenas_board_is_built_for_staff_alone(
    voted: Arena, client: Client, staff_client: Client
) -> None:
    assert refresh_leaderboards() > 0
    assert staff_client.get(BOARD).status_code == 200
    assert client.get(BOARD).status_code == 404
    assert find_names() == {}
    assert list(find_missing()) == []
    Arena.objects.update(temporary=False)
    assert sorted(find_names().values()) == ["ant", "bee", "cat"]
    assert list(find_missing())


def test_a_temporary_arena_gets_no_plan_of_pairs(voted: Arena) -> None:
    assert plan_pairs() == 0
    assert not PairPlan.objects.exists()
    Arena.objects.update(temporary=False)
    assert plan_pairs() == 1


def test_nothing_is_built_for_a_temporary_arena_that_is_closed(voted: Arena) -> None:
    Arena.objects.update(stage=Arena.Stage.CLOSED)
    assert refresh_leaderboards() == 0
    assert not Snapshot.objects.exists()
