"""Choose a planned battle for a rater: the first that wants votes, and no more than it wants."""

from collections.abc import Sequence
from datetime import timedelta

from arenas.battles.choose import Drawn
from arenas.battles.limit import find_worn
from arenas.battles.models import Ballot
from arenas.battles.sitting import OVER, Sitting
from arenas.prepare import fetch

PLANNED = "planned"
# How long such a ballot can be answered: what is not holds up all that were planned after it.
LIFETIME = timedelta(minutes=15)
# What was answered, or can be, by as many raters as are counted: a pass is no vote, and puts the
# battle back. Whoever locks the row first has it: others take the next one without waiting.
WANTING = f"""
    SELECT plan.battle_id, plan.probability FROM arenas_plannedbattle plan
    JOIN arenas_arena arena ON arena.id = plan.arena_id
    WHERE plan.arena_id = %(arena)s AND plan.battle_id = ANY(%(left)s)
    AND arena.stage = 'open' AND plan.wanted > (
        SELECT count(DISTINCT ballot.rater_id) FROM arenas_ballot ballot
        WHERE ballot.battle_id = plan.battle_id AND kind = 'normal' AND skipped = ''
        AND (expires_at > %(now)s OR {OVER})
    )
    ORDER BY plan.position LIMIT 1 FOR UPDATE OF plan SKIP LOCKED
"""


def choose_planned(sitting: Sitting) -> Drawn | None:
    """The lowest planned battle that wants votes and that the rater has not seen.

    What is drawn wants the vote still when the transaction ends: its row is locked, and counted
    once more after that, as another may have drawn it just before. So nobody is served more than
    is wanted; only a pass that is taken back, which put its battle back, brings one vote more.
    """
    left = list_left(sitting)
    while left:
        found = fetch_wanting(sitting, left)
        if found is None:
            return None
        battle, probability = found
        if fetch_wanting(sitting, [battle]):
            return describe(sitting, battle, probability)
        left.remove(battle)
    return None


def list_left(sitting: Sitting) -> list[int]:
    """The planned battles that can be shown to the rater, as far as they are known here."""
    worn = find_worn(sitting)
    shown = [past.candidates for past in sitting.past if past.kind == Ballot.Kind.NORMAL]
    shown += [tuple(each.candidates) for each in sitting.open if each.kind == Ballot.Kind.NORMAL]
    seen = {tuple(sorted(candidates)) for candidates in shown}
    planned = sitting.stock.planned or {}
    return [
        battle
        for battle, members in planned.items()
        if members not in seen and not worn.intersection(members)
    ]


def fetch_wanting(sitting: Sitting, left: Sequence[int]) -> tuple[int, float] | None:
    """The first of these that wants votes, locked, and its probability."""
    place = {"arena": sitting.stock.arena.pk, "left": list(left), "now": sitting.now}
    rows = fetch(WANTING, place)
    return (rows[0][0], rows[0][1]) if rows else None


def describe(sitting: Sitting, battle: int, probability: float) -> Drawn:
    """Its vote is weighted back to a plan that asks about every prompt."""
    members = (sitting.stock.planned or {})[battle]
    prompt = sitting.stock.makers[members[0]].prompt
    return Drawn(prompt, members, PLANNED, PLANNED, probability, 1.0)
