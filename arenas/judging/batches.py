"""Put questions to judges as batch jobs, later and for less, and keep the replies when they come.

A job is written down, with its judgments claimed, before it is sent. Replies that were stored
are not stored again, whoever died in between.
"""

import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from arenas.candidates.claim import take_turn
from arenas.candidates.jobs import (
    CANCELLED,
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
from arenas.candidates.models import ServicePause
from arenas.candidates.pause import reopen
from arenas.candidates.retry import UNBLAMED, Again
from arenas.definitions.seats import Seat
from arenas.judging.ask import End, clean_end, decide_again, stand_alone, store
from arenas.judging.claim import FETCHED, RELATED, Job, find_new, find_scope
from arenas.judging.models import JudgingBatch, Judgment, JudgmentStatus
from arenas.judging.words import make_schema
from arenas.providers.base import Answer, BatchProvider, BatchState, ProviderError, Question

State = JudgingBatch.State
MOST = 100  # judgments a job: some hundred megabytes of pictures at the most


def send_batches(seats: Sequence[Seat], clock: Callable[[], datetime]) -> int:
    """Send jobs for what is due, as far as budgets and pauses allow; return how many were sent."""
    sent = 0
    for seat in seats:
        with stand_alone(seat):
            while opened := open_batch(seat, now=clock()):
                send(*opened, now=clock())
                sent += 1
    return sent


@transaction.atomic
def open_batch(seat: Seat, *, now: datetime) -> tuple[JudgingBatch, list[Job]] | None:
    """Claim some of the seat's judgments for a job; None where nothing is to be sent."""
    take_turn()
    scope = find_scope(seat.judge)
    names = [scope.of_account, str(scope)]
    if ServicePause.objects.filter(scope__in=names, until__gt=now).exists():
        return None
    if seat.batches.exclude(state=State.ENDED).count() >= OPEN_JOBS:
        return None
    provider = find_provider(seat)
    jobs = list(find_new(seat, provider, now=now, limit=MOST, for_batch=True))
    if not jobs:
        return None
    batch = JudgingBatch.objects.create(seat=seat, sent_at=now, look_at=now + PATIENCE)
    for job in jobs:
        row = job.judgment
        row.status, row.lease, row.lease_until = JudgmentStatus.RUNNING, batch.name, now + LONGEST
        row.batch = batch
        row.save()
    return batch, jobs


def send(batch: JudgingBatch, jobs: Sequence[Job], *, now: datetime) -> None:
    """Send a job. What the service does not take is given back."""

    def prepare() -> tuple[BatchProvider, Coroutine[Any, Any, str]]:
        questions = load_questions(jobs, now=now)
        provider = find_provider(batch.seat)
        return provider, provider.submit_questions(questions, name=str(batch.name))

    if failure := deliver(batch, prepare, now=now):
        give_back(batch, failure, now=now)


def load_questions(jobs: Sequence[Job], *, now: datetime) -> Mapping[str, Question]:
    """By judgment. One whose pictures cannot be read fails by itself. Raises ValueError where
    none is left.
    """
    questions: dict[str, Question] = {}
    for job in jobs:
        row, showing = job.judgment, job.showing
        try:
            images = [picture.load() for picture in showing.pictures]
        except OSError as error:
            lost = ProviderError(f"a picture cannot be read: {error}", permanent=True)
            store(row, lost, seconds=0, again=None, now=now)
            continue
        questions[str(row.pk)] = Question(images, showing.question, showing.schema)
    if not questions:
        raise ValueError("no picture of the batch can be read")
    return questions


def give_back(batch: JudgingBatch, error: ProviderError, *, now: datetime) -> None:
    """End a job that came to nothing."""
    for row in find_judgments(batch):
        put_back(row, error, now=now)
    close(batch, str(error), now=now)


def put_back(row: Judgment, error: ProviderError, *, now: datetime) -> None:
    """Plan again what nobody replied to."""
    row.tries = {**row.tries, str(error.cause): row.tries.get(error.cause, 0) + 1}
    row.alone = goes_alone(row.tries, error)
    wait = find_wait(error).total_seconds()
    store(row, error, seconds=0, again=Again(wait), now=now)


def follow_batches(now: datetime) -> int:
    """Look after the jobs whose time has come; return how many judgments were replied to."""
    replied = 0
    for batch in take_open(JudgingBatch, now):
        with stand_alone(batch.seat):
            replied += follow(batch, now)
    return replied


def follow(batch: JudgingBatch, now: datetime) -> int:
    """See what became of a job, and store its replies; return how many."""
    schemas = {str(row.pk): make_schema(row.battle.prompt) for row in find_judgments(batch)}
    ended = look_up(
        batch,
        lambda: find_provider(batch.seat),
        lambda provider: provider.poll_questions(batch.job, schemas),
        scope=find_scope(batch.seat.judge),
        unwanted=batch.seat.left_at is not None,
        now=now,
    )
    if isinstance(ended, ProviderError):
        give_back(batch, ended, now=now)
        return 0
    return finish(batch, ended, now=now) if ended else 0


def finish(batch: JudgingBatch, state: BatchState[Answer], *, now: datetime) -> int:
    """Store what each judgment came to."""
    replied = 0
    failure = ProviderError(state.failed or "the batch holds no reply to it")
    for row in find_judgments(batch):
        came = state.results.get(str(row.pk))
        if came is not None:
            keep(row, clean_end(came), seconds=(now - batch.sent_at).total_seconds(), now=now)
            replied += 1
        elif batch.reason != CANCELLED:
            put_back(row, failure, now=now)
    # Nobody wants the rest of a cancelled job: as if it had not been asked.
    batch.judgments.filter(status=JudgmentStatus.RUNNING).update(
        status=JudgmentStatus.PLANNED, lease=None, lease_until=None, batch=None
    )
    close(batch, state.failed or batch.reason, now=now)
    return replied


def keep(row: Judgment, end: End, *, seconds: float, now: datetime) -> None:
    """Store a judgment's own end. Another try goes alone: a further day is too long for a few."""
    again = decide_again(row, end, rng=random.Random())
    waits = isinstance(end, ProviderError) and end.cause in UNBLAMED
    row.alone = again is not None and not waits
    store(row, end, seconds=seconds, again=again, now=now)
    if isinstance(end, Answer):
        reopen(find_scope(row.judge), now=now)


def find_judgments(batch: JudgingBatch) -> Sequence[Judgment]:
    """What still waits for the job."""
    rows = batch.judgments.filter(status=JudgmentStatus.RUNNING).order_by("pk")
    return list(rows.select_related(*RELATED).prefetch_related(FETCHED[0]))


def find_provider(seat: Seat) -> BatchProvider:
    judge = seat.judge
    return connect(judge.provider, judge.model, judge.params)
