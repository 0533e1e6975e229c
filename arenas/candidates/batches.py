"""Send candidates as batch jobs, later and for less, and look after the jobs until they end.

A job is written down, with its candidates claimed, before it is sent. Answers that were stored
are not stored again, whoever died in between.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from arenas.candidates.answer import Ended, Job
from arenas.candidates.claim import claim, take_turn
from arenas.candidates.clean import clean
from arenas.candidates.due import Lane, find_lanes, find_scope, select_affordable
from arenas.candidates.generate import make_request, store_end
from arenas.candidates.jobs import (
    LONGEST,
    OPEN_JOBS,
    PATIENCE,
    close,
    connect,
    deliver,
    find_wait,
    goes_alone,
    look_up,
    take_open,
)
from arenas.candidates.models import BatchJob, Candidate, GenerationRun, ServicePause
from arenas.candidates.pause import pause_for
from arenas.candidates.retry import decide
from arenas.candidates.store import count_tries, put_back
from arenas.providers.base import BatchProvider, BatchState, Outcome, ProviderError, Request

State = BatchJob.State
logger = logging.getLogger(__name__)
MOST = 40  # candidates a job: what is lost or late with it stays small, and its file below 2 GB


def send_batches(clock: Callable[[], datetime]) -> int:
    """Send jobs for what is due, as far as budgets and pauses allow; return how many were sent."""
    sent = 0
    for lane in find_lanes(clock(), for_batch=True):
        for competitor in lane.competitors:
            own = Lane(lane.scope, lane.provider, [competitor])
            while job := open_job(own, now=clock()):
                send(job, now=clock())
                sent += 1
    return sent


@transaction.atomic
def open_job(lane: Lane, *, now: datetime) -> BatchJob | None:
    """Claim some of the competitor's candidates for a job; None where nothing may be sent."""
    take_turn()
    [competitor] = lane.competitors
    names = [lane.scope.of_account, str(lane.scope)]
    if ServicePause.objects.filter(scope__in=names, until__gt=now).exists():
        return None
    open_jobs = BatchJob.objects.filter(competitor=competitor).exclude(state=State.ENDED)
    if open_jobs.count() >= OPEN_JOBS:
        return None
    affordable = select_affordable(lane, now, limit=MOST, for_batch=True)
    run = next((row.run for row in affordable), None)
    estimates = {row.pk: usd for row, usd in affordable.items() if row.run == run}
    claimed = claim(list(estimates), now=now, lease=LONGEST, estimates=estimates)
    if not claimed or run is None:
        return None
    job = BatchJob.objects.create(
        competitor=competitor, run=run, sent_at=now, look_at=now + PATIENCE
    )
    Candidate.objects.filter(pk__in=[row.pk for row in claimed]).update(batch=job)
    return job


def send(job: BatchJob, *, now: datetime) -> None:
    """Send a job. What the service does not take is given back."""

    def prepare() -> tuple[BatchProvider, Coroutine[Any, Any, str]]:
        requests = {str(row.pk): make_request(row) for row in find_candidates(job)}
        provider = find_provider(job)
        return provider, provider.submit(requests, name=str(job.name))

    if failure := deliver(job, prepare, now=now):
        give_back(job, failure, now=now)


def give_back(job: BatchJob, error: ProviderError, *, now: datetime) -> None:
    """End a job that came to nothing. What the service does not take together goes alone."""
    pause = pause_for(find_scope(job.competitor), error, now=now)
    until = pause.until if pause else now + find_wait(error)
    candidates = find_candidates(job)
    tries = count_tries(candidates)
    for candidate in candidates:
        tried = tries.get(candidate.pk, Counter()) + Counter([str(error.cause)])
        candidate.for_batch = not goes_alone(tried, error)
        put_back(candidate, error, until=until, now=now)
    close(job, str(error), now=now)


def follow_batches(now: datetime) -> list[int]:
    """Look after the jobs whose time has come; return the candidates that were received."""
    received = []
    for job in take_open(BatchJob, now):
        try:
            received += follow(job, now)
        except Exception:  # one odd job must not keep the others from being looked after
            logger.exception("%s could not be followed", job)
    return received


def follow(job: BatchJob, now: datetime) -> list[int]:
    """See what became of a job, and store its answers; return what was received."""
    ended = look_up(
        job,
        lambda: find_provider(job),
        lambda provider: provider.poll(job.job),
        scope=find_scope(job.competitor),
        unwanted=job.run.state == GenerationRun.State.CANCELLED,
        now=now,
    )
    if isinstance(ended, ProviderError):
        give_back(job, ended, now=now)
        return []
    return finish(job, ended, now=now) if ended else []


def finish(job: BatchJob, state: BatchState[Outcome], *, now: datetime) -> list[int]:
    """Store what each candidate came to; return those whose images are to be opened."""
    received, provider = [], find_provider(job)
    candidates = find_candidates(job)
    tries = count_tries(candidates)
    scope = find_scope(job.competitor)
    for candidate in candidates:
        came = state.results.get(str(candidate.pk))
        if came is None:
            came = ProviderError(state.failed or "the batch holds no answer to it")
        ended = clean(came)
        kind = ended.status if isinstance(ended, Outcome) else ended.cause
        before = tries.get(candidate.pk, Counter())
        again = decide(ended, before + Counter([str(kind)]), rng=random.Random())
        request = Request(candidate.prompt.key, tuple(candidate.prompt.turns))
        call = Job(candidate, provider, request, scope)
        seconds = (now - job.sent_at).total_seconds()
        stored = store_end(Ended(call, ended, seconds, again))
        if stored.status == Candidate.Status.RECEIVED:
            received.append(candidate.pk)
    close(job, state.failed or job.reason, now=now)
    return received


def find_candidates(job: BatchJob) -> Sequence[Candidate]:
    """What still waits for the job."""
    rows = job.candidates.filter(status=Candidate.Status.RUNNING).order_by("pk")
    related = rows.select_related("prompt", "competitor")
    return list(related.prefetch_related("prompt__references__image"))


def find_provider(job: BatchJob) -> BatchProvider:
    competitor = job.competitor
    return connect(competitor.provider, competitor.model, competitor.params)
