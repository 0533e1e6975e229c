"""Competitors enter and leave an arena; the ledger remembers both."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Entry, Registration
from arenas.ledger.append import append


class HasLeft(ValueError):
    """A competitor that was withdrawn from the arena; only its definition lets it in again."""

    def __init__(self, competitor: Competitor, arena: Arena) -> None:
        super().__init__(
            f"{competitor.name!r} was withdrawn from arena {arena.slug!r} "
            "(load_arena with a file that names it lets it in again)"
        )
        self.competitor = competitor


def enter_competitors(
    arena: Arena,
    competitors: Sequence[Competitor],
    *,
    now: datetime,
    withdraw_others: bool = False,
) -> list[Competitor]:
    """Make these take part, and withdraw those not named where asked to; return who joined.

    One that was withdrawn returns only where these are all that take part. Raises HasLeft.
    """
    entries = {entry.competitor_id: entry for entry in arena.entries.all()}
    joined = []
    for competitor in competitors:
        entry = entries.pop(competitor.pk, None)
        if entry is None:
            Entry.objects.create(arena=arena, competitor=competitor, joined_at=now)
        elif entry.withdrawn_at is None:
            continue
        elif withdraw_others:
            Entry.objects.filter(pk=entry.pk).update(withdrawn_at=None)
        else:
            raise HasLeft(competitor, arena)
        register(arena, competitor, Registration.Kind.JOINED, now)
        joined.append(competitor)
    if withdraw_others:
        withdraw(arena, entries.values(), now)
    return joined


def withdraw(arena: Arena, entries: Iterable[Entry], now: datetime) -> None:
    for entry in entries:
        if entry.withdrawn_at is None:
            Entry.objects.filter(pk=entry.pk).update(withdrawn_at=now)
            register(arena, entry.competitor, Registration.Kind.WITHDRAWN, now)


def register(
    arena: Arena, competitor: Competitor, kind: Registration.Kind, now: datetime
) -> Registration:
    return append(Registration(arena=arena, competitor=competitor, kind=kind, created_at=now))
