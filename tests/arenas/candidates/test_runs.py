from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from arenas.candidates.claim import claim, claim_due
from arenas.candidates.due import choose, sum_costs
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import Attempt, Candidate, GenerationRun
from arenas.candidates.plan import select_candidates
from arenas.candidates.runs import (
    RunRefused,
    Wish,
    cancel_run,
    drop_withdrawn,
    estimate_run,
    fail_retired,
    start_run,
)
from arenas.candidates.store import begin_next
from arenas.competitors.models import Competitor
from arenas.definitions.enter import enter_competitors
from arenas.providers.base import Cause, ProviderError
from tests.factories import NOW, make_arena, make_suite

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)
EVERYTHING = Wish()
DOLLAR = Wish(budget_usd=Decimal(1))


@pytest.fixture
def arena(tmp_path):
    """Forty prompts for one model at 0.039 USD a picture."""
    Competitor.objects.create(
        name="nano", provider="scripted", model="draws", price={"image": 0.039}
    )
    return make_arena(make_suite(tmp_path, 40), ["nano"])


@pytest.fixture
def limiter(settings):
    return get_limiter(settings.REDIS_URL)


def start(arena, wish=EVERYTHING, now=NOW):
    return start_run(arena, wish, by="alice", now=now)


def start_poor(arena):
    """A run whose budget has been used up to less than a picture costs."""
    run = start(arena, DOLLAR)
    GenerationRun.objects.filter(pk=run.pk).update(budget_usd=Decimal("0.01"))
    run.refresh_from_db()
    return run


def choose_now(limiter, under_way=0):
    return choose(NOW, Counter(scripted=under_way), limiter=limiter).candidates


def test_a_run_takes_all_that_is_missing(arena):
    run = start(arena)
    assert run.candidates.count() == select_candidates(arena).count() == 40


def test_where_nothing_is_missing_there_is_no_run(arena):
    start(arena)
    Candidate.objects.update(status="done")
    assert start(arena) is None
    assert GenerationRun.objects.count() == 1


def test_what_an_earlier_run_left_planned_belongs_to_the_new_one(arena):
    first, second = start(arena), start(arena, DOLLAR)
    assert (first.candidates.count(), second.candidates.count()) == (0, 40)


def test_an_estimate_changes_nothing(arena):
    [estimate] = estimate_run(arena, Wish(), today=NOW.date())
    assert (estimate.candidates, estimate.calls, estimate.images) == (40, 40, 40)
    assert estimate.usd == Decimal("1.56")
    assert not Candidate.objects.exists()


def test_an_estimate_counts_what_is_planned_already_once(arena):
    start(arena)
    assert estimate_run(arena, Wish(), today=NOW.date())[0].candidates == 40


def test_a_retired_competitor_is_asked_for_nothing(arena):
    Competitor.objects.update(retired_on=NOW.date())
    assert start(arena) is None
    assert estimate_run(arena, Wish(), today=NOW.date()) == []


def test_a_budget_without_a_price_is_refused_by_name(arena):
    Competitor.objects.update(price={})
    with pytest.raises(RunRefused, match="no price is known for nano"):
        start(arena, DOLLAR)
    assert not GenerationRun.objects.exists()


def test_a_budget_is_more_than_nothing(arena):
    with pytest.raises(RunRefused, match="more than 0"):
        start(arena, Wish(budget_usd=Decimal(0)))


def test_a_budget_that_pays_for_no_picture_is_refused_with_the_price_of_one(arena):
    with pytest.raises(RunRefused, match=r"the cheapest is about 0\.039 USD"):
        start(arena, Wish(budget_usd=Decimal("0.01")))


def test_a_batch_is_paid_by_a_smaller_budget(arena):
    Competitor.objects.update(price={"image": 0.039, "batch": 0.5})
    assert start(arena, Wish(budget_usd=Decimal("0.02"), in_batches=True))


def test_a_budget_starts_no_more_calls_than_it_pays_for(arena, limiter, pump):
    start(arena, DOLLAR)
    started = 0
    while rows := claim_due(NOW, Counter(), lease=LEASE, limiter=limiter).candidates:
        started += len(rows)
    assert started == 25


