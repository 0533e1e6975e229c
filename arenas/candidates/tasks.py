"""Celery's door to generation. Messages carry ids only; the database is the truth."""

from datetime import timedelta
from typing import Any

from celery import current_app, shared_task
from django.conf import settings
from django.utils import timezone

from arenas.candidates import generate as generation
from arenas.candidates.claim import find_due, release_expired
from arenas.candidates.showable import render_missing
from arenas.competitors.models import EXTERNAL
from arenas.definitions.models import Arena

QUEUE = "generate"
WINDOW = 2000  # messages sent ahead; what is planned beyond them waits in the database


@shared_task(name="arenas.candidates.tasks.generate")
def generate(ids: list[int]) -> None:
    lease = timedelta(seconds=settings.LEASE_SECONDS)
    generation.generate(ids, now=timezone.now(), lease=lease)


@shared_task(name="arenas.candidates.tasks.sweep")
def sweep() -> int:
    """Find work that a crash or a lost broker left behind, and queue what is due."""
    now = timezone.now()
    release_expired(now)
    queued = 0 if count_waiting(QUEUE) else queue_due()
    # Last: a picture that cannot be rendered must not keep others from being generated.
    for arena in Arena.objects.select_related("profile"):
        render_missing(arena, limit=100)
    return queued


def queue_due() -> int:
    """Send a message for every batch of due candidates; return how many candidates."""
    sent = 0
    for provider, ids in find_due(timezone.now(), limit=WINDOW).items():
        if provider == EXTERNAL:
            continue
        size = generation.batch_size(provider)
        for start in range(0, len(ids), size):
            generate.delay(ids[start : start + size])
        sent += len(ids)
    return sent


def count_waiting(queue: str) -> int:
    """How many messages wait in the broker's queue."""
    with current_app.connection_for_read() as connection:
        channel: Any = connection.default_channel  # the stubs know no queues
        return int(channel.queue_declare(queue=queue, durable=True).message_count)
