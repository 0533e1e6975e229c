"""A rater's own summary and board."""

import random

import pytest

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import find_stock
from arenas.battles.tokens import derive_token
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.raters.admit import lock_participation
from arenas.raters.models import Rater
from arenas.votes.cast import Answer, cast
from arenas.votes.models import Vote
from arenas.votes.skip import skip_open
from arenas.votes.summarize import OwnRow, list_own_board, summarize
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def sit(arena: Arena, rater: Rater) -> Sitting:
    return sit_down(find_stock(arena.slug), lock_participation(arena, rater), now=NOW)


def take(arena: Arena, rater: Rater, milliseconds: int | None, winner: str = "tie") -> Vote:
    ballot = factories.hold(arena, rater)[0]
    told = Answer(derive_token(ballot.nonce), winner, response_ms=milliseconds)
    return cast(arena, rater, told, now=NOW)


def test_the_pace_is_the_median_of_what_was_measured(world: Arena) -> None:
    rater = factories.make_rater()
    for milliseconds in (1000, 9000, 2000, None):
        take(world, rater, milliseconds)
    summary = summarize(sit(world, rater))
    assert (summary.answered, summary.seconds, summary.last_at) == (4, 2.0, NOW)


def test_no_pace_where_nothing_was_measured(world: Arena) -> None:
    assert summarize(sit(world, factories.make_rater())).seconds is None


def test_the_share_of_pairs_passed_over(world: Arena) -> None:
    rater = factories.make_rater()
    for _ in range(3):
        take(world, rater, 1000)
    factories.hold(world, rater)
    sitting = sit(world, rater)
    skip_open(sitting, derive_token(sitting.open[0].nonce), "unsure")
    assert summarize(sitting).skipped_percent == 25


def test_practice_is_no_work(world: Arena) -> None:
    rater = factories.make_rater()
    take(world, rater, 1000)
    Ballot.objects.update(kind=Ballot.Kind.PRACTICE)
    summary = summarize(sit(world, rater))
    assert (summary.answered, summary.seconds) == (0, None)


def test_the_own_board_counts_only_own_answers(world: Arena) -> None:
    rater = factories.make_rater()
    vote = take(world, rater, 1000, "model_b")
    take(world, factories.make_rater(), 1000, "model_a")
    assert list_own_board(world, rater) == [
        OwnRow(vote.competitor_b.name, wins=1, losses=0, ties=0),
        OwnRow(vote.competitor_a.name, wins=0, losses=1, ties=0),
    ]


@pytest.mark.parametrize("winner", ["tie", "both_bad"])
def test_no_winner_is_a_tie(world: Arena, winner: str) -> None:
    rater = factories.make_rater()
    take(world, rater, 1000, winner)
    assert [(row.wins, row.losses, row.ties) for row in list_own_board(world, rater)] == [
        (0, 0, 1),
        (0, 0, 1),
    ]


def test_repeats_do_not_count_twice(world: Arena) -> None:
    rater = factories.make_rater()
    take(world, rater, 1000)
    Ballot.objects.update(kind=Ballot.Kind.REPEAT)
    assert list_own_board(world, rater) == []


def test_an_order_of_three_is_three_comparisons(world: Arena) -> None:
    rater = factories.make_rater()
    vote = take(world, rater, 1000)
    three = list(Candidate.objects.filter(prompt=vote.prompt).order_by("pk"))
    Ballot.objects.filter(votes=vote).update(candidates=[each.pk for each in three])
    Vote.objects.update(winner="", ranking=[2, 1, 2])
    rows = {row.name: (row.wins, row.losses, row.ties) for row in list_own_board(world, rater)}
    names = [each.competitor.name for each in three]
    assert [rows[name] for name in names] == [(0, 1, 1), (2, 0, 0), (0, 1, 1)]


def test_the_best_comes_first(world: Arena) -> None:
    rater, rng = factories.make_rater(), random.Random(1)
    for _ in range(8):
        take(world, rater, 1000, rng.choice(["model_a", "model_b", "tie"]))
    shares = [row.share for row in list_own_board(world, rater)]
    assert shares == sorted(shares, reverse=True)
