"""Competitors enter and leave an arena; the ledger remembers both."""

from collections.abc import Sequence
from datetime import datetime

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Entry, Registration
from arenas.ledger.append import append


def enter_competitors(
    arena: Arena,
    competitors: Sequence[Competitor],
    *,
    now: datetime,
    withdraw_others: bool = False,
) -> None:
    """Make these take part, and withdraw those not named where asked to."""
    entries = {entry.competitor_id: entry for entry in arena.entries.all()}
    for competitor in competitors:
        entry = entries.pop(competitor.pk, None)
        if entry is None:
            Entry.objects.create(arena=arena, competitor=competitor, joined_at=now)
        elif entry.withdrawn_at is not None:
            Entry.objects.filter(pk=entry.pk).update(withdrawn_at=None)
        else:
            continue
        register(arena, competitor, Registration.Kind.JOINED, now)
    if withdraw_others:
        for entry in entries.values():
            if entry.withdrawn_at is None:
                Entry.objects.filter(pk=entry.pk).update(withdrawn_at=now)
                register(arena, entry.competitor, Registration.Kind.WITHDRAWN, now)


def register(
    arena: Arena, competitor: Competitor, kind: Registration.Kind, now: datetime
) -> Registration:
    return append(Registration(arena=arena, competitor=competitor, kind=kind, created_at=now))
