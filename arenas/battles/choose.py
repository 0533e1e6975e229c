"""Draw the next battle for a rater, and know with what probability it was drawn."""

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet

from arenas.battles.models import PairPlan
from arenas.candidates.models import Candidate
from arenas.candidates.showable import showable_candidates
from arenas.definitions.models import Arena

Pair = tuple[int, int]  # two competitors' ids, the lower first
UNIFORM = "uniform"
RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to draw a pair, and how often it is used: `weights` None means uniformly."""

    name: str
    share: float
    weights: Mapping[Pair, float] | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """What can meet in an arena: per pair of competitors, the prompts that both have answered.

    `candidates` maps (prompt, competitor) to the candidates there; `policy` names the plan
    that the `arms` are from; `competitors` has by prompt who answered it, in rising order.
    """

    candidates: Mapping[tuple[int, int], tuple[int, ...]]
    prompts: Mapping[Pair, tuple[int, ...]]
    policy: str = UNIFORM
    arms: tuple[Arm, ...] = (Arm(RANDOM, 1.0),)
    competitors: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn battle: its prompt and candidates, in canonical order, and how it was drawn.

    `probability` is that of competitors and prompt over all arms, given what the rater has seen;
    `uniform_probability` what the uniform policy would have given them then and there.
    """

    prompt: int
    candidates: tuple[int, ...]
    policy: str
    arm: str
    probability: float
    uniform_probability: float


@dataclass(frozen=True, slots=True)
class Draw(Drawn):
    """A drawn battle of a pair of competitors."""

    pair: Pair


def load_pool(arena: Arena) -> Pool:
    """Everything that can meet in the arena now."""
    rows = battling_candidates(arena).order_by("prompt", "sample")
    return make_pool(rows.values_list("pk", "prompt_id", "competitor_id"), arena)


def make_pool(rows: Iterable[tuple[int, int, int]], arena: Arena) -> Pool:
    """What these candidates, each with its prompt and competitor, make possible."""
    candidates: dict[tuple[int, int], tuple[int, ...]] = {}
    answered: dict[int, set[int]] = {}
    competitors: dict[int, tuple[int, ...]] = {}
    for pk, prompt, competitor in rows:
        candidates[prompt, competitor] = (*candidates.get((prompt, competitor), ()), pk)
        answered.setdefault(competitor, set()).add(prompt)
    for prompt, competitor in sorted(candidates):
        competitors[prompt] = (*competitors.get(prompt, ()), competitor)
    prompts = {
        (one, other): tuple(sorted(answered[one] & answered[other]))
        for one, other in itertools.combinations(sorted(answered), 2)
        if answered[one] & answered[other]
    }
    plan = PairPlan.objects.filter(arena=arena).first()
    if plan is None:
        return Pool(candidates, prompts, competitors=competitors)
    return Pool(candidates, prompts, str(plan), load_arms(plan), competitors)


def battling_candidates(arena: Arena) -> QuerySet[Candidate]:
    """The candidates that can meet: showable, and on a prompt that some question is about."""
    asked = set(arena.questions.filter(retired_at=None).values_list("category", flat=True))
    found = showable_candidates(arena)
    return found if "" in asked else found.filter(prompt__category__in=asked)


def load_arms(plan: PairPlan) -> tuple[Arm, ...]:
    weights: dict[str, dict[Pair, float]] = {arm: {} for arm in plan.shares}
    rows = plan.weights.values_list("arm", "first_id", "second_id", "weight")
    for arm, first, second, weight in rows:
        weights[arm][first, second] = weight
    return tuple(
        Arm(name, share, None if name == RANDOM else weights[name])
        for name, share in plan.shares.items()
    )


def choose(pool: Pool, seen: Iterable[tuple[int, Pair]], rng: random.Random) -> Draw | None:
    """Draw an arm by its share, a pair by the arm's weights, and a prompt of that pair.

    `seen` are the (prompt, pair of competitors) shown to this rater before; they are not
    drawn again. A pair the rater has seen k times is 1/(1 + k) as likely as it would be, and
    the prompt is one of those the rater has seen least. Returns None when nothing is left.
    """
    seen = set(seen)
    tilts = tilt_open_pairs(pool, seen)
    if not tilts:
        return None
    uniform = normalise(tilts)
    # Where the plan's pairs are used up for this rater, others may be left.
    arms = open_arms(pool, tilts) or [(Arm(RANDOM, 1.0), uniform)]
    shares = [arm.share for arm, _ in arms]
    arm, chances = rng.choices(arms, weights=shares)[0]
    pair = rng.choices(list(chances), weights=list(chances.values()))[0]
    prompts = find_least_seen(pool, pair, seen)
    prompt = rng.choice(prompts)
    ids = sorted(rng.choice(pool.candidates[prompt, competitor]) for competitor in pair)
    mixed = sum(arm.share * chances.get(pair, 0.0) for arm, chances in arms) / sum(shares)
    return Draw(
        prompt,
        tuple(ids),
        pool.policy,
        arm.name,
        mixed / len(prompts),
        uniform[pair] / len(prompts),
        pair,
    )


def tilt_open_pairs(pool: Pool, seen: set[tuple[int, Pair]]) -> dict[Pair, float]:
    """The pairs with prompts left for a rater, and how much less likely each has become."""
    # What left the arena since then takes no place in it.
    used = Counter(
        pair
        for prompt, pair in seen
        if all((prompt, competitor) in pool.candidates for competitor in pair)
    )
    return {
        pair: 1 / (1 + used[pair])
        for pair, prompts in pool.prompts.items()
        if len(prompts) > used[pair]
    }


def open_arms(pool: Pool, tilts: Mapping[Pair, float]) -> list[tuple[Arm, dict[Pair, float]]]:
    """The arms that have a pair left, each with the probabilities of its pairs."""
    tilted = [
        (arm, tilts if arm.weights is None else reweigh(arm.weights, tilts)) for arm in pool.arms
    ]
    return [(arm, normalise(weights)) for arm, weights in tilted if weights and arm.share > 0]


def reweigh(weights: Mapping[Pair, float], tilts: Mapping[Pair, float]) -> dict[Pair, float]:
    return {
        pair: weight * tilts[pair] for pair, weight in weights.items() if weight and pair in tilts
    }


def normalise(weights: Mapping[Pair, float]) -> dict[Pair, float]:
    total = sum(weights.values())
    return {pair: weight / total for pair, weight in weights.items()}


def find_least_seen(pool: Pool, pair: Pair, seen: set[tuple[int, Pair]]) -> list[int]:
    """The prompts of the pair that are left, of those the ones this rater has met least."""
    met = Counter(prompt for prompt, _ in seen)
    left = [prompt for prompt in pool.prompts[pair] if (prompt, pair) not in seen]
    least = min(met[prompt] for prompt in left)
    return [prompt for prompt in left if met[prompt] == least]
