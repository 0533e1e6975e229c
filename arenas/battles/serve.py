"""Hold two ballots for every rater: the one on screen and the one fetched ahead."""

import random
from datetime import datetime

from django.db import transaction

from arenas.battles.draw import draw_ballot, save_ballots
from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import find_stock
from arenas.definitions.models import Arena
from arenas.raters.admit import lock_participation
from arenas.raters.models import Rater

HELD = 2


@transaction.atomic
def hold_ballots(arena: Arena, rater: Rater, *, now: datetime, rng: random.Random) -> list[Ballot]:
    """The rater's open ballots, the current one first, topped up to two while any are left."""
    participation = lock_participation(arena, rater)
    sitting = sit_down(find_stock(arena.slug), participation, now=now)
    top_up(sitting, rng)
    return sitting.open[:HELD]


def top_up(sitting: Sitting, rng: random.Random) -> None:
    """Draw ballots until the rater holds two, while the quota and the arena have any left."""
    if sitting.stock.arena.stage != Arena.Stage.OPEN:
        sitting.open.clear()
        return
    missing = HELD - len(sitting.open)
    if sitting.quota is not None:
        counting = [each for each in sitting.open if each.kind != Ballot.Kind.PRACTICE]
        missing = min(missing, sitting.quota - sitting.answered - len(counting))
    drawn: list[Ballot] = []
    while len(drawn) < missing and (ballot := draw_ballot(sitting, rng)):
        drawn.append(ballot)
        sitting.open.append(ballot)
    save_ballots(sitting, drawn)
