"""Let providers answer for claimed candidates, and store each answer as it comes."""

import asyncio
import hashlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module

from django.db import connection
from django.utils import timezone

from arenas.candidates.claim import claim, extend_leases
from arenas.candidates.models import Candidate
from arenas.candidates.store import put_back, store_outcome
from arenas.images.store import read_bytes
from arenas.providers.base import (
    BaseProvider,
    Outcome,
    ProviderError,
    Reference,
    Request,
    make_provider,
    provider_names,
)

DEADLINE = 180.0  # seconds for one answer, all its turns included


@dataclass(frozen=True, slots=True)
class Job:
    candidate: Candidate
    provider: BaseProvider
    request: Request


@dataclass(frozen=True, slots=True)
class Result:
    """How one job ended: an outcome, or the error that there was instead."""

    candidate: Candidate
    outcome: Outcome | None
    error: ProviderError | None
    seconds: float


def generate(ids: Sequence[int], *, now: datetime, lease: timedelta) -> int:
    """Generate those of the candidates that are still planned; return how many ended here."""
    claimed = claim(ids, now=now, lease=lease)
    if not claimed:
        return 0
    jobs = [job for candidate in load(claimed) if (job := make_job(candidate))]
    for result in run_jobs(jobs, lease=lease):
        store_result(result, now=timezone.now())
    return len(claimed)


def store_result(result: Result, *, now: datetime) -> None:
    """Write the result down. One that the database does not take is the candidate's error."""
    untouched, error = copy(result.candidate), result.error
    if result.outcome is not None:
        try:
            store_outcome(result.candidate, result.outcome, seconds=result.seconds, now=now)
        except Exception as raised:  # one answer must not take those that came with it down
            error = ProviderError(f"the answer could not be stored: {raised}")
    if error is not None:
        put_back(untouched, error, seconds=result.seconds, now=now)


def load(claimed: Sequence[Candidate]) -> list[Candidate]:
    return list(
        Candidate.objects.filter(pk__in=[candidate.pk for candidate in claimed])
        .select_related("prompt", "competitor")
        .prefetch_related("prompt__references__image")
    )


def make_job(candidate: Candidate) -> Job | None:
    """The call to be made; None where it cannot be, and then the candidate says why."""
    competitor = candidate.competitor
    try:
        provider = make_provider(competitor.provider, competitor.model, competitor.params)
        return Job(candidate, provider, make_request(candidate))
    except (ValueError, OSError) as error:
        # A provider that is gone stays gone; storage that does not answer may come back.
        lasting = ProviderError(str(error), permanent=isinstance(error, ValueError))
        put_back(candidate, lasting, seconds=0, now=timezone.now())
        return None


def make_request(candidate: Candidate) -> Request:
    """The prompt as providers take it, with its reference pictures' bytes."""
    prompt = candidate.prompt
    expect = prompt.expectation
    return Request(
        prompt=prompt.key,
        turns=tuple(prompt.turns),
        category=prompt.category,
        references=tuple(
            Reference(
                id=reference.key,
                role=reference.role,
                data=read_bytes(reference.image.path),
                mime=reference.image.mime,
            )
            for reference in prompt.references.all()
        ),
        aspect_ratio=expect.aspect_ratio,
        n_images=expect.n_images,
        sample=candidate.sample,
        seed=derive_seed(prompt.content_hash, candidate.competitor.name, candidate.sample),
        expect=expect,
    )


def derive_seed(prompt: str, competitor: str, sample: int) -> int:
    """A seed in 0 … 2³¹−1 that is the same whenever the same slot is generated."""
    digest = hashlib.sha256(f"{prompt}/{competitor}/{sample}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def run_jobs(jobs: Sequence[Job], *, lease: timedelta) -> Iterator[Result]:
    """Run all jobs at once on an event loop of their own, and yield results as they come.

    The calls run in another thread; this one keeps the leases alive meanwhile and holds no
    database connection while it waits.
    """
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    thread = threading.Thread(
        target=lambda: asyncio.run(answer_all(jobs, results)), name="providers", daemon=True
    )
    thread.start()
    leases = {job.candidate.lease for job in jobs if job.candidate.lease}
    remaining = len(jobs)
    period = lease.total_seconds() / 3
    next_sign = time.monotonic() + period
    while remaining:
        release_connection()
        if time.monotonic() >= next_sign:
            for lease_id in leases:
                extend_leases(lease_id, now=timezone.now(), lease=lease)
            next_sign = time.monotonic() + period
        try:
            result = results.get(timeout=max(0.0, next_sign - time.monotonic()))
        except queue.Empty:
            continue
        remaining -= 1
        yield result
    thread.join()


def release_connection() -> None:
    if not connection.in_atomic_block:
        connection.close()


async def answer_all(jobs: Sequence[Job], results: "queue.SimpleQueue[Result]") -> None:
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(answer(job, results))


async def answer(job: Job, results: "queue.SimpleQueue[Result]") -> None:
    """One call within its deadline. Whatever a provider raises becomes a result."""
    started = time.monotonic()
    outcome: Outcome | None = None
    error: ProviderError | None = None
    try:
        async with asyncio.timeout(DEADLINE):
            outcome = await job.provider.generate(job.request, deadline=DEADLINE)
    except ProviderError as raised:
        error = raised
    except TimeoutError:
        error = ProviderError(f"no answer within {DEADLINE:.0f} seconds")
    except Exception as raised:  # a provider's own mistake must not take its neighbours down
        error = ProviderError(f"{type(raised).__name__}: {raised}", permanent=True)
    results.put(Result(job.candidate, outcome, error, time.monotonic() - started))


def batch_size(provider: str) -> int:
    """How many candidates one message carries: as many as one process has in flight."""
    if provider not in provider_names():
        return 1  # they will say that their provider is gone
    in_flight: int = import_module(f"arenas.providers.{provider}").Provider.in_flight
    return in_flight
