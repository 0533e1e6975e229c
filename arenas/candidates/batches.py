"""Send candidates as batch jobs, later and for less, and look after the jobs until they end.

A job is written down, with its candidates claimed, before it is sent. Whoever looks after it may
die at any moment: a job that may or may not have arrived is found by its name, and answers that
were stored are not stored again.
"""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from arenas.candidates.answer import Ended, Job, hide_secrets
from arenas.candidates.claim import claim, take_turn
from arenas.candidates.due import Lane, afford, find_lanes, find_scope, select_rows
from arenas.candidates.generate import get_loop, make_request, store
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
MOST = 100  # candidates a job: what is lost or late with it stays small
OPEN_JOBS = 20  # per competitor; services limit them, too
LONGEST = timedelta(hours=49)  # services give a job up after 48
LOOK = timedelta(seconds=60)
CALL_SECONDS = 120.0


def send_batches(now: datetime) -> int:
    """Send a job for what is due, as far as budgets and pauses allow; return how many were sent."""
    sent = 0
    for lane in find_lanes(now, for_batch=True):
        for competitor in lane.competitors:
            own = Lane(lane.scope, lane.provider, [competitor])
            while job := open_job(own, now=now):
                send(job, now=now)
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
    if (
        BatchJob.objects.filter(competitor=competitor).exclude(state=State.ENDED).count()
        > OPEN_JOBS
    ):
        return None
    rows = select_rows(lane, now, limit=MOST, for_batch=True)
    same_run = [row for row in rows if row.run_id == rows[0].run_id]
    affordable = afford(same_run, now=now)
    estimates = {row.pk: usd for row, usd in affordable.items()}
    claimed = claim(list(estimates), now=now, lease=LONGEST, estimates=estimates)
    run = rows[0].run if rows else None
    if not claimed or run is None:
        return None
    job = BatchJob.objects.create(competitor=competitor, run=run, sent_at=now, look_at=now + LOOK)
    Candidate.objects.filter(pk__in=[row.pk for row in claimed]).update(batch=job)
    return job


def send(job: BatchJob, *, now: datetime) -> None:
    """Send a job. Where it is not known whether it arrived, that is found out later."""
    try:
        requests = {str(row.pk): make_request(row) for row in find_candidates(job)}
        provider = find_provider(job)
        submitted = provider.submit(requests, name=str(job.name))
        note_sent(job, get_loop().wait_for(submitted, seconds=CALL_SECONDS), now=now)
    except TimeoutError:
        return
    except (ProviderError, ValueError, OSError) as error:
        failure = as_provider_error(error)
        if failure.cause not in (Cause.PASSING, Cause.TIMEOUT):
            give_back(job, failure, now=now)


def note_sent(job: BatchJob, name: str, *, now: datetime) -> None:
    job.job, job.state, job.look_at = name, State.SENT, now + LOOK
    job.save()


def give_back(job: BatchJob, error: ProviderError, *, now: datetime) -> None:
    """End a job that came to nothing. What the service does not take together goes alone."""
    pause = pause_for(find_scope(job.competitor), error, now=now)
    for candidate in find_candidates(job):
        candidate.for_batch = not error.permanent
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
        if find_open(now).filter(pk=pk).update(look_at=now + LOOK):
            received += follow(BatchJob.objects.select_related("competitor", "run").get(pk=pk), now)
    return received


def find_open(now: datetime) -> QuerySet[BatchJob]:
    return BatchJob.objects.exclude(state=State.ENDED).filter(look_at__lte=now)


def follow(job: BatchJob, now: datetime) -> list[int]:
    """See what became of a job, and store its answers; return what was received."""
    loop = get_loop()
    try:
        provider = find_provider(job)
        if job.state == State.SENDING:
            found = loop.wait_for(provider.find(str(job.name)), seconds=CALL_SECONDS)
            if found is None:
                give_back(job, ProviderError("the batch did not arrive"), now=now)
                return []
            note_sent(job, found, now=now)
        if job.run.state == GenerationRun.State.CANCELLED and not job.reason:
            loop.wait_for(provider.cancel(job.job), seconds=CALL_SECONDS)
            BatchJob.objects.filter(pk=job.pk).update(reason="cancelled")
        state = loop.wait_for(provider.poll(job.job), seconds=CALL_SECONDS)
    except TimeoutError:
        return []
    except (ProviderError, ValueError) as error:
        failure = as_provider_error(error)
        if failure.permanent:
            give_back(job, failure, now=now)
        else:
            pause_for(find_scope(job.competitor), failure, now=now)
        return []
    return finish(job, provider, state, now=now) if state.ended else []


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
        ended = hide_secrets(came)
        kind = ended.status if isinstance(ended, Outcome) else ended.cause
        before = tries.get(candidate.pk, Counter())
        again = decide(ended, before + Counter([str(kind)]), rng=random.Random())
        request = Request(candidate.prompt.key, tuple(candidate.prompt.turns))
        call = Job(candidate, provider, request, scope)
        seconds = (now - job.sent_at).total_seconds()
        if store(Ended(call, ended, seconds, again), now=now).status == Candidate.Status.RECEIVED:
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
    hidden = hide_secrets(made)
    assert isinstance(hidden, ProviderError)
    return hidden
