"""Write the next plan of an arena's pairs, in batches of votes: where the next one teaches most."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import numpy as np
from django.db import transaction
from django.db.models import F, Sum

from arenas.battles.choose import RANDOM, UNIFORM, Pool, load_pool
from arenas.battles.models import PairPlan, PairWeight
from arenas.definitions.models import Arena
from arenas.votes.models import CountWatermark, VoteCount
from metrics.pairing.policy import Policy
from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, Outcome
from metrics.stats.design import (
    adjacent_pairs,
    find_newcomers,
    informative_pairs,
    newcomer_pairs,
)
from metrics.stats.methods.base import NotConverged
from metrics.stats.rescale import Rescaled, rescale

NEWCOMERS = "newcomers"
ADAPTIVE = "adaptive"
# Votes for each competitor before their outcomes decide about pairs.
VOTES_EACH = 50


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The counted votes between the competitors that can meet in an arena, up to a watermark.

    Votes on all current questions count together, of the kinds of raters on the arena's
    boards. `met` (M, M) has how many votes each pair has, `open` (M, M) whether it can meet.
    """

    competitors: tuple[int, ...]
    comparisons: Comparisons
    met: FloatArray
    open: BoolArray
    votes: int
    watermark: int


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """How pairs are to be drawn: the share of each arm, and the weights (M, M) of one of them."""

    rule: str
    shares: Mapping[str, float]
    weighted: str = ""
    weights: FloatArray | None = None


def plan_pairs(arena: Arena, *, now: datetime) -> PairPlan | None:
    """Write the arena's next plan if one is due; None where the present one stands.

    Random draws in the making are seeded by arena and number: the same votes give the same plan.
    """
    newest = PairPlan.objects.filter(arena=arena).first()
    number = newest.number + 1 if newest else 1
    standing = read_standing(arena, load_pool(arena))
    rng = np.random.default_rng([arena.pk, number])
    pairs = next_pairs(Policy.of(arena), newest, standing, rng)
    return write_plan(arena, number, pairs, standing, now) if pairs else None


def next_pairs(
    policy: Policy, newest: PairPlan | None, standing: Standing, rng: np.random.Generator
) -> Pairs | None:
    """What to change to, if anything; newcomers first, as soon as there are others than before."""
    first = open_newcomer_pairs(standing) if policy.newcomers else None
    if first is not None:
        pairs = Pairs(NEWCOMERS, {NEWCOMERS: 1.0}, NEWCOMERS, first)
        return None if newest and has_pairs(newest, standing, pairs) else pairs
    if not is_due(policy, newest, standing):
        return None
    weights = rule_pairs(policy, standing, rng)
    if weights is not None:
        shares = {RANDOM: policy.random_share, ADAPTIVE: 1 - policy.random_share}
        return Pairs(policy.rule, shares, ADAPTIVE, weights)
    is_uniform = newest is None or newest.rule == UNIFORM
    return None if is_uniform else Pairs(UNIFORM, {RANDOM: 1.0})


@transaction.atomic
def read_standing(arena: Arena, pool: Pool) -> Standing:
    # The lock keeps the counts at the watermark while they are read.
    folded = CountWatermark.objects.select_for_update().first()
    competitors = tuple(sorted(set(chain.from_iterable(pool.prompts))))
    rows = (
        VoteCount.objects.filter(
            arena=arena,
            question__retired_at=None,
            rater_kind__in=arena.board_raters,
            flagged=False,
            competitor_a__in=competitors,
            competitor_b__in=competitors,
        )
        .exclude(competitor_a=F("competitor_b"))
        .values_list("competitor_a", "competitor_b", "winner")
        .annotate(votes=Sum("count"), weights=Sum("weight"), squares=Sum("weight_squared"))
        .filter(votes__gt=0)
    )
    code = {pk: index for index, pk in enumerate(competitors)}
    cells = [(code[a], code[b], Outcome[winner.upper()], *sums) for a, b, winner, *sums in rows]
    table = np.array(cells, dtype=np.float64).reshape(-1, 6).T
    a, b, outcome = table[:3].astype(np.int64)
    comparisons = Comparisons.from_codes(
        [str(pk) for pk in competitors],
        a, b, outcome,
        count=table[3], weight=table[4] / 1e3, squares=table[5] / 1e6,
    )  # fmt: skip
    size = len(competitors)
    met = np.zeros((size, size))
    np.add.at(met, (a, b), table[3])
    can_meet = np.zeros((size, size), dtype=bool)
    for one, other in pool.prompts:
        can_meet[code[one], code[other]] = can_meet[code[other], code[one]] = True
    votes, watermark = int(table[3].sum()), folded.seq if folded else 0
    return Standing(competitors, comparisons, met + met.T, can_meet, votes, watermark)


