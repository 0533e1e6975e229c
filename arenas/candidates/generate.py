"""Keep many calls under way at once, and store each answer as it comes."""

import asyncio
import hashlib
import logging
import queue
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Prefetch
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from arenas.candidates.answer import Ended, Job, Loop
from arenas.candidates.claim import claim_due, extend_leases
from arenas.candidates.clean import clean_reason
from arenas.candidates.due import find_scope
from arenas.candidates.limit import Limiter
from arenas.candidates.models import Candidate
from arenas.candidates.pause import pause_for, reopen
from arenas.candidates.retry import decide
from arenas.candidates.store import begin_next, count_tries, fail, put_back, store_outcome
from arenas.images.store import read_bytes
from arenas.providers.base import Cause, Outcome, ProviderError, Reference, Request, make_provider
from arenas.suites.models import PromptReference

CLAIM_SECONDS = 0.15  # between two looks for work while there is some
IDLE_SECONDS = 0.5  # and while there is none
STORE_AT_ONCE = 4  # so that calls are begun while many answers wait to be stored
STORE_TRIES = 24  # in some three minutes
LONGEST_WAIT = 10  # seconds between two of them
CLOSE_SECONDS = 5.0  # a connection that is not used so long is given back

Received = Callable[[Sequence[int]], object]
T = TypeVar("T")
# What the database, the broker and the storage raise while they are away, or full.
AWAY = (OperationalError, InterfaceError, RedisError, BrokerError, OSError)
logger = logging.getLogger(__name__)


class Pump:
    """Claims what is due, has all of it answered at once, and stores the answers.

    The calls wait in the process's event loop; this thread talks to the database, keeps the
    leases alive, and passes received candidates on to `received`.
    """

    def __init__(self, *, lease: timedelta, limiter: Limiter, received: Received) -> None:
        self.lease = lease
        self.limiter = limiter
        self.received = received
        self.ends: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.jobs: dict[int, Job] = {}
        self.calling: dict[int, str] = {}  # the providers of those that are not answered yet
        self.next_claim = self.next_sign = 0.0
        self.more = self.closed = False

    def run(self, seconds: float, *, asked_to_stop: Callable[[], bool] = lambda: False) -> int:
        """Go on while something is due, and begin nothing new after so many seconds.

        Returns how many candidates were begun.
        """
        begun, until = 0, time.monotonic() + seconds
        try:
            while True:
                if time.monotonic() >= until or asked_to_stop():
                    self.stopping.set()
                if not self.stopping.is_set() and time.monotonic() >= self.next_claim:
                    begun += self.insist(self.claim, times=1) or 0
                if not self.jobs and (self.stopping.is_set() or not self.more):
                    return begun
                self.sign_in_time()
                self.settle(self.wait())
        finally:
            self.stopping.set()  # what is under way must not go on when nobody stores it

    def insist(self, step: Callable[[], T], *, times: int) -> T | None:
        """Take a step, so often while something it needs is away; None if it stays so.

        What is under way is paid for: it must outlast a restart of the database or the broker,
        and a full disk.
        """
        for number in range(1, times + 1):
            try:
                return step()
            except AWAY as error:
                wait = min(number, LONGEST_WAIT)
                logger.warning("%s; going on in %d s", str(error).strip(), wait)
                give_back_connection()
                self.next_claim = time.monotonic() + wait
                time.sleep(wait if number < times else 0)
                with suppress(*AWAY):
                    self.sign_in_time()
        return None

    def claim(self) -> int:
        """Begin what there is room for; return how many."""
        under_way = Counter(self.calling.copy().values())
        now = timezone.now()
        claimed = claim_due(now, under_way, lease=self.lease, limiter=self.limiter)
        self.more, self.closed = claimed.more, claimed.closed
        for job in make_jobs(claimed.candidates):
            self.start(job)
        found = bool(claimed.candidates)
        self.next_claim = time.monotonic() + (CLAIM_SECONDS if found else IDLE_SECONDS)
        return len(claimed.candidates)

    def start(self, job: Job) -> None:
        self.jobs[job.candidate.pk] = job
        self.calling[job.candidate.pk] = job.scope.provider
        get_loop().start(job, self.report, self.stopping, self.limiter)

    def report(self, ended: Ended) -> None:
        """Called by the loop. An answer makes room for a call before it is stored."""
        if ended.permission is None:
            self.calling.pop(ended.job.candidate.pk, None)
        self.ends.put(ended)

    def sign_in_time(self) -> None:
        """Say that this process is alive, three times per lease."""
        if time.monotonic() < self.next_sign:
            return
        self.next_sign = time.monotonic() + min(1.0, self.lease.total_seconds() / 3)
        leases = {job.candidate.lease for job in self.jobs.values()}
        held: list[uuid.UUID] = [lease for lease in leases if lease]
        with suppress(*AWAY):
            extend_leases(held, now=timezone.now(), lease=self.lease)
            self.next_sign = time.monotonic() + self.lease.total_seconds() / 3

    def wait(self) -> list[Ended]:
        """Some of what has ended, as soon as something has, or when it is time to look up."""
        until = self.next_sign if self.stopping.is_set() else min(self.next_sign, self.next_claim)
        wait = max(0.0, until - time.monotonic())
        if wait > CLOSE_SECONDS:
            give_back_connection()
        ends: list[Ended] = []
        with suppress(queue.Empty):
            ends.append(self.ends.get(timeout=wait))
            while len(ends) < STORE_AT_ONCE:
                ends.append(self.ends.get_nowait())
        return ends

    def settle(self, ends: Sequence[Ended]) -> None:
        """Write down how tries ended, and make room for what comes next."""
        received = []
        for ended in ends:
            if ended.permission is not None:
                self.permit(ended, ended.permission)
                continue
            candidate = self.keep(ended) or ended.job.candidate
            self.let_go(ended)
            if candidate.status == Candidate.Status.RECEIVED:
                received.append(candidate.pk)
            if self.closed and isinstance(ended.end, Outcome):
                self.insist(partial(reopen, ended.job.scope, now=timezone.now()), times=1)
            self.sign_in_time()
        if received:
            self.insist(partial(self.received, received), times=1)

    def keep(self, ended: Ended) -> Candidate | None:
        """Store an end. Whatever is wrong with it must not lose those that come after it."""
        try:
            return self.insist(partial(store_end, ended), times=STORE_TRIES)
        except Exception:
            logger.exception("%s could not be stored", ended.job.candidate)
            return None

    def permit(self, ended: Ended, permission: asyncio.Future[bool]) -> None:
        """Let the loop make another try of the same candidate, if that is written down."""
        begin = partial(begin_next, ended.job.candidate, ended.end, now=timezone.now())
        try:
            allowed = self.insist(begin, times=STORE_TRIES) or False
        except Exception:
            logger.exception("%s could not be tried again", ended.job.candidate)
            allowed = False
        if not allowed:
            self.calling.pop(ended.job.candidate.pk, None)
            self.let_go(ended)
        elif ended.holding:
            get_loop().release(ended.holding)
        get_loop().permit(permission, allowed)

    def let_go(self, ended: Ended) -> None:
        """What is stored takes no memory and no place any more."""
        if ended.holding:
            get_loop().release(ended.holding)
        self.jobs.pop(ended.job.candidate.pk, None)
        self.next_claim = min(self.next_claim, time.monotonic() + CLAIM_SECONDS)


