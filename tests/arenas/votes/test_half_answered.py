"""Ballots with several questions, left in the middle: by passing, by time, by a change."""

from datetime import timedelta

import pytest

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import find_stock
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena, Question
from arenas.raters.admit import lock_participation
from arenas.raters.models import Rater
from arenas.votes.cast import Answer, Refused, cast, cast_in
from arenas.votes.models import STANDING, Vote
from arenas.votes.skip import skip_open
from arenas.votes.undo import MOST, undo_last
from tests.factories import NOW, answer, hold, make_rater

pytestmark = pytest.mark.django_db


@pytest.fixture
def rater(world: Arena) -> Rater:
    Question.objects.create(arena=world, key="follows", text="Which follows?", position=1)
    return make_rater()


def sit(arena: Arena, rater: Rater, now=NOW) -> Sitting:
    found = Arena.objects.get(pk=arena.pk)
    return sit_down(find_stock(found.slug), lock_participation(found, rater), now=now)


def token(ballot: Ballot) -> str:
    return derive_token(ballot.nonce)


def test_passing_after_the_first_answer_takes_it_back(world: Arena, rater: Rater) -> None:
    ballot = hold(world, rater)[0]
    answer(world, rater, ballot)
    skip_open(sit(world, rater), token(ballot), "unsure")
    assert not Vote.objects.filter(STANDING).exists()
    assert sit(world, rater).answered == 0


def test_a_pair_half_answered_in_time_is_not_shown_again(world: Arena, rater: Rater) -> None:
    ballot = hold(world, rater)[0]
    answer(world, rater, ballot)
    later = NOW + timedelta(hours=2)
    seen = sit(world, rater, later)
    assert [past.candidates for past in seen.past] == [tuple(ballot.candidates)]
    assert seen.answered == 1


def test_a_question_retired_in_the_middle_ends_the_ballot(world: Arena, rater: Rater) -> None:
    ballot = hold(world, rater)[0]
    answer(world, rater, ballot)
    Question.objects.filter(key="follows").update(retired_at=NOW)
    assert ballot not in sit(world, rater).open
    ballot.refresh_from_db()
    assert ballot.answered_at == NOW


def test_the_same_request_takes_one_answer_back(world: Arena, rater: Rater) -> None:
    ballot = hold(world, rater)[0]
    answer(world, rater, ballot)
    vote = cast(world, rater, Answer(token(ballot), "tie", "follows"), now=NOW)
    said = f"{token(ballot)}:{bytes(vote.digest).hex()[:16]}"
    undo_last(sit(world, rater), said)
    with pytest.raises(Refused):
        undo_last(sit(world, rater), said)
    assert Vote.objects.filter(STANDING).count() == 1


def test_an_answer_is_not_taken_back_for_ever(world: Arena, rater: Rater) -> None:
    ballot = hold(world, rater)[0]
    for _ in range(MOST):
        cast(world, rater, Answer(token(ballot), "tie", "better"), now=NOW)
        undo_last(sit(world, rater), token(ballot))
    cast(world, rater, Answer(token(ballot), "tie", "better"), now=NOW)
    with pytest.raises(Refused, match="often enough"):
        undo_last(sit(world, rater), token(ballot))


def test_what_left_the_arena_is_not_taken_back(world: Arena, rater: Rater) -> None:
    ballot = hold(world, rater)[0]
    vote = answer(world, rater, ballot)
    world.entries.filter(competitor=vote.competitor_a).update(withdrawn_at=NOW)
    with pytest.raises(Refused, match="no longer here"):
        undo_last(sit(world, rater), token(ballot))
    assert Vote.objects.filter(STANDING).count() == 1


def test_answers_that_are_taken_back_count_for_the_pace(world: Arena, rater: Rater) -> None:
    Arena.objects.update(voting_settings={"quality": {"votes_per_minute": 2}})
    ballot = hold(world, rater)[0]
    cast_in(sit(world, rater), Answer(token(ballot), "tie", "better"))
    undo_last(sit(world, rater), token(ballot))
    with pytest.raises(Refused, match="faster"):
        cast_in(sit(world, rater), Answer(token(ballot), "tie", "better"))
