"""Who asks which question: claims within budgets, leases that run out, and what is known."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from arenas.candidates.claim import take_turn
from arenas.candidates.jobs import LOOK
from arenas.candidates.limit import Limiter, Scope
from arenas.candidates.models import ServicePause
from arenas.competitors.judges import Judge
from arenas.definitions.seats import Seat
from arenas.judging.budget import (
    ZERO,
    estimate_question,
    find_left,
    select_judgments,
    takes_batches,
)
from arenas.judging.models import Judgment, JudgmentStatus
from arenas.judging.show import Showing, show
from arenas.providers.base import BaseProvider, ProviderError, make_provider

Status = JudgmentStatus
LOST = "lost"  # among the tries: the worker died, and the call may have been billed
MOST_LOST = 4
AT_ONCE = 16  # calls of one process to one judge
RELATED = (
    "judge", "battle__arena__profile", "battle__prompt",
    "battle__first__competitor", "battle__second__competitor",
)  # fmt: skip
FETCHED = (
    "battle__prompt__references__image",
    "battle__first__parts__image",
    "battle__second__parts__image",
)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed judgment, and the call to be made for it."""

    judgment: Judgment
    seat: Seat
    provider: BaseProvider
    showing: Showing


def find_scope(judge: Judge) -> Scope:
    """What shares the service's limits; of a setting that is no good, the name alone."""
    try:
        account = make_provider(judge.provider, judge.model, judge.params).account
    except (ValueError, ProviderError):
        account = ""
    return Scope(judge.provider, account, judge.model)


def select_due(seat: Seat, now: datetime) -> QuerySet[Judgment]:
    return select_judgments(seat).filter(
        Q(not_before=None) | Q(not_before__lte=now), status=Status.PLANNED
    )


def select_lane(seat: Seat, now: datetime, *, for_batch: bool) -> QuerySet[Judgment]:
    """What is due to be sent with others, or to be asked alone."""
    due = select_due(seat, now)
    if seat.in_batches and takes_batches(seat.judge):
        return due.filter(alone=not for_batch)
    return due.none() if for_batch else due


@transaction.atomic
def claim(
    seat: Seat, *, limit: int, lease: uuid.UUID, until: datetime, now: datetime, limiter: Limiter
) -> list[Job]:
    """Take some of the seat's due judgments. Claimers take turns: budgets and limits are shared.

    What the same judge has said of the same pictures before is copied, and costs nothing.
    """
    take_turn()
    scope = find_scope(seat.judge)
    provider = make_provider(seat.judge.provider, seat.judge.model, seat.judge.params)
    names = [scope.of_account, str(scope)]
    pauses = list(ServicePause.objects.filter(scope__in=names))
    if any(pause.until > now for pause in pauses):
        return []
    most = min(limit, provider.in_flight, AT_ONCE)
    # Where a pause has run out, one call tries whether the service works again.
    most = min(most, 1) if pauses else most
    jobs = list(find_new(seat, provider, now=now, limit=most))
    granted = jobs[: limiter.take(scope, len(jobs), rate=provider.rate).calls] if jobs else []
    for job in granted:
        row = job.judgment
        row.status, row.lease, row.lease_until = Status.RUNNING, lease, until
        row.save()
    return granted


def find_new(
    seat: Seat, provider: BaseProvider, *, now: datetime, limit: int, for_batch: bool = False
) -> Iterator[Job]:
    """The first due ones that have to be asked and can be paid for."""
    left = find_left(seat)
    lane = select_lane(seat, now, for_batch=for_batch)
    due = lane.select_related(*RELATED).prefetch_related(*FETCHED)
    asked: set[str] = set()
    for row in due.order_by("pk")[: 4 * limit]:
        try:
            showing = show(row)
        except OSError as error:
            row.status, row.finished_at = Status.FAILED, now
            row.reason = f"a picture cannot be read: {error}"
            row.save()
            continue
        row.content_key = showing.make_key(row)
        if row.content_key in asked or recall(row, now=now):
            continue
        estimate = estimate_question(
            row.judge, showing.question, pictures=len(showing.pictures), in_batch=for_batch
        )
        if left is not None:
            if estimate is None or estimate > max(left, ZERO):
                return
            left -= estimate
        row.estimate_usd = estimate or ZERO
        asked.add(row.content_key)
        yield Job(row, seat, provider, showing)
        if len(asked) >= limit:
            return


def is_spent(seat: Seat) -> bool:
    """Whether the next question costs more than is left."""
    left = find_left(seat)
    row = select_judgments(seat).filter(status=Status.PLANNED).select_related(*RELATED)
    if left is None or (first := row.order_by("pk").first()) is None:
        return False
    try:
        showing = show(first)
    except OSError:  # it will fail when its turn comes, and costs nothing
        return False
    price = estimate_question(
        seat.judge, showing.question, pictures=len(showing.pictures),
        in_batch=seat.in_batches and takes_batches(seat.judge) and not first.alone,
    )  # fmt: skip
    return price is None or price > max(left, ZERO)


def recall(row: Judgment, *, now: datetime) -> bool:
    """Whether the row needs no call now: the same was asked before, or is being asked."""
    same = Judgment.objects.filter(content_key=row.content_key).exclude(pk=row.pk)
    known = same.filter(status__in=(Status.DONE, Status.REFUSED)).order_by("pk").first()
    if known is None:
        return waits_for(same.filter(status=Status.RUNNING), row, now=now)
    for name in ("status", "answers", "raw", "reason", "model_version"):
        setattr(row, name, getattr(known, name))
    row.copied_from, row.finished_at = known, now
    row.save()
    return True


def waits_for(asked: QuerySet[Judgment], row: Judgment, *, now: datetime) -> bool:
    """Whether the same is being asked. In a batch that may take a day: others have their turn."""
    first = asked.order_by("pk").first()
    if first and first.batch_id:
        row.not_before = now + LOOK
        row.save(update_fields=["not_before", "content_key"])
    return first is not None


def extend_lease(lease: uuid.UUID, *, until: datetime) -> None:
    """Say that the claimer is alive."""
    Judgment.objects.filter(status=Status.RUNNING, lease=lease).update(lease_until=until)


@transaction.atomic
def release_expired(now: datetime) -> int:
    """Plan again what lost workers held. What they asked may have been billed: it counts."""
    rows = list(
        Judgment.objects.select_for_update(skip_locked=True).filter(
            status=Status.RUNNING, lease_until__lt=now
        )
    )
    for row in rows:
        row.lease = row.lease_until = row.batch = None
        row.tries[LOST] = row.tries.get(LOST, 0) + 1
        row.cost_usd += row.estimate_usd
        row.cost_estimated = row.cost_estimated or row.estimate_usd > 0
        row.status = Status.PLANNED
        if row.tries[LOST] >= MOST_LOST:
            row.status, row.finished_at = Status.FAILED, now
            row.reason = f"its worker died {row.tries[LOST]} times while asking"
        row.save()
    return len(rows)