def give_back_connection() -> None:
    """Close the connection, which may be broken or is not used for a while; it opens by itself."""
    if not connection.in_atomic_block:
        connection.close()


@cache
def get_loop() -> Loop:
    """The process's event loop, started when it is first needed."""
    return Loop()


def store_end(ended: Ended) -> Candidate:
    """Write one end down. An answer that the database does not take is the candidate's error."""
    now, job = timezone.now(), ended.job
    try:
        # On copies: what fails midway is done again with the candidate as it was.
        return store(replace(ended, job=replace(job, candidate=copy(job.candidate))), now=now)
    except AWAY:  # it is taken later
        raise
    except Exception as raised:  # one answer must not take those that came with it down
        reason = clean_reason(f"the answer could not be stored: {raised}")
        error = ProviderError(reason, cause=Cause.TIMEOUT)  # like one that may have been billed
        again = decide(error, job.tries + Counter([str(error.cause)]), rng=random.Random())
        job = replace(job, candidate=copy(job.candidate))
        return store(replace(ended, job=job, end=error, again=again), now=now)


def store(ended: Ended, *, now: datetime) -> Candidate:
    """Write down a last word, or that the candidate has to wait for its next try."""
    candidate, end = ended.job.candidate, ended.end
    if ended.again is None:
        if isinstance(end, Outcome):
            return store_outcome(candidate, end, seconds=ended.seconds, now=now)
        return fail(candidate, end, seconds=ended.seconds, now=now)
    until = now + timedelta(seconds=ended.again.seconds)
    if isinstance(end, ProviderError) and (pause := pause_for(ended.job.scope, end, now=now)):
        until = pause.until
    return put_back(candidate, end, until=until, now=now)


def make_jobs(claimed: Sequence[Candidate]) -> list[Job]:
    """The calls to be made. A candidate for which there can be none fails here, and says why."""
    if not claimed:
        return []
    rows = Candidate.objects.filter(pk__in=[candidate.pk for candidate in claimed])
    references = PromptReference.objects.select_related("image")
    full = rows.select_related("prompt", "competitor").prefetch_related(
        Prefetch("prompt__references", references)
    )
    tries = count_tries(claimed)
    jobs = [make_job(candidate, tries.get(candidate.pk, Counter())) for candidate in full]
    return [job for job in jobs if job]


def make_job(candidate: Candidate, tries: Counter[str]) -> Job | None:
    competitor = candidate.competitor
    try:
        provider = make_provider(competitor.provider, competitor.model, competitor.params)
        request = make_request(candidate)
        return Job(candidate, provider, request, find_scope(competitor), tries)
    except (ValueError, ProviderError) as error:  # a provider that is gone stays gone
        now = timezone.now()
        fail(candidate, ProviderError(str(error), permanent=True), seconds=0, now=now)
    except OSError as error:  # storage that does not answer may come back
        now = timezone.now()
        put_back(candidate, ProviderError(str(error)), until=now + timedelta(seconds=30), now=now)
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
            for reference in prompt.list_shown()
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
