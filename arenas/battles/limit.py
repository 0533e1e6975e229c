"""Limits of what one rater is shown: how often a candidate, and what share of an arena."""

import math
from collections import Counter
from dataclasses import replace

from arenas.battles.choose import Pool
from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting

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
    answered = Ballot.objects.filter(
        arena=sitting.stock.arena, answered_at__isnull=False, skipped=""
    )
    found = answered.exclude(kind=Ballot.Kind.PRACTICE).values("pk")[:enough].count()
    return ENOUGH <= found < enough
