"""Send candidates as batch jobs, later and for less, and look after the jobs until they end.

A job is written down, with its candidates claimed, before it is sent. Whoever looks after it may
die at any moment: a job that may or may not have arrived is found by its name, and answers that
were stored are not stored again.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from arenas.candidates.answer import Ended, Job
from arenas.candidates.claim import claim, take_turn
from arenas.candidates.clean import clean
from arenas.candidates.due import Lane, find_lanes, find_scope, select_affordable
from arenas.candidates.generate import get_loop, make_request, store_end
from arenas.candidates.models import BatchJob, Candidate, GenerationRun, ServicePause
from arenas.candidates.pause import pause_for
from arenas.candidates.retry import decide
from arenas.candidates.store import count_tries, put_back
from arenas.providers.base import (
    BatchProvider,
    BatchState,
    Cause,
    Outcome,
    ProviderError,
    Request,
    make_provider,
)

State = BatchJob.State
logger = logging.getLogger(__name__)
MOST = 40  # candidates a job: what is lost or late with it stays small, and its file below 2 GB
OPEN_JOBS = 20  # per competitor; services limit them, too
LONGEST = timedelta(hours=49)  # services give a job up after 48
LOOK = timedelta(seconds=60)
SENDING_SECONDS = 120.0
PATIENCE = timedelta(seconds=SENDING_SECONDS) + LOOK  # then it is found out whether it arrived
READING_SECONDS = 500.0  # the answers may be a gigabyte
MOST_TRIES = 3  # in batches, before a candidate goes alone


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
    """Send a job. Where it is not known whether it arrived, that is found out later."""
    try:
        requests = {str(row.pk): make_request(row) for row in find_candidates(job)}
        provider = find_provider(job)
        submitted = provider.submit(requests, name=str(job.name))
        name = get_loop().wait_for(submitted, seconds=SENDING_SECONDS)
        if not note_sent(job, name, now=now):  # it was given up meanwhile
            get_loop().wait_for(provider.cancel(name), seconds=SENDING_SECONDS)
    except TimeoutError:
        return
    except (ProviderError, ValueError, OSError) as error:
        failure = as_provider_error(error)
        if failure.cause not in (Cause.PASSING, Cause.TIMEOUT):
            give_back(job, failure, now=now)


def note_sent(job: BatchJob, name: str, *, now: datetime) -> bool:
    """Keep the service's id of the job; False where nobody waits for it any more."""
    job.job, job.state = name, State.SENT
    waiting = BatchJob.objects.filter(pk=job.pk, state=State.SENDING)
    return bool(waiting.update(job=name, state=State.SENT, look_at=now + LOOK))


def give_back(job: BatchJob, error: ProviderError, *, now: datetime) -> None:
    """End a job that came to nothing. What the service does not take together goes alone."""
    pause = pause_for(find_scope(job.competitor), error, now=now)
    candidates = find_candidates(job)
    tries = count_tries(candidates)
    for candidate in candidates:
        before = tries.get(candidate.pk, Counter()).total()
        candidate.for_batch = not error.permanent and before + 1 < MOST_TRIES
        put_back(candidate, error, until=pause.until if pause else now, now=now)
    close(job, str(error), now=now)


def close(job: BatchJob, reason: str, *, now: datetime) -> None:
    job.state, job.reason, job.ended_at = State.ENDED, reason, now
    job.save()


def follow_batches(now: datetime) -> list[int]:
    """Look after the jobs whose time has come; return the candidates that were received."""
    received = []
    for pk in find_open(now).values_list("pk", flat=True):
        # Whoever moves the time looks after the job; nobody else does until then.
        if find_open(now).filter(pk=pk).update(look_at=now + timedelta(seconds=READING_SECONDS)):
            job = BatchJob.objects.select_related("competitor", "run").get(pk=pk)
            try:
                received += follow(job, now)
            except Exception:  # one odd job must not keep the others from being looked after
                logger.exception("%s could not be followed", job)
    return received


def find_open(now: datetime) -> QuerySet[BatchJob]:
    return BatchJob.objects.exclude(state=State.ENDED).filter(look_at__lte=now)


def follow(job: BatchJob, now: datetime) -> list[int]:
    """See what became of a job, and store its answers; return what was received."""
    loop = get_loop()
    try:
        provider = find_provider(job)
        if job.state == State.SENDING:
            found = loop.wait_for(provider.find(str(job.name)), seconds=SENDING_SECONDS)
            if found is None:
                give_back(job, ProviderError("the batch did not arrive"), now=now)
                return []
            note_sent(job, found, now=now)
        state = loop.wait_for(provider.poll(job.job), seconds=READING_SECONDS)
        if state.ended:
            return finish(job, provider, state, now=now)
        if job.run.state == GenerationRun.State.CANCELLED and not job.reason:
            cancel(job, provider)
    except TimeoutError:
        pass
    except (ProviderError, ValueError) as error:
        failure = as_provider_error(error)
        if failure.permanent:
            give_back(job, failure, now=now)
            return []
        pause_for(find_scope(job.competitor), failure, now=now)
    BatchJob.objects.filter(pk=job.pk).update(look_at=now + LOOK)
    return []


def cancel(job: BatchJob, provider: BatchProvider) -> None:
    """Ask for the end of a job. A service that refuses that has ended it, or will."""
    with suppress(ProviderError):
        get_loop().wait_for(provider.cancel(job.job), seconds=SENDING_SECONDS)
    BatchJob.objects.filter(pk=job.pk).update(reason="cancelled")


def finish(
    job: BatchJob, provider: BatchProvider, state: BatchState, *, now: datetime
) -> list[int]:
    """Store what each candidate came to; return those whose images are to be opened."""
    received = []
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
    """Raises ValueError where the competitor's provider is gone, or takes no batches any more."""
    competitor = job.competitor
    provider = make_provider(competitor.provider, competitor.model, competitor.params)
    if not isinstance(provider, BatchProvider):
        raise ValueError(f"{competitor.provider} takes no batches")
    return provider


def as_provider_error(error: Exception) -> ProviderError:
    """The error without keys. One of the request's own making does not pass by itself."""
    made = (
        error
        if isinstance(error, ProviderError)
        else ProviderError(str(error), permanent=isinstance(error, ValueError))
    )
    hidden = clean(made)
    assert isinstance(hidden, ProviderError)
    return hidden
