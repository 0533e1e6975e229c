"""Who works on which row: claims, leases that run out, and what is due."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from arenas.candidates.models import Attempt, Candidate

Status = Candidate.Status

# A row whose worker died this often is itself the danger: it stops, and says so.
MAX_LOST = 6
MAX_TRIES = 3


@transaction.atomic
def claim(ids: Sequence[int], *, now: datetime, lease: timedelta) -> list[Candidate]:
    """Take those of the rows that are planned and due. Nobody else can take them then."""
    rows = list(
        Candidate.objects.select_for_update(skip_locked=True)
        .filter(Q(not_before=None) | Q(not_before__lte=now), pk__in=ids, status=Status.PLANNED)
        .order_by("pk")
    )
    mine = uuid.uuid4()
    for row in rows:
        row.status = Status.RUNNING
        row.lease = mine
        row.lease_until = now + lease
        row.attempts_made += 1
    Candidate.objects.bulk_update(rows, ["status", "lease", "lease_until", "attempts_made"])
    Attempt.objects.bulk_create(
        Attempt(candidate=row, number=row.attempts_made, started_at=now) for row in rows
    )
    return rows


def extend_leases(lease_id: uuid.UUID, *, now: datetime, lease: timedelta) -> None:
    """Say that the claimer is alive."""
    Candidate.objects.filter(lease=lease_id).update(lease_until=now + lease)


@transaction.atomic
def release_expired(now: datetime) -> int:
    """Plan again what lost workers held; give up on rows that kill their workers."""
    expired = Candidate.objects.select_for_update(skip_locked=True).filter(
        status=Status.RUNNING, lease_until__lt=now
    )
    rows = list(expired)
    for row in rows:
        row.lease = row.lease_until = None
        lost = row.attempts.filter(ended_at=None).count()
        row.status = Status.FAILED if lost >= MAX_LOST else Status.PLANNED
        if row.status == Status.FAILED:
            row.reason = f"its worker died {lost} times while generating it"
            row.finished_at = now
    Candidate.objects.bulk_update(
        rows, ["status", "lease", "lease_until", "reason", "finished_at"], batch_size=500
    )
    return len(rows)


def find_due(now: datetime, *, limit: int) -> dict[str, list[int]]:
    """The planned rows that may run now, oldest first, by provider."""
    due = Candidate.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now), status=Status.PLANNED
    ).order_by("pk")
    by_provider: dict[str, list[int]] = {}
    for pk, provider in due.values_list("pk", "competitor__provider")[:limit]:
        by_provider.setdefault(provider, []).append(pk)
    return by_provider