def test_what_turned_out_cheaper_leaves_room_for_more(arena, limiter):
    run = start(arena, DOLLAR)
    while claim_due(NOW, Counter(), lease=LEASE, limiter=limiter).candidates:
        pass
    Attempt.objects.update(ended_at=NOW, cost_usd=Decimal("0.02"))
    assert sum_costs(run) == Decimal("0.50")
    assert choose_now(limiter)


def test_a_budget_that_pays_for_nothing_more_ends_the_run(arena, limiter):
    run = start(arena, Wish(budget_usd=Decimal("0.05")))
    [row] = claim_due(NOW, Counter(), lease=LEASE, limiter=limiter).candidates
    claim_due(NOW, Counter(), lease=LEASE, limiter=limiter)
    run.refresh_from_db()
    assert run.state == "active"  # the call under way may turn out cheaper
    Candidate.objects.filter(pk=row.pk).update(status="done", lease=None)
    Attempt.objects.update(ended_at=NOW, cost_usd=Decimal("0.039"))
    claim_due(NOW, Counter(), lease=LEASE, limiter=limiter)
    run.refresh_from_db()
    assert (run.state, run.ended_at) == ("spent", NOW)


def overspend(run):
    """An answer that cost more than the whole budget, as thoughts may."""
    paid = run.candidates.first()
    paid.status = "done"
    paid.save()
    Attempt.objects.create(
        candidate=paid, number=1, run=run, started_at=NOW, ended_at=NOW, cost_usd=Decimal(1)
    )


def test_what_costs_nothing_is_made_when_the_budget_is_spent(arena, limiter):
    free = Competitor.objects.create(name="free", provider="procedural", model="free")
    enter_competitors(arena, [free], now=NOW)
    run = start_poor(arena)
    overspend(run)
    busy = Counter(procedural=1)  # no room for it now, but later
    assert choose(NOW, busy, limiter=limiter).candidates == []
    run.refresh_from_db()
    assert run.state == "active"
    assert [row.competitor for row in choose_now(limiter)] == [free]
    run.candidates.filter(competitor=free).update(status="done")
    choose_now(limiter)
    run.refresh_from_db()
    assert run.state == "spent"


def test_a_lost_call_counts_as_paid_for(arena, limiter):
    run = start(arena, DOLLAR)
    claim_due(NOW, Counter(), lease=LEASE, limiter=limiter)
    Candidate.objects.filter(status="running").update(status="planned", lease=None)
    assert sum_costs(run) == 9 * Decimal("0.039")


def test_another_budget_goes_on_where_the_first_ended(arena, limiter):
    run = start_poor(arena)
    assert choose_now(limiter) == []
    run.refresh_from_db()
    assert run.state == "spent"
    start(arena, DOLLAR)
    assert len(choose_now(limiter)) == 9


def test_a_process_claims_what_its_provider_takes_and_an_eighth_to_follow_at_once(arena, limiter):
    start(arena)
    assert len(choose_now(limiter, under_way=5)) == 4


def test_the_operator_may_allow_fewer_for_all_workers_together(arena, limiter, settings):
    settings.CONCURRENCY = {"scripted": 2}
    start(arena)
    claim_due(NOW, Counter(), lease=LEASE, limiter=limiter)
    assert Candidate.objects.filter(status="running").count() == 2
    assert choose_now(limiter) == []


def test_a_cancelled_run_starts_nothing_and_keeps_what_is_under_way(arena, limiter):
    run = start(arena)
    claim_due(NOW, Counter(), lease=LEASE, limiter=limiter)
    assert cancel_run(run, now=NOW)
    assert choose_now(limiter) == []
    assert set(run.candidates.values_list("status", flat=True)) == {"running"}


def test_a_run_is_cancelled_once(arena):
    run = start(arena)
    assert cancel_run(run, now=NOW)
    assert not cancel_run(run, now=NOW)


def test_what_was_tried_waits_for_another_run_when_its_own_is_cancelled(arena, limiter):
    run = start(arena)
    first = run.candidates.first()
    claim([first.pk], now=NOW, lease=LEASE)
    Candidate.objects.filter(pk=first.pk).update(status="planned", lease=None, reason="busy")
    cancel_run(run, now=NOW)
    assert Candidate.objects.get().status == "planned"
    assert choose_now(limiter) == []
    start(arena)
    assert choose_now(limiter)[0] == first


def test_a_run_that_is_done_cannot_be_cancelled(arena):
    run = start(arena)
    Candidate.objects.update(status="done")
    assert not cancel_run(run, now=NOW)
    run.refresh_from_db()
    assert (run.state, run.ended_at) == ("finished", NOW)