def open_newcomer_pairs(standing: Standing) -> FloatArray | None:
    """The probabilities (M, M) of newcomers' pairs that can meet; None where none can."""
    new = find_newcomers(standing.met.sum(axis=1))
    if not new.any():
        return None
    pairs: FloatArray = newcomer_pairs(new) * standing.open
    total = pairs.sum() / 2
    return pairs / total if total else None


def is_due(policy: Policy, newest: PairPlan | None, standing: Standing) -> bool:
    """Whether the newest plan is not this policy's, or no longer fits the competitors or votes.

    It fits until a batch of votes came, or some were taken away, or others can meet than then.
    A uniform plan that stands in for a rule gives way as soon as the rule can hold.
    """
    if newest is None or newest.rule != policy.rule:
        return True
    if policy.rule == UNIFORM:
        return False
    if newest.shares[RANDOM] != policy.random_share:
        return True
    # Both rules give every competitor some weight, so that a plan's pairs say who could meet.
    if planned_competitors(newest) != set(standing.competitors):
        return True
    more = standing.votes - newest.votes
    return more < 0 or more >= policy.batch_after(newest.votes)


def planned_competitors(plan: PairPlan) -> set[int]:
    return set(chain.from_iterable(plan.weights.values_list("first_id", "second_id")))


def rule_pairs(policy: Policy, standing: Standing, rng: np.random.Generator) -> FloatArray | None:
    """The probabilities of pairs (M, M) beside uniform ones; None while all are to be uniform."""
    if policy.rule == UNIFORM or standing.votes < VOTES_EACH * len(standing.competitors):
        return None
    rescaled = settle(standing)
    if rescaled is None:
        return None
    logits, covariance = rescaled.fit.logits, rescaled.covariance(standing.comparisons)
    if policy.rule == "adjacent":
        return adjacent_pairs(logits, covariance, rng=rng)
    return informative_pairs(
        logits, covariance, standing.met, random_share=policy.random_share, rng=rng
    )


def settle(standing: Standing) -> Rescaled | None:
    """The ratings, where the votes connect all competitors and leave none to a prior."""
    if len(standing.competitors) < 3:
        return None
    try:
        rescaled = rescale(standing.comparisons)
    except NotConverged:
        return None
    unsettled = rescaled.fit.components.any() or rescaled.fit.separated.any()
    return None if unsettled else rescaled


def has_pairs(plan: PairPlan, standing: Standing, pairs: Pairs) -> bool:
    """Whether the plan has this rule and gives weight to the same pairs."""
    written = set(plan.weights.values_list("first_id", "second_id"))
    return plan.rule == pairs.rule and written == set(name_pairs(standing, pairs))


def name_pairs(standing: Standing, pairs: Pairs) -> dict[tuple[int, int], float]:
    """The weights that are not zero, by the ids of both competitors, the lower first."""
    if pairs.weights is None:
        return {}
    ids, weights = standing.competitors, np.triu(pairs.weights)
    cells = zip(*(index.tolist() for index in np.nonzero(weights)), strict=True)
    return {(ids[i], ids[j]): float(weights[i, j]) for i, j in cells}


@transaction.atomic
def write_plan(
    arena: Arena, number: int, pairs: Pairs, standing: Standing, now: datetime
) -> PairPlan:
    plan = PairPlan.objects.create(
        arena=arena,
        number=number,
        rule=pairs.rule,
        shares=pairs.shares,
        watermark=standing.watermark,
        votes=standing.votes,
        created_at=now,
    )
    PairWeight.objects.bulk_create(
        PairWeight(plan=plan, arm=pairs.weighted, first_id=one, second_id=other, weight=weight)
        for (one, other), weight in name_pairs(standing, pairs).items()
    )
    return plan
