"""Celery's door to generation. Messages carry ids at most; the database is the truth."""

import logging
import multiprocessing
import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from celery import current_app, shared_task
from celery.signals import worker_shutting_down
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from arenas.candidates import batches
from arenas.candidates.claim import release_expired
from arenas.candidates.due import due_candidates
from arenas.candidates.generate import Pump
from arenas.candidates.jobs import find_open
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import BatchJob, Candidate
from arenas.candidates.open_images import open_received
from arenas.candidates.runs import drop_cancelled, drop_withdrawn, fail_retired, finish_runs
from arenas.candidates.showable import render_missing
from arenas.competitors.models import EXTERNAL
from arenas.definitions.stage import select_lasting

logger = logging.getLogger(__name__)
QUEUE = "generate"
IMAGES = "images"
PUMPS = 8  # messages sent at once: as many processes can be at work a moment later
PUMP_SECONDS = 60.0  # then a process takes its next message, and others have their turn
OPENINGS = 8  # candidates a message
WINDOW = 800  # candidates sent ahead


# Shared by a worker with the processes that it forks.
shutting_down = multiprocessing.Event()


@worker_shutting_down.connect
def stop_pumps(**_: object) -> None:
    """A worker that was asked to end begins no more calls, and waits for those under way."""
    shutting_down.set()


@shared_task(name="arenas.candidates.tasks.generate")
def generate() -> None:
    """Generate what is due, with as many calls under way as there is room for."""
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    pump = Pump(lease=lease, limiter=get_limiter(settings.REDIS_URL), received=queue_openings)
    pump.run(PUMP_SECONDS, asked_to_stop=shutting_down.is_set)
    if pump.more:
        generate.delay()


@shared_task(name="arenas.candidates.tasks.open_images")
def open_images(ids: list[int]) -> None:
    for pk in ids:
        try:
            open_received(pk, now=timezone.now(), rng=random.Random())
        except OSError as error:  # the others' files may be there
            logger.warning("candidate %d: its images cannot be read: %s", pk, error)


@shared_task(name="arenas.candidates.tasks.send_batches")
def send_batches() -> None:
    batches.send_batches(timezone.now)


@shared_task(name="arenas.candidates.tasks.follow_batches")
def follow_batches() -> None:
    queue_openings(batches.follow_batches(timezone.now()))


@shared_task(name="arenas.candidates.tasks.sweep")
def sweep() -> int:
    """Find work that a crash or a lost broker left behind; return how many candidates are due."""
    now = timezone.now()
    release_expired(now)
    drop_cancelled(now)
    drop_withdrawn(now)
    fail_retired(now)
    finish_runs(now)
    due = due_candidates(now).filter(for_batch=False).exclude(competitor__provider=EXTERNAL).count()
    if not count_waiting(QUEUE):
        for _ in range(min(due, PUMPS)):
            generate.delay()
        queue_batches(now)
    if not count_waiting(IMAGES):
        received = Candidate.objects.filter(status=Candidate.Status.RECEIVED).order_by("pk")
        queue_openings(list(received.values_list("pk", flat=True)[:WINDOW]))
    # Last: a picture that cannot be rendered must not keep others from being generated.
    for arena in select_lasting().select_related("profile"):
        render_missing(arena, limit=100)
    return due


def sweep_soon() -> None:
    """Have new work found at once. Without a broker it is found by the next regular sweep."""
    with suppress(BrokerError):
        sweep.delay()


def queue_batches(now: datetime) -> None:
    if due_candidates(now).filter(for_batch=True).exists():
        send_batches.delay()
    if find_open(BatchJob, now).exists():
        follow_batches.delay()


def queue_openings(ids: Sequence[int]) -> None:
    for start in range(0, len(ids), OPENINGS):
        open_images.delay(list(ids[start : start + OPENINGS]))


def count_waiting(queue: str) -> int:
    """How many messages wait in the broker's queue."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel  # the stubs know no queues
        return int(channel.queue_declare(queue=queue, durable=True).message_count)
