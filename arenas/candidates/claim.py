"""Who works on which row: claims, leases that run out, and what lost workers leave behind."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import F

from arenas.candidates.cost import find_provider
from arenas.candidates.due import choose
from arenas.candidates.limit import Limiter
from arenas.candidates.models import Attempt, Candidate

Status = Candidate.Status

# A row whose worker died this often is itself the danger: it stops, and says so. One that was
# worked on together with many others is far less likely to be the reason.
MAX_LOST = 6
MAX_LOST_IN_COMPANY = 60
# Any number will do that no other part of the site locks by.
CLAIMERS = 0x65766C63


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was claimed; whether more is due that must wait; whether some service is closed."""

    candidates: list[Candidate]
    more: bool
    closed: bool


@transaction.atomic
def claim_due(
    now: datetime, under_way: Counter[str], *, lease: timedelta, limiter: Limiter
) -> Claimed:
    """Claim what may start in this process. Claimers take turns: budgets and limits are shared."""
    take_turn()
    due = choose(now, under_way, limiter=limiter)
    ids = [candidate.pk for candidate in due.candidates]
    claimed = claim(ids, now=now, lease=lease, estimates=due.estimates) if ids else []
    return Claimed(claimed, due.more, due.closed)


def take_turn() -> None:
    """Be the only claimer for the rest of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMERS])


@transaction.atomic
def claim(
    ids: Sequence[int],
    *,
    now: datetime,
    lease: timedelta,
    estimates: Mapping[int, Decimal] | None = None,
) -> list[Candidate]:
    """Take those of the rows that are planned. Nobody else can take them then."""
    rows = list(
        Candidate.objects.select_for_update(skip_locked=True)
        .filter(pk__in=ids, status=Status.PLANNED)
        .order_by("pk")
    )
    mine, until = uuid.uuid4(), now + lease
    Candidate.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.RUNNING,
        lease=mine,
        lease_until=until,
        attempts_made=F("attempts_made") + 1,
    )
    for row in rows:
        row.status, row.lease, row.lease_until = Status.RUNNING, mine, until
        row.attempts_made += 1
    Attempt.objects.bulk_create(
        Attempt(
            candidate=row,
            number=row.attempts_made,
            started_at=now,
            run_id=row.run_id,
            estimate_usd=(estimates or {}).get(row.pk, Decimal(0)),
        )
        for row in rows
    )
    return rows


def extend_leases(leases: Sequence[uuid.UUID], *, now: datetime, lease: timedelta) -> None:
    """Say that the claimer is alive."""
    Candidate.objects.filter(status=Status.RUNNING, lease__in=leases).update(
        lease_until=now + lease
    )


@transaction.atomic
def release_expired(now: datetime) -> int:
    """Plan again what lost workers held; give up on rows that kill their workers."""
    expired = Candidate.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        status=Status.RUNNING, lease_until__lt=now
    )
    rows = list(expired.select_related("competitor"))
    for row in rows:
        row.lease = row.lease_until = row.batch = None
        lost = row.attempts.filter(ended_at=None, started_at__gte=row.planned_at).count()
        alone = find_provider(row.competitor.provider).in_flight == 1
        most = MAX_LOST if alone else MAX_LOST_IN_COMPANY
        row.status = Status.FAILED if lost >= most else Status.PLANNED
        if row.status == Status.FAILED:
            row.reason = f"its worker died {lost} times while generating it"
            row.finished_at = now
    Candidate.objects.bulk_update(
        rows,
        ["status", "lease", "lease_until", "batch", "reason", "finished_at"],
        batch_size=500,
    )
    return len(rows)
