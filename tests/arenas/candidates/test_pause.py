from collections import Counter
from datetime import timedelta

import pytest

from arenas.candidates.due import choose
from arenas.candidates.limit import Scope, get_limiter
from arenas.candidates.models import Candidate, ServicePause
from arenas.candidates.pause import pause_for, reopen
from arenas.competitors.models import Competitor
from arenas.providers.base import Cause, ProviderError
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SCOPE = Scope("scripted", "", "draws")
OTHER = Scope("scripted", "", "refuses")


def fail(cause, retry_after=None, now=NOW, scope=SCOPE):
    return pause_for(scope, ProviderError("no", cause=cause, retry_after=retry_after), now=now)


def may_start(settings, now):
    return len(choose(now, Counter(), limiter=get_limiter(settings.REDIS_URL)).candidates)


@pytest.mark.parametrize("cause", [Cause.PASSING, Cause.TIMEOUT, Cause.REQUEST, Cause.GONE])
def test_one_candidates_trouble_closes_nothing(cause):
    assert fail(cause) is None


def test_a_refused_key_closes_the_account_for_a_minute():
    pause = fail(Cause.KEY)
    assert (pause.scope, pause.until) == ("scripted/", NOW + timedelta(seconds=60))


def test_a_spent_quota_closes_the_model_until_it_is_reset():
    pause = fail(Cause.QUOTA, retry_after=7200)
    assert (pause.scope, pause.until) == (str(SCOPE), NOW + timedelta(hours=2))


def test_a_service_that_cannot_be_reached_closes_the_account_for_some_seconds():
    pause = fail(Cause.UNREACHABLE)
    assert (pause.scope, pause.until) == ("scripted/", NOW + timedelta(seconds=10))


def test_a_short_wait_closes_nothing_and_a_long_one_does():
    assert fail(Cause.BUSY, retry_after=20) is None
    assert fail(Cause.BUSY, retry_after=90).until == NOW + timedelta(seconds=90)


def test_calls_that_were_under_way_do_not_close_it_twice():
    fail(Cause.KEY)
    assert fail(Cause.KEY, now=NOW + timedelta(seconds=1)).failures == 1


def test_each_failure_in_a_row_closes_it_for_twice_as_long_up_to_a_limit():
    now, waits = NOW, []
    for _ in range(6):
        pause = fail(Cause.KEY, now=now)
        waits.append((pause.until - now).total_seconds())
        now = pause.until
    assert waits == [60, 120, 240, 480, 900, 900]


def test_while_it_is_closed_nothing_starts(plan, settings):
    plan(prompts=3)
    fail(Cause.KEY)
    assert may_start(settings, NOW + timedelta(seconds=59)) == 0


def test_then_a_single_call_tries(plan, settings):
    planned = plan(prompts=3)
    fail(Cause.KEY)
    later = NOW + timedelta(seconds=60)
    assert may_start(settings, later) == 1
    Candidate.objects.filter(pk=planned[0].pk).update(
        status="running", lease="0" * 32, lease_until=later
    )
    assert may_start(settings, later) == 0


def test_an_answer_opens_it_again(plan, settings):
    plan(prompts=3)
    fail(Cause.KEY)
    later = NOW + timedelta(seconds=60)
    reopen(SCOPE, now=later)
    assert may_start(settings, later) == 3


def test_an_answer_from_before_it_was_closed_opens_nothing():
    fail(Cause.KEY)
    reopen(SCOPE, now=NOW + timedelta(seconds=2))
    assert ServicePause.objects.count() == 1


def test_a_closed_model_is_tried_again_while_another_is_busy(plan, settings):
    plan(prompts=2)
    fail(Cause.QUOTA, retry_after=60)
    later = NOW + timedelta(seconds=60)
    other = Competitor.objects.create(name="other", provider="scripted", model="refuses")
    prompt = Candidate.objects.first().prompt
    Candidate.objects.create(
        competitor=other, prompt=prompt, status="running", lease="0" * 32, lease_until=later
    )
    assert may_start(settings, later) == 1


def test_a_spent_quota_leaves_other_models_open(plan, settings):
    plan(prompts=3)
    fail(Cause.QUOTA, scope=OTHER)
    assert may_start(settings, NOW) == 3
