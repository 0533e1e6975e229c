"""Open an arena to raters, and close it again."""

from datetime import datetime

from django.db import transaction

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena


def open_arena(arena: Arena) -> None:
    """Let raters vote there, from when the processes that serve them look again."""
    arena.stage = Arena.Stage.OPEN
    arena.save(update_fields=["stage"])


@transaction.atomic
def close_arena(arena: Arena, *, now: datetime) -> None:
    """Serve and take nothing any more.

    What raters hold runs out now, also where a process still has the arena in mind as it was.
    """
    arena.stage = Arena.Stage.CLOSED
    arena.save(update_fields=["stage"])
    held = Ballot.objects.filter(arena=arena, answered_at=None, expires_at__gt=now)
    held.update(expires_at=now)
