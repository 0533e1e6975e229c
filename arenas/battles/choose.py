"""Draw the next battle for a rater, and know with what probability it was drawn."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from arenas.battles.models import PairPlan
from arenas.candidates.models import Candidate
from arenas.candidates.showable import showable_candidates
from arenas.definitions.models import Arena

Pair = tuple[int, int]  # two competitors' ids, the lower first
UNIFORM = ("uniform", "random")


@dataclass(frozen=True, slots=True)
class Pool:
    """What can meet in an arena: per pair of competitors, the prompts that both have answered.

    `candidates` maps (prompt, competitor) to the candidates there; `weights` says how often
    each pair should meet, and `policy` and `arm` who said so.
    """

    candidates: Mapping[tuple[int, int], tuple[int, ...]]
    prompts: Mapping[Pair, tuple[int, ...]]
    weights: Mapping[Pair, float]
    policy: str
    arm: str


@dataclass(frozen=True, slots=True)
class Draw:
    """A drawn battle: its prompt, its candidates in canonical order, and how it was drawn."""

    prompt: int
    candidates: tuple[int, int]
    policy: str
    arm: str
    probability: float


def load_pool(arena: Arena) -> Pool:
    """Everything that can meet in the arena now."""
    candidates: dict[tuple[int, int], tuple[int, ...]] = {}
    answered: dict[int, set[int]] = {}
    rows = battling_candidates(arena).order_by("prompt", "sample")
    for pk, prompt, competitor in rows.values_list("pk", "prompt_id", "competitor_id"):
        candidates[prompt, competitor] = (*candidates.get((prompt, competitor), ()), pk)
        answered.setdefault(competitor, set()).add(prompt)
    prompts = {
        (one, other): tuple(sorted(answered[one] & answered[other]))
        for one, other in itertools.combinations(sorted(answered), 2)
        if answered[one] & answered[other]
    }
    weights, (policy, arm) = load_weights(arena, prompts)
    return Pool(candidates, prompts, weights, policy, arm)


def battling_candidates(arena: Arena) -> QuerySet[Candidate]:
    """The candidates that can meet: showable, and on a prompt that some question is about."""
    asked = set(arena.questions.filter(retired_at=None).values_list("category", flat=True))
    found = showable_candidates(arena)
    return found if "" in asked else found.filter(prompt__category__in=asked)


def load_weights(arena: Arena, pairs: Iterable[Pair]) -> tuple[dict[Pair, float], tuple[str, str]]:
    """The weight of every pair; without any written down, all alike."""
    plan = PairPlan.objects.filter(arena=arena).first()
    if plan is None:
        return dict.fromkeys(pairs, 1.0), UNIFORM
    rows = list(plan.weights.all())
    written = {(row.first_id, row.second_id): row.weight for row in rows}
    return {pair: written.get(pair, 0.0) for pair in pairs}, (str(plan), rows[0].arm)


def choose(pool: Pool, seen: Iterable[tuple[int, Pair]], rng: random.Random) -> Draw | None:
    """Draw a pair by its weight, then a prompt of it alike, among what the rater has not seen.

    `seen` are the (prompt, pair of competitors) shown to this rater before. Returns None
    when nothing is left. The probability is that of pair and prompt together, given `seen`.
    """
    seen = set(seen)
    # What left the arena since then takes no place in it.
    used = Counter(
        pair
        for prompt, pair in seen
        if all((prompt, competitor) in pool.candidates for competitor in pair)
    )
    open_pairs = {
        pair: weight
        for pair, weight in pool.weights.items()
        if weight > 0 and len(pool.prompts[pair]) > used[pair]
    }
    if not open_pairs:
        return None
    pair = rng.choices(list(open_pairs), weights=list(open_pairs.values()))[0]
    prompts = [prompt for prompt in pool.prompts[pair] if (prompt, pair) not in seen]
    prompt = rng.choice(prompts)
    ids = sorted(rng.choice(pool.candidates[prompt, competitor]) for competitor in pair)
    chance = open_pairs[pair] / sum(open_pairs.values()) / len(prompts)
    return Draw(prompt, (ids[0], ids[1]), pool.policy, pool.arm, chance)
