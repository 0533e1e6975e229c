"""Put what is due to the judges, many questions at once, and keep each reply as it comes."""

import asyncio
import logging
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from arenas.candidates.clean import clean, clean_reason, clean_text, clean_usage, clean_value
from arenas.candidates.generate import get_loop
from arenas.candidates.limit import Limiter
from arenas.candidates.pause import pause_for, reopen
from arenas.candidates.retry import Again, decide
from arenas.definitions.seats import Seat
from arenas.judging.budget import measure_cost
from arenas.judging.claim import AT_ONCE, Job, claim, extend_lease, find_scope
from arenas.judging.models import Judgment, JudgmentStatus
from arenas.judging.words import ASPECTS
from arenas.providers.base import (
    Answer,
    BaseProvider,
    Cause,
    Outcome,
    ProviderError,
    Reference,
    Status,
)

End = Answer | ProviderError
LONGEST_RAW = 20_000
logger = logging.getLogger(__name__)


@contextmanager
def stand_alone(seat: Seat) -> Iterator[None]:
    """Whatever is wrong with one judge is logged, and holds up no other."""
    try:
        yield
    except Exception:
        logger.exception("the judge %s is left out for now", seat)


@dataclass(slots=True)
class Asker:
    """Claims, asks and stores, for as long as it is let; its lease covers all that it has asked."""

    seats: Sequence[Seat]
    limiter: Limiter
    clock: Callable[[], datetime]
    rng: random.Random
    seen: Callable[[], object] = lambda: None  # called whenever some replies are stored
    lease: uuid.UUID = field(default_factory=uuid.uuid4)
    pending: dict[Future[tuple[End, float]], Job] = field(default_factory=dict)

    def run(self, seconds: float, *, asked_to_stop: Callable[[], bool] = lambda: False) -> int:
        """Go on while something is due, and begin nothing new after so many seconds.

        Returns how many calls were begun.
        """
        begun, until = 0, time.monotonic() + seconds
        while True:
            if time.monotonic() < until and not asked_to_stop():
                begun += self.begin()
            if not self.pending:
                return begun
            self.settle()

    def begin(self) -> int:
        """Ask what there is room for; return how much that was."""
        before, now = len(self.pending), self.clock()
        for seat in self.seats:
            room = AT_ONCE - len(self.pending)
            if room <= 0:
                break
            with stand_alone(seat):
                jobs = claim(
                    seat, limit=room, lease=self.lease, until=self.find_end(now), now=now,
                    limiter=self.limiter,
                )  # fmt: skip
                for job in jobs:
                    self.start(job)
        return len(self.pending) - before

    def start(self, job: Job) -> None:
        try:
            images = [picture.load() for picture in job.showing.pictures]
        except OSError as error:
            lost = ProviderError(f"a picture cannot be read: {error}", permanent=True)
            store(job.judgment, lost, seconds=0, again=None, now=self.clock())
            return
        work = call(job.provider, images, job.showing.question, job.showing.schema)
        future = asyncio.run_coroutine_threadsafe(work, get_loop().loop)
        self.pending[future] = job

    def settle(self) -> None:
        """Wait for some replies, and keep them; meanwhile say that this process is alive."""
        done, _ = wait(
            self.pending, timeout=settings.LEASE_SECONDS / 3, return_when=FIRST_COMPLETED
        )
        now = self.clock()
        extend_lease(self.lease, until=self.find_end(now))
        for future in done:
            job = self.pending.pop(future)
            end, seconds = future.result()
            with stand_alone(job.seat):
                self.keep(job, end, seconds)
        self.seen()

    def keep(self, job: Job, end: End, seconds: float) -> None:
        again = decide_again(job.judgment, end, rng=self.rng)
        store(job.judgment, end, seconds=seconds, again=again, now=self.clock())
        scope = find_scope(job.seat.judge)
        if isinstance(end, Answer):
            reopen(scope, now=self.clock())
        elif end.cause == Cause.BUSY:
            self.limiter.hold(scope, end.retry_after or (again.seconds if again else 1))

    def find_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=settings.LEASE_SECONDS)


