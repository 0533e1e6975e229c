"""Celery's door to judging. Messages carry nothing; the database is the truth."""

import random
from contextlib import suppress
from datetime import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from arenas.candidates.jobs import find_open
from arenas.candidates.limit import get_limiter
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import select_moving
from arenas.candidates.tasks import count_waiting, shutting_down
from arenas.definitions.seats import Seat
from arenas.judging import batches
from arenas.judging.ask import Asker, stand_alone
from arenas.judging.budget import is_free
from arenas.judging.claim import release_expired, select_lane
from arenas.judging.models import JudgingBatch
from arenas.judging.plan import drop_unasked, plan_judgments
from arenas.judging.settle import settle

QUEUE = "judge"
ASKERS = 2  # messages sent at once
ASK_SECONDS = 60.0  # then a process takes its next message


@shared_task(name="arenas.judging.tasks.ask")
def ask() -> None:
    """Ask what is due, and make votes of what both orders have said."""
    seats = select_seats()
    limiter = get_limiter(settings.REDIS_URL)
    asker = Asker(seats, limiter, timezone.now, random.Random())
    begun = asker.run(ASK_SECONDS, asked_to_stop=shutting_down.is_set)
    for seat in seats:
        with stand_alone(seat):
            settle(seat, now=timezone.now())
    if begun and count_due(timezone.now()):
        ask.delay()


@shared_task(name="arenas.judging.tasks.send_batches")
def send_batches() -> None:
    batches.send_batches(select_seats(), timezone.now)


@shared_task(name="arenas.judging.tasks.follow_batches")
def follow_batches() -> None:
    """Store what jobs came to; votes are made of it by the next sweep."""
    batches.follow_batches(timezone.now())


@shared_task(name="arenas.judging.tasks.sweep")
def sweep() -> int:
    """Plan what judges are to see, and find what a crash left behind; return how much is due.

    Planned by itself is only what costs nothing, or what its file gives a budget for: all else
    waits for `manage.py judge`.
    """
    now = timezone.now()
    release_expired(now)
    for seat in select_seats():
        with stand_alone(seat):
            if starts_by_itself(seat):
                plan_judgments(seat, now=now)
            settle(seat, now=now)
    for seat in Seat.objects.exclude(left_at=None):
        drop_unasked(seat)
    due, for_batch = count_due(now), count_due(now, for_batch=True)
    if due and not count_waiting(QUEUE):
        for _ in range(min(due, ASKERS)):
            ask.delay()
    # Also where something waits, for askers may fill the queue all day. The next sweep sends anew.
    if for_batch:
        send_batches.apply_async(expires=settings.SWEEP_SECONDS)
    if find_open(JudgingBatch, now).exists():
        follow_batches.apply_async(expires=settings.SWEEP_SECONDS)
    return due + for_batch


def sweep_soon() -> None:
    """Have new work found at once. Without a broker it is found by the next regular sweep."""
    with suppress(BrokerError):
        sweep.delay()


def select_seats() -> list[Seat]:
    """The judges' present places."""
    seats = Seat.objects.filter(left_at=None).select_related("judge", "arena__profile")
    return list(seats.select_related("arena__suite_version").order_by("pk"))


def starts_by_itself(seat: Seat) -> bool:
    """Not while pictures are being made: battles would be those of the first prompts."""
    if select_moving(select_candidates(seat.arena)).exists():
        return False
    return is_free(seat.judge) or seat.budget_usd is not None


def count_due(now: datetime, *, for_batch: bool = False) -> int:
    return sum(select_lane(seat, now, for_batch=for_batch).count() for seat in select_seats())
