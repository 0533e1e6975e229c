"""The board with flagged votes and without, and the switch between them."""

import pytest
from django.test import Client

from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import lift_flag, raise_flag
from arenas.votes.models import Flag
from metrics.leaderboards.models import Leaderboard
from metrics.leaderboards.refresh import list_public, refresh_arena
from tests.factories import NOW, add_votes
from tests.pages import text

pytestmark = pytest.mark.django_db
URL = "/arenas/small/leaderboard/"
BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]
SWITCH = "Flagged votes"


def flag_some(arena: Arena, number: int = 6) -> Flag:
    """Votes, of which some raters' are flagged; the last of the flags."""
    for vote in add_votes(arena, BEATS * 10)[:number]:
        assert vote.rater
        flag = raise_flag(vote.rater, rule="manual", reason="a script", by="alice", now=NOW)
    refresh(arena)
    return flag


def refresh(arena: Arena) -> int:
    seal_and_fold(NOW)
    return refresh_arena(arena)


def read_votes(client: Client, query: str = "") -> int:
    snapshot = client.get(f"{URL}{query}").context["snapshot"]
    return int(snapshot.votes)


def test_without_flags_there_is_no_switch_and_no_second_board(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    refresh(world)
    assert SWITCH not in text(client.get(URL))
    assert {str(board.params) for board in Leaderboard.objects.all()} == {"{}"}


def test_the_switch_leads_to_the_board_that_counts_flagged_votes(
    world: Arena, client: Client
) -> None:
    flag_some(world)
    assert SWITCH in text(client.get(URL))
    assert (read_votes(client), read_votes(client, "?flagged=include")) == (24, 30)


def test_the_page_says_that_flagged_votes_are_counted(world: Arena, client: Client) -> None:
    flag_some(world)
    note = "These figures count votes that were flagged too"
    assert note not in text(client.get(URL))
    assert note in text(client.get(f"{URL}?flagged=include"))


def test_both_boards_are_built_once(world: Arena) -> None:
    flag_some(world)
    assert refresh(world) == 0


def test_both_boards_follow_new_votes(world: Arena, client: Client) -> None:
    flag_some(world)
    add_votes(world, BEATS)
    refresh(world)
    assert (read_votes(client), read_votes(client, "?flagged=include")) == (27, 33)


def test_when_all_flags_are_lifted_the_switch_is_gone(world: Arena, client: Client) -> None:
    flag = flag_some(world, 1)
    lift_flag(flag, reason="a mistake", by="alice", now=NOW)
    refresh(world)
    page = text(client.get(f"{URL}?flagged=include"))
    assert SWITCH not in page
    assert read_votes(client, "?flagged=include") == 30


def test_no_further_looks_are_made_of_the_second_board(world: Arena) -> None:
    flag_some(world)
    assert {str(board.params) for board in list_public(world)} == {"{}"}
