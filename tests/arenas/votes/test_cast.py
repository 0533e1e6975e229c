from datetime import timedelta

import pytest

from arenas.definitions.models import Arena
from arenas.votes.cast import AlreadyAnswered, Answer, ExpiredBallot, Refused, UnknownBallot, cast
from arenas.votes.models import Vote
from tests.factories import NOW, answer, hold, make_rater


def test_a_vote_is_written_with_what_was_shown(world: Arena) -> None:
    rater = make_rater()
    ballot = hold(world, rater)[0]
    vote = answer(world, rater, ballot, "model_b")
    left, right = ballot.shown
    assert (vote.competitor_a, vote.competitor_b) == (left.competitor, right.competitor)
    assert (vote.winner, vote.source, vote.rater_kind) == ("model_b", "site", "person")


def test_the_same_answer_again_is_the_same_vote(world: Arena) -> None:
    rater = make_rater()
    ballot = hold(world, rater)[0]
    first = answer(world, rater, ballot, "tie")
    assert answer(world, rater, ballot, "tie") == first
    assert Vote.objects.count() == 1


def test_a_second_different_answer_is_refused(world: Arena) -> None:
    rater = make_rater()
    ballot = hold(world, rater)[0]
    answer(world, rater, ballot, "tie")
    with pytest.raises(AlreadyAnswered):
        answer(world, rater, ballot, "model_a")
    assert [vote.winner for vote in Vote.objects.all()] == ["tie"]


def test_another_raters_ballot_is_unknown(world: Arena) -> None:
    ballot = hold(world, make_rater())[0]
    with pytest.raises(UnknownBallot):
        answer(world, make_rater(), ballot)


def test_an_expired_ballot_is_refused(world: Arena) -> None:
    rater = make_rater()
    ballot = hold(world, rater)[0]
    with pytest.raises(ExpiredBallot):
        answer(world, rater, ballot, now=NOW + timedelta(hours=2))
    assert not Vote.objects.exists()


def test_nonsense_is_no_answer(world: Arena) -> None:
    rater = make_rater()
    hold(world, rater)
    with pytest.raises(Refused):
        cast(world, rater, Answer("nonsense", "banana"), now=NOW)
