"""Batch jobs over the wire: sent, looked after, and found again by whoever comes next."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from arenas.candidates import batches, jobs
from arenas.candidates.batches import follow_batches, open_job, send
from arenas.candidates.claim import release_expired
from arenas.candidates.due import find_lanes
from arenas.candidates.jobs import LOOK, PATIENCE
from arenas.candidates.models import BatchJob, Candidate
from arenas.candidates.open_images import open_received
from arenas.candidates.runs import Wish, cancel_run, start_run
from arenas.competitors.models import Competitor
from arenas.providers.base import Cause, ProviderError
from arenas.providers.gemini import Provider
from arenas.suites.load import load_suite
from evalsite.standin.server import StandIn
from tests.factories import make_arena, suite_file

pytestmark = pytest.mark.django_db
NOW = timezone.now() + timedelta(hours=1)
LATER = NOW + PATIENCE


@pytest.fixture
def plan(service, tmp_path):
    """Plans these prompts for a Gemini model, to be sent in batches."""

    def make(*prompts, **wish):
        rows = [
            {"id": f"prompt-{n}", **({"text": each} if isinstance(each, str) else each)}
            for n, each in enumerate(prompts)
        ]
        Competitor.objects.create(
            name="nano",
            provider="gemini",
            model="gemini-2.5-flash-image",
            price={"image": 0.04, "batch": 0.5},
        )
        arena = make_arena(load_suite(suite_file(tmp_path, rows)).version, ["nano"])
        return start_run(arena, Wish(in_batches=True, **wish), by="alice", now=NOW)

    return make


def send_batches(now):
    return batches.send_batches(lambda: now)


def open_all(received):
    for pk in received:
        open_received(pk, now=NOW, rng=random.Random(1))


def statuses():
    return list(Candidate.objects.order_by("pk").values_list("status", flat=True))


def submissions(service):
    return [each for each in service.received if "batchGenerateContent" in each.path]


def test_candidates_are_sent_as_one_job_and_stored_when_it_has_ended(plan, service):
    plan("A cat.", "A dog.", "A fox.")
    assert send_batches(NOW) == 1
    assert statuses() == ["running"] * 3
    open_all(follow_batches(LATER))
    assert statuses() == ["done"] * 3
    assert len(submissions(service)) == 1
    assert BatchJob.objects.get().state == "ended"


def test_a_batch_costs_its_share_of_the_price(plan):
    plan("A cat. [fault:no_usage]")
    send_batches(NOW)
    follow_batches(LATER)
    assert Candidate.objects.get().cost_usd == Decimal("0.02")


def test_each_candidate_has_an_end_of_its_own(plan):
    plan("A cat.", "A dog. [fault:prompt_blocked]", "A fox. [fault:bad_request]")
    send_batches(NOW)
    open_all(follow_batches(LATER))
    assert statuses() == ["done", "refused_prompt", "failed"]


def test_a_job_is_not_looked_at_before_its_time(plan):
    plan("A cat.")
    send_batches(NOW)
    assert follow_batches(NOW + LOOK / 2) == []
    assert statuses() == ["running"]


def test_a_conversation_is_not_sent_in_a_batch(plan):
    run = plan("A cat.", {"turns": ["A dog.", "Give it a hat."]})
    assert list(run.candidates.order_by("pk").values_list("for_batch", flat=True)) == [True, False]
    send_batches(NOW)
    assert statuses() == ["running", "planned"]


def test_a_sender_that_died_after_sending_is_followed_by_another(plan, service, monkeypatch):
    plan("A cat.")
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "note_sent", lambda *_, **__: True)
        send_batches(NOW)
    assert BatchJob.objects.get().job == ""
    open_all(follow_batches(LATER))
    assert statuses() == ["done"]
    assert len(submissions(service)) == 1


def test_a_sender_that_died_before_sending_gives_its_candidates_back(plan, service):
    plan("A cat.")
    [lane] = find_lanes(NOW, for_batch=True)
    open_job(lane, now=NOW)
    assert follow_batches(LATER) == []
    assert statuses() == ["planned"]
    assert send_batches(LATER) == 1
    open_all(follow_batches(LATER + LOOK))
    assert statuses() == ["done"]
    assert len(submissions(service)) == 1


def test_answers_that_were_stored_are_not_stored_again(plan):
    plan("A cat.", "A dog.")
    send_batches(NOW)
    open_all(follow_batches(LATER)[:1])
    first = Candidate.objects.earliest("pk")
    BatchJob.objects.update(state="sent", ended_at=None)
    assert follow_batches(LATER + LOOK) == []
    assert Candidate.objects.get(pk=first.pk).attempts.count() == 1


def test_a_request_that_no_batch_takes_goes_alone(plan, monkeypatch):
    plan("A cat.")
    [lane] = find_lanes(NOW, for_batch=True)
    job = open_job(lane, now=NOW)
    Competitor.objects.update(params={"enterprise": True})
    send(BatchJob.objects.get(pk=job.pk), now=NOW)
    candidate = Candidate.objects.get()
    assert (candidate.status, candidate.for_batch) == ("planned", False)
    assert "Developer API only" in candidate.reason


def test_the_lease_of_a_batch_outlives_a_process(plan):
    plan("A cat.")
    send_batches(NOW)
    assert release_expired(NOW + timedelta(hours=48)) == 0


def test_a_budget_holds_for_batches(plan):
    plan(*[f"Cat {n}." for n in range(5)], budget_usd=Decimal("0.05"))
    send_batches(NOW)
    assert statuses() == ["running"] * 2 + ["planned"] * 3


def test_a_cancelled_run_has_its_jobs_cancelled(plan, monkeypatch):
    with StandIn(batch_looks=9) as slow:
        run = plan("A cat.")
        monkeypatch.setenv("GEMINI_BASE_URL", slow.url)
        send_batches(NOW)
        cancel_run(run, now=NOW)
        follow_batches(LATER)
        assert any(each.path.endswith(":cancel") for each in slow.received)
    assert BatchJob.objects.get().reason == "cancelled"


def test_a_job_that_has_ended_is_kept_although_its_run_was_cancelled(plan):
    run = plan("A cat.")
    send_batches(NOW)
    cancel_run(run, now=NOW)
    open_all(follow_batches(LATER))
    assert statuses() == ["done"]


def test_a_job_that_arrived_when_it_had_been_given_up_is_cancelled(plan, service, monkeypatch):
    plan("A cat.")
    note = jobs.note_sent

    def note_late(job, name, *, now):
        BatchJob.objects.update(state="ended", ended_at=now)
        return note(job, name, now=now)

    monkeypatch.setattr(jobs, "note_sent", note_late)
    send_batches(NOW)
    assert any(each.path.endswith(":cancel") for each in service.received)
    assert BatchJob.objects.get().state == "ended"


def test_one_odd_job_does_not_keep_others_from_being_looked_after(plan, monkeypatch):
    monkeypatch.setattr(batches, "MOST", 1)
    plan("A cat.", "A dog.")
    send_batches(NOW)
    follow, odd = batches.follow, BatchJob.objects.earliest("pk")

    def stumble(job, now):
        if job == odd:
            raise AttributeError("what a service may answer")
        return follow(job, now)

    monkeypatch.setattr(batches, "follow", stumble)
    open_all(follow_batches(LATER))
    assert statuses() == ["running", "done"]


def test_what_came_to_nothing_in_batches_goes_alone_after_some_tries(plan):
    plan("A cat.")
    now = NOW
    for _ in range(3):
        for lane in find_lanes(now, for_batch=True):
            open_job(lane, now=now)
        now += PATIENCE
        follow_batches(now)
    assert list(Candidate.objects.values_list("status", "for_batch")) == [("planned", False)]


def test_a_service_that_is_full_is_asked_again_later_and_for_batches(plan, monkeypatch):
    async def refuse(*_, **__):
        raise ProviderError("full", cause=Cause.BUSY)

    plan("A cat.")
    monkeypatch.setattr(Provider, "submit", refuse)
    for number in range(4):
        assert send_batches(NOW + number * LOOK) == 1
    assert list(Candidate.objects.values_list("status", "for_batch")) == [("planned", True)]


def test_a_candidate_that_is_retried_alone_pays_the_full_price(plan, service):
    run = plan("A cat. [fault:bad_request:1] [fault:no_usage:1]")
    send_batches(NOW)
    follow_batches(LATER)
    assert statuses() == ["failed"]
    start_run(run.arena, Wish(retry_failed=True), by="alice", now=LATER)
    assert Candidate.objects.get().batch is None


def test_many_candidates_become_jobs_of_a_limited_size(plan, monkeypatch):
    monkeypatch.setattr(batches, "MOST", 2)
    plan(*[f"Cat {n}." for n in range(5)])
    assert send_batches(NOW) == 3
    open_all(follow_batches(LATER))
    assert statuses() == ["done"] * 5