async def call(
    provider: BaseProvider, images: Sequence[Reference], question: str, schema: dict[str, object]
) -> tuple[End, float]:
    """One call within its deadline, and its seconds. Whatever is raised becomes a ProviderError."""
    started, deadline = time.monotonic(), settings.CALL_SECONDS
    end: End
    try:
        async with asyncio.timeout(deadline):
            end = clean_answer(await provider.ask(images, question, schema))
    except ProviderError as error:
        end = error
    except TimeoutError:
        end = ProviderError(f"no reply within {deadline:g} seconds", cause=Cause.TIMEOUT)
    except Exception as error:  # a provider's own mistake must not take its neighbours down
        end = ProviderError(f"{type(error).__name__}: {error}", permanent=True)
    seconds = time.monotonic() - started
    return (clean_end(end) if isinstance(end, ProviderError) else end), seconds


def clean_end(end: End) -> End:
    """The same end of a try without what must not be stored."""
    if isinstance(end, Answer):
        return clean_answer(end)
    cleaned = clean(end)
    return cleaned if isinstance(cleaned, ProviderError) else end


def clean_answer(answer: Answer) -> Answer:
    data = clean_value(answer.data)
    return replace(
        answer,
        data=data if isinstance(data, dict) else {},
        raw=clean_text(answer.raw[:LONGEST_RAW]),
        reason=clean_reason(answer.reason),
        raw_reason=clean_reason(answer.raw_reason),
        model_version=clean_text(answer.model_version)[:100],
        usage=clean_usage(answer.usage),
    )


def decide_again(judgment: Judgment, end: End, *, rng: random.Random) -> Again | None:
    """What follows this try; the policy is that of generation. Counts the try."""
    kind = end.status if isinstance(end, Answer) else end.cause
    judgment.tries = dict(Counter(judgment.tries) + Counter({str(kind): 1}))
    return decide(as_outcome(end), Counter(judgment.tries), rng=rng)


def as_outcome(end: End) -> Outcome | ProviderError:
    """As the retry policy takes it: a reply of another form may be an accident."""
    if isinstance(end, ProviderError):
        return end
    return Outcome(end.status, try_again=end.status == Status.MALFORMED)


@transaction.atomic
def store(
    row: Judgment, end: End, *, seconds: float, again: Again | None, now: datetime
) -> Judgment | None:
    """Write a try down. None where somebody else has the judgment now, and asks anew."""
    mine = Q(status=JudgmentStatus.RUNNING, lease=row.lease)
    if not Judgment.objects.select_for_update().filter(mine, pk=row.pk).exists():
        return None
    in_batch = row.batch_id is not None
    paid = measure_cost(row.judge, end, estimate=row.estimate_usd, in_batch=in_batch)
    row.cost_usd += paid.usd
    row.cost_estimated = row.cost_estimated or paid.estimated
    row.lease = row.lease_until = row.not_before = None
    row.seconds = seconds
    describe(row, end)
    if again is None:
        row.finished_at = now
    else:
        row.status, row.batch = JudgmentStatus.PLANNED, None
        row.not_before = now + timedelta(seconds=again.seconds)
    if isinstance(end, ProviderError):
        pause = pause_for(find_scope(row.judge), end, now=now)
        row.not_before = pause.until if pause and again else row.not_before
    row.save()
    return row


def describe(row: Judgment, end: End) -> None:
    """What the try said of the judgment, as if it were its last."""
    if isinstance(end, ProviderError):
        row.status, row.reason = JudgmentStatus.FAILED, str(end)
        row.usage = dict(end.usage)
        return
    row.status = {
        Status.DONE: JudgmentStatus.DONE,
        Status.MALFORMED: JudgmentStatus.MALFORMED,
    }.get(end.status, JudgmentStatus.REFUSED)
    row.answers = {aspect: end.data[aspect] for aspect in ASPECTS if aspect in end.data}
    row.raw, row.reason = end.raw, end.reason or str(end.data.get("reason", ""))
    row.usage, row.model_version = dict(end.usage), end.model_version
