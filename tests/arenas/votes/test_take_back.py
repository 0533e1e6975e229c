"""A pass taken back; and what an answer that is taken back says no more."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from arenas.battles.expect import find_right
from arenas.battles.models import Ballot
from arenas.battles.serve import HELD
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import find_stock
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena
from arenas.raters.admit import lock_participation
from arenas.raters.models import Rater
from arenas.votes.cast import Refused, UnknownBallot
from arenas.votes.models import Vote
from arenas.votes.skip import skip_open
from arenas.votes.undo import MOST, find_last, undo_last
from tests.factories import NOW, answer, hold, make_rater
from tests.showings import make_with_gold

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(seconds=1)


def sit(arena: Arena, rater: Rater, now: datetime = NOW) -> Sitting:
    return sit_down(find_stock(arena.slug), lock_participation(arena, rater), now=now)


def pass_over(arena: Arena, rater: Rater, now: datetime = NOW) -> Ballot:
    ballot = hold(arena, rater, now=now)[0]
    return skip_open(sit(arena, rater, now), derive_token(ballot.nonce), "unsure")


def name_last(sitting: Sitting) -> str:
    last = find_last(sitting)
    assert last is not None
    return last.name


def test_a_pass_that_is_taken_back_shows_the_pair_again(world: Arena) -> None:
    rater = make_rater()
    passed = pass_over(world, rater)
    undo_last(sit(world, rater, LATER), derive_token(passed.nonce))
    assert passed in sit(world, rater, LATER).open
    assert answer(world, rater, passed, now=LATER).winner == "model_a"


def test_what_was_drawn_for_a_pass_goes_when_it_is_taken_back(world: Arena) -> None:
    rater = make_rater()
    passed = pass_over(world, rater)
    hold(world, rater, seed=5)
    sitting = sit(world, rater, LATER)
    undo_last(sitting, derive_token(passed.nonce))
    assert sitting.open[0] == passed
    assert len(sitting.open) == len(sit(world, rater, LATER).open) <= HELD


def test_the_same_request_takes_one_pass_back(world: Arena) -> None:
    rater = make_rater()
    passed = pass_over(world, rater)
    said = name_last(sit(world, rater))
    undo_last(sit(world, rater, LATER), said)
    skip_open(sit(world, rater, LATER), derive_token(passed.nonce), "unsure")
    with pytest.raises(UnknownBallot):
        undo_last(sit(world, rater, LATER), said)


def test_a_pass_can_be_taken_back_as_long_as_an_answer(world: Arena) -> None:
    rater = make_rater()
    passed = pass_over(world, rater)
    late = NOW + timedelta(seconds=world.voting.undo_seconds + 1)
    with pytest.raises(Refused, match="too late"):
        undo_last(sit(world, rater, late), derive_token(passed.nonce))


def test_passes_are_taken_back_as_often_as_answers(world: Arena) -> None:
    rater = make_rater()
    passed = pass_over(world, rater)
    Ballot.objects.filter(pk=passed.pk).update(undone=MOST)
    with pytest.raises(Refused, match="often enough"):
        undo_last(sit(world, rater), derive_token(passed.nonce))


def test_an_answer_before_a_pass_stays_when_the_pass_is_taken_back(world: Arena) -> None:
    rater = make_rater()
    answer(world, rater, hold(world, rater)[0])
    pass_over(world, rater, LATER)
    undo_last(sit(world, rater, LATER), name_last(sit(world, rater, LATER)))
    assert list(Vote.objects.values_list("retracted", flat=True)) == [False]


@pytest.fixture
def lapsed(tmp_path: Path) -> tuple[Arena, Rater, Ballot]:
    """An arena, and who has just answered an instruction there wrongly."""
    arena = make_with_gold(tmp_path, attention_share=0.5, aa_share=0)
    rater = make_rater()
    for n in range(40):
        ballot = hold(arena, rater, seed=n)[0]
        if ballot.gold is None:
            answer(arena, rater, ballot, "tie")
            continue
        answer(arena, rater, ballot, "tie")
        return arena, rater, ballot
    raise AssertionError("no instruction was drawn")


def count_lapses(arena: Arena, rater: Rater) -> int:
    return arena.participations.get(rater=rater).lapses


def test_a_lapse_goes_with_its_answer(lapsed: tuple[Arena, Rater, Ballot]) -> None:
    arena, rater, ballot = lapsed
    assert count_lapses(arena, rater) == 1
    undo_last(sit(arena, rater), derive_token(ballot.nonce))
    skip_open(sit(arena, rater), derive_token(ballot.nonce), "unsure")
    assert count_lapses(arena, rater) == 0


def test_a_second_wrong_answer_is_one_lapse(lapsed: tuple[Arena, Rater, Ballot]) -> None:
    arena, rater, ballot = lapsed
    undo_last(sit(arena, rater), derive_token(ballot.nonce))
    assert ballot.gold is not None
    assert "tie" not in find_right(ballot, ballot.gold.kind)
    answer(arena, rater, ballot, "tie")
    assert count_lapses(arena, rater) == 1
