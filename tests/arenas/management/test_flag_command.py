import pytest
from django.core.management import CommandError, call_command

from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Flag, Vote
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from tests.factories import NOW, add_votes

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]


@pytest.fixture
def votes(world: Arena) -> list[Vote]:
    cast = add_votes(world, BEATS * 4)
    seal_and_fold(NOW)
    return cast


def count(arena: Arena) -> int:
    seal_and_fold(NOW)
    return build_snapshot(find_leaderboard(arena, arena.questions.get())).votes


def test_a_flagged_vote_leaves_the_board_and_returns_when_it_is_lifted(
    world: Arena, votes: list[Vote]
) -> None:
    first = Vote.objects.order_by("seq").first()
    call_command("flag", "--vote", str(first.seq), "--reason", "a test")
    assert count(world) == 11
    call_command("flag", "--lift", str(Flag.objects.get().pk), "--reason", "a mistake")
    assert count(world) == 12


def test_a_flagged_rater_takes_all_votes_along(world: Arena, votes: list[Vote]) -> None:
    call_command("flag", "--rater", str(votes[0].rater.key), "--reason", "a robot")
    assert count(world) == 11


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--vote", "99999", "no vote 99999"), ("--rater", "nobody", "no rater 'nobody'"),
     ("--battle", "0", "no battle 0"), ("--lift", "0", "no flag 0")],
)  # fmt: skip
def test_what_is_not_there_cannot_be_flagged(
    votes: list[Vote], option: str, value: str, said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("flag", option, value, "--reason", "a test")
    assert not Flag.objects.exists()
