"""Limits of what one rater is shown: how often a candidate, and what share of an arena."""

import math
from collections import Counter
from dataclasses import replace
from datetime import datetime

from django.db import connection

from arenas.battles.choose import Pool
from arenas.battles.sitting import OVER, Sitting
from arenas.definitions.models import Arena
from arenas.raters.models import Rater

# The ballots of an arena that count as work, as `Sitting.answered` counts a rater's.
WORK = f"""
    SELECT count(*) FROM (
        SELECT FROM arenas_ballot WHERE arena_id = %(arena)s AND {OVER}
        AND skipped = '' AND kind <> 'practice' AND rater_id = coalesce(%(rater)s, rater_id)
        LIMIT %(most)s
    ) AS work
"""
# A share of fewer votes says nothing.
ENOUGH = 100


def find_worn(sitting: Sitting) -> set[int]:
    """The candidates that the rater has seen as often as the arena allows."""
    most = sitting.stock.arena.voting.quality.max_views
    if most is None:
        return set()
    shown = [past.candidates for past in sitting.past]
    shown += [tuple(ballot.candidates) for ballot in sitting.open]
    views = Counter(pk for candidates in shown for pk in set(candidates))
    return {pk for pk, times in views.items() if times >= most}


def find_pool(sitting: Sitting) -> Pool:
    """What can meet before this rater: the arena's pool without the worn candidates."""
    pool, worn = sitting.stock.pool, find_worn(sitting)
    if not worn:
        return pool
    fresh = {
        cell: tuple(pk for pk in candidates if pk not in worn)
        for cell, candidates in pool.candidates.items()
    }
    kept = {cell: candidates for cell, candidates in fresh.items() if candidates}
    prompts = {
        pair: tuple(each for each in prompts if all((each, one) in kept for one in pair))
        for pair, prompts in pool.prompts.items()
    }
    return replace(
        pool,
        candidates=kept,
        prompts={pair: left for pair, left in prompts.items() if left},
        competitors={
            prompt: tuple(one for one in answered if (prompt, one) in kept)
            for prompt, answered in pool.competitors.items()
        },
    )


def exceeds_share(sitting: Sitting) -> bool:
    """Whether the rater has answered more of the arena's ballots than one person may.

    Asks the database only where a limit is set and the rater can have reached it, and counts
    no further than it takes to know.
    """
    most, mine = sitting.stock.arena.voting.quality.max_share, sitting.answered
    if most is None or mine <= most * ENOUGH:
        return False
    enough = math.ceil(mine / most)
    return ENOUGH <= count_work(sitting.stock.arena, now=sitting.now, most=enough) < enough


def count_work(
    arena: Arena, *, now: datetime, rater: Rater | None = None, most: int | None = None
) -> int:
    """How many ballots of the arena, or of one rater there, are answered; no more than `most`."""
    said: dict[str, int | datetime | None]
    said = {"arena": arena.pk, "now": now, "rater": rater.pk if rater else None, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(WORK, said)
        return int(cursor.fetchone()[0])
