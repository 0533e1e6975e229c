from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection, transaction

from arenas.candidates import claim as claiming
from arenas.candidates.claim import MAX_LOST_IN_COMPANY, claim, release_expired
from arenas.candidates.models import Attempt, Candidate
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)
EXPIRED = NOW + LEASE + timedelta(seconds=1)


def claim_all(candidates, now=NOW):
    return claim([candidate.pk for candidate in candidates], now=now, lease=LEASE)


def test_a_claimed_candidate_runs_under_a_lease(plan):
    claim_all(plan())
    candidate = Candidate.objects.get()
    assert (candidate.status, candidate.lease_until) == ("running", NOW + LEASE)
    assert candidate.attempts.get().started_at == NOW


def test_nobody_else_can_claim_it_then(plan):
    planned = plan()
    claim_all(planned)
    assert claim_all(planned) == []
    assert Attempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_never_get_the_same_candidate(plan):
    planned = plan(prompts=20)
    both_hold_locks = Barrier(2, timeout=20)

    def work(half):
        try:
            with transaction.atomic():
                rows = claim_all(half)
                both_hold_locks.wait()
                rows += claim_all(planned)
                both_hold_locks.wait()
            return [row.pk for row in rows]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        alice, bob = pool.map(work, [planned[:12], planned[8:]])
    assert sorted(alice + bob) == [candidate.pk for candidate in planned]
    assert Attempt.objects.count() == 20


def test_what_a_lost_worker_held_is_planned_again(plan):
    planned = plan(prompts=2)
    claim_all(planned)
    assert release_expired(EXPIRED) == 2
    assert set(Candidate.objects.values_list("status", "lease")) == {("planned", None)}
    assert len(claim_all(planned, now=EXPIRED)) == 2


def test_what_a_living_worker_holds_is_left_alone(plan):
    claim_all(plan())
    assert release_expired(NOW + LEASE) == 0
    assert Candidate.objects.get().status == "running"


def test_a_candidate_that_keeps_killing_its_workers_is_given_up_and_says_so(plan, monkeypatch):
    monkeypatch.setattr(claiming, "MAX_LOST_IN_COMPANY", 6)
    planned, now = plan(), NOW
    Candidate.objects.update(planned_at=NOW)
    for _ in range(6):
        assert Candidate.objects.get().status == "planned"
        claim_all(planned, now=now)
        now += LEASE + timedelta(seconds=1)
        release_expired(now)
    candidate = Candidate.objects.get()
    assert (candidate.status, candidate.finished_at) == ("failed", now)
    assert candidate.reason == "its worker died 6 times while generating it"
    assert candidate.attempts.count() == 6


def test_who_was_worked_on_with_others_is_given_up_much_later():
    assert claiming.MAX_LOST < MAX_LOST_IN_COMPANY / 5