def test_a_cancelled_run_leaves_to_others_what_they_want_too(arena):
    other = make_arena(arena.suite_version, ["nano"], slug="other")
    first, second = start(arena), start(other)
    mine = Candidate.objects.first()
    Candidate.objects.filter(pk=mine.pk).update(run=first)
    cancel_run(second, now=NOW)
    assert first.candidates.count() == 40


def test_a_run_that_cannot_pay_does_not_stand_in_the_way_of_one_that_can(arena, limiter):
    poor = start_poor(arena)
    free = Competitor.objects.create(name="free", provider="procedural", model="free")
    prompt = arena.prompts().first()
    Candidate.objects.create(prompt=prompt, competitor=free, run=poor, not_before=NOW + LEASE)
    rich = GenerationRun.objects.create(arena=arena, started_at=NOW, budget_usd=100)
    last = Candidate.objects.filter(competitor__name="nano").last()
    Candidate.objects.filter(pk=last.pk).update(run=rich)
    assert choose_now(limiter) == [last]


def test_what_is_planned_for_who_has_left_the_arena_is_dropped(arena):
    start(arena)
    enter_competitors(arena, [], now=NOW, withdraw_others=True)
    assert drop_withdrawn(NOW) == 40
    assert not Candidate.objects.exists()


@pytest.fixture
def tried(arena):
    """A candidate that a worker has tried in vain, and would try again at once."""

    def begin(wish=EVERYTHING):
        run = start(arena, wish)
        [row] = claim([run.candidates.first().pk], now=NOW, lease=LEASE)
        run.attempts.update(estimate_usd=Decimal("0.039"))
        return run, row

    return begin


LATE = ProviderError("no answer", cause=Cause.TIMEOUT)


def test_another_try_in_the_same_process_is_within_the_budget(tried):
    _, row = tried(Wish(budget_usd=Decimal("0.05")))
    assert not begin_next(row, LATE, now=NOW)
    assert Candidate.objects.get(pk=row.pk).status == "planned"
    assert row.attempts.count() == 1


def test_no_other_try_is_made_for_a_run_that_was_cancelled(tried):
    run, row = tried()
    cancel_run(run, now=NOW)
    assert not begin_next(row, LATE, now=NOW)


def test_another_try_is_made_where_the_budget_pays_for_it(tried):
    _, row = tried(DOLLAR)
    assert begin_next(row, LATE, now=NOW)
    assert row.attempts.count() == 2


@pytest.fixture
def ended(arena):
    """The arena with one candidate of every end."""
    start(arena)
    statuses = ["failed", "malformed", "refused_prompt", "refused_output", "no_image"]
    for row, status in zip(Candidate.objects.order_by("pk"), statuses, strict=False):
        Candidate.objects.filter(pk=row.pk).update(status=status)
    Candidate.objects.filter(status="planned").update(status="done")
    return arena


def test_only_what_failed_is_tried_again(ended):
    run = start(ended, Wish(retry_failed=True))
    assert run.candidates.filter(status="planned").count() == 2
    assert Candidate.objects.filter(status="refused_prompt").count() == 1


def test_refusals_are_tried_again_where_somebody_asks_for_it(ended):
    run = start(ended, Wish(retry_refused=True))
    assert run.candidates.filter(status="planned").count() == 3
    assert Candidate.objects.filter(status="failed").count() == 1


def test_earlier_tries_do_not_count_against_what_is_tried_again(plan, run):
    [candidate] = plan("is overloaded")
    for _ in range(3):
        Candidate.objects.update(not_before=None)
        [candidate] = run([candidate])
    assert candidate.status == "failed"
    arena = candidate.competitor.entries.get().arena
    start(arena, Wish(retry_failed=True), now=timezone.now())
    [candidate] = run([candidate])
    assert (candidate.status, candidate.attempts.count()) == ("planned", 4)


def test_what_is_planned_for_a_model_that_has_gone_is_given_up_without_a_call(arena, limiter):
    start(arena)
    Competitor.objects.update(retired_on=NOW.date())
    assert choose_now(limiter) == []
    assert fail_retired(NOW) == 40
    assert Candidate.objects.first().reason == "not asked: the model is retired"
    assert not Attempt.objects.exists()
