import random
from collections import Counter

import pytest

from arenas.candidates.retry import MOST_TRIES, TRIES, decide
from arenas.providers.base import Cause, Outcome, ProviderError, Status


def after(end, **tries):
    return decide(end, Counter(tries), rng=random.Random(1))


@pytest.mark.parametrize("status", [Status.REFUSED_PROMPT, Status.REFUSED_OUTPUT])
def test_a_refusal_is_a_result(status):
    assert after(Outcome(status), **{status: 1}) is None


def test_an_answer_in_words_alone_is_a_result():
    assert after(Outcome(Status.NO_IMAGE), no_image=1) is None


def test_an_accident_is_tried_again_twice():
    accident = Outcome(Status.NO_IMAGE, try_again=True)
    assert after(accident, no_image=1)
    assert after(accident, no_image=2)
    assert after(accident, no_image=TRIES[Status.NO_IMAGE]) is None


def test_what_may_have_been_billed_is_tried_once_more():
    error = ProviderError("late", cause=Cause.TIMEOUT)
    assert after(error, timeout=1)
    assert after(error, timeout=2) is None


@pytest.mark.parametrize("cause", [Cause.REQUEST, Cause.GONE])
def test_what_would_be_again_is_not_tried_again(cause):
    assert after(ProviderError("no", cause=cause), **{cause: 1}) is None


def test_a_mixture_of_accidents_ends_too():
    error = ProviderError("broken off")
    assert after(error, passing=1, timeout=1, malformed=MOST_TRIES - 2) is None


@pytest.mark.parametrize("cause", [Cause.KEY, Cause.QUOTA])
def test_an_account_is_waited_for_however_long(cause):
    assert after(ProviderError("closed", cause=cause), **{cause: 1000})


def test_being_told_to_wait_is_no_fault_of_the_candidates():
    assert after(ProviderError("busy", cause=Cause.BUSY), busy=5, passing=2)


def test_a_candidate_that_had_to_wait_has_all_its_tries_left():
    assert after(ProviderError("broken off"), busy=11, passing=2)


@pytest.mark.parametrize("asked", [1, 3, 20, 600])
def test_a_wish_for_a_wait_is_kept_and_little_exceeded(asked):
    error = ProviderError("busy", cause=Cause.BUSY, retry_after=asked)
    waits = [decide(error, Counter(busy=1), rng=random.Random(n)).seconds for n in range(200)]
    assert asked < min(waits) < max(waits) < asked + 1.1
    assert len(set(waits)) == 200


@pytest.mark.parametrize("wish", [None, 0])
def test_without_a_wish_the_waits_double_up_to_a_minute(wish):
    error = ProviderError("busy", cause=Cause.BUSY, retry_after=wish)
    waits = [after(error, busy=n).seconds for n in (1, 2, 5, 11)]
    assert waits == [pytest.approx(each, rel=0.25) for each in (2, 4, 32, 60)]
