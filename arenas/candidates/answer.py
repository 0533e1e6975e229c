"""One candidate on the event loop: try after try, until there is a last word."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from django.conf import settings
from redis.exceptions import RedisError

from arenas.candidates.clean import clean
from arenas.candidates.limit import Limiter, Scope
from arenas.candidates.models import Candidate
from arenas.candidates.pause import closes
from arenas.candidates.retry import IN_PROCESS_SECONDS, Again, decide
from arenas.providers._http import HOLDING, Allowance, Holding
from arenas.providers.base import BaseProvider, Cause, Outcome, ProviderError, Request

GRACE = 5.0  # for a provider to say what it had by then
MEMORY = 64_000_000  # bytes of answers that are held at once


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed candidate, and the call to be made for it.

    `tries` counts its earlier tries by how they ended.
    """

    candidate: Candidate
    provider: BaseProvider
    request: Request
    scope: Scope
    tries: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Ended:
    """How one try ended, after how many seconds, and what follows.

    `again` says after how many seconds another try follows. Where the same process would make
    it, and keep the candidate, it asks for `permission`: whether the try was written down, and
    budget and run still allow another. `holding` is the memory that the answer takes.
    """

    job: Job
    end: Outcome | ProviderError
    seconds: float
    again: Again | None
    permission: asyncio.Future[bool] | None = None
    holding: Holding | None = None


Report = Callable[[Ended], None]
T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own, for as long as the process lives.

    SDKs keep their connections in it, so there is one, made when it is first needed: a process
    that was forked before has none yet.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.allowance = Allowance(MEMORY)
        self.places: dict[str, asyncio.Semaphore] = {}
        thread = threading.Thread(target=self.loop.run_forever, name="providers", daemon=True)
        thread.start()

    def start(self, job: Job, report: Report, stopping: threading.Event, limiter: Limiter) -> None:
        work = self.answer(job, report, stopping, limiter)
        asyncio.run_coroutine_threadsafe(work, self.loop)

    async def answer(
        self, job: Job, report: Report, stopping: threading.Event, limiter: Limiter
    ) -> None:
        """Try until there is a last word, or a wait too long to keep the place for."""
        try:
            await self.try_often(job, report, stopping, limiter)
        except Exception as error:  # whatever happens, somebody waits for a report
            failure = ProviderError(f"{type(error).__name__}: {error}")
            report(Ended(job, clean(failure), 0, Again(IN_PROCESS_SECONDS)))

    async def try_often(
        self, job: Job, report: Report, stopping: threading.Event, limiter: Limiter
    ) -> None:
        rng = random.Random()
        while True:
            holding = self.allowance.open()
            end, seconds = await self.take_place(job, holding)
            job.tries[end.status if isinstance(end, Outcome) else end.cause] += 1
            again = decide(end, job.tries, rng=rng)
            error = end if isinstance(end, ProviderError) else None
            stays = again is not None and keeps_place(end, again)
            if again and stays and error and error.cause == Cause.BUSY:
                # A longer wait closes the model, which is written down for all workers.
                await hold_others(job.scope, error.retry_after or again.seconds, limiter)
            # Turns that are paid for are lost with the process, so that they are gone on from.
            ending = stopping.is_set() and not (error and error.resume is not None)
            if again is None or not stays or ending:
                report(Ended(job, end, seconds, again, holding=holding))
                return
            permission: asyncio.Future[bool] = self.loop.create_future()
            report(Ended(job, end, seconds, again, permission=permission, holding=holding))
            if not await permission:
                return
            await asyncio.sleep(again.seconds)
            if (wait := await wait_turn(job, stopping, limiter)) is not None:
                late = ProviderError("other calls to this model come first", cause=Cause.BUSY)
                report(Ended(job, late, 0, Again(wait)))
                return
            if error and error.resume is not None:
                job = replace(job, request=replace(job.request, resume=error.resume))

    async def take_place(self, job: Job, holding: Holding) -> tuple[Outcome | ProviderError, float]:
        """One call as soon as there is a place for it; how it ended, and after how many seconds."""
        places = asyncio.Semaphore(job.provider.in_flight)
        async with self.places.setdefault(job.scope.provider, places):
            started = time.monotonic()
            end = await call(job, holding)
        return clean(end), time.monotonic() - started

    def wait_for(self, work: Coroutine[Any, Any, T], *, seconds: float) -> T:
        """What the work comes to. Raises TimeoutError, and ends the work, after so long."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self.loop).result()

    def permit(self, permission: asyncio.Future[bool], allowed: bool) -> None:
        self.loop.call_soon_threadsafe(permission.set_result, allowed)

    def release(self, holding: Holding) -> None:
        asyncio.run_coroutine_threadsafe(holding.release(), self.loop)


def keeps_place(end: Outcome | ProviderError, again: Again | None) -> bool:
    """Whether the next try is soon enough to wait for it here."""
    if again is None or again.seconds > IN_PROCESS_SECONDS:
        return False
    return not (isinstance(end, ProviderError) and closes(end))


async def hold_others(scope: Scope, seconds: float, limiter: Limiter) -> None:
    """Let nobody call the model for a while. Without a broker each finds out by itself."""
    with suppress(RedisError):
        await asyncio.to_thread(limiter.hold, scope, seconds)


async def wait_turn(job: Job, stopping: threading.Event, limiter: Limiter) -> float | None:
    """Wait until another call to the model may start; others may have been told to wait, too.

    Returns None when it may, or the seconds still to wait where that is too long, or where the
    process is to end. A candidate that has its place goes on without a broker: losing that must
    not lose work.
    """
    with suppress(RedisError):
        while True:
            grant = await asyncio.to_thread(limiter.take, job.scope, 1, rate=job.provider.rate)
            if grant.calls:
                return None
            if stopping.is_set() or grant.wait > IN_PROCESS_SECONDS:
                return grant.wait
            await asyncio.sleep(grant.wait + random.uniform(0.01, 0.2))
    return None


async def call(job: Job, holding: Holding) -> Outcome | ProviderError:
    """One call within its deadline. Whatever a provider raises becomes a ProviderError."""
    deadline: float = settings.CALL_SECONDS
    HOLDING.set(holding)
    try:
        async with asyncio.timeout(deadline + GRACE):
            return await job.provider.generate(job.request, deadline=deadline)
    except ProviderError as error:
        return error
    except TimeoutError:
        return ProviderError(f"no answer within {deadline:g} seconds", cause=Cause.TIMEOUT)
    except Exception as error:  # a provider's own mistake must not take its neighbours down
        return ProviderError(f"{type(error).__name__}: {error}", permanent=True)
