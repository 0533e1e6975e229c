"""How often the intervals cover what they are to cover: the rate of truth, by simulation.

    python -m benchmarks.coverage [--runs N] [--only NAME]

Ten sets of true strengths take turns. Each run draws votes, rates them by `rate` itself, and asks
which intervals cover their target: what the method converges to under uniform pairs, prompts and
raters, computed on the population (in worlds with ties, position effects, random raters or effects
of prompts and raters, the strengths that made the votes are not what it converges to). The model,
or gap, that is covered worst counts; the Monte Carlo error beside it is one standard error.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.methods.base import make_method
from metrics.stats.rate import rate
from metrics.stats.ratings import POINTS_PER_LOGIT, Ratings
from metrics.stats.simultaneous import joint_quantiles

MODELS = 8
TRUTHS = 10
NU = 0.5  # Davidson's: about one vote in five is a tie
ROUNDS = 300  # of a bootstrap
LOOK_FROM, LOOK_EVERY = 100, 50
NAMES = tuple(f"model {place}" for place in range(MODELS))
MANY = 1_000_000  # raters: nearly each vote another's


@dataclass(frozen=True)
class World:
    """What decides votes besides the models' strengths; effects and position in logits."""

    votes: int = 1500
    spread: float = 150 / POINTS_PER_LOGIT
    prompts: int = 100
    raters: int = MANY
    prompt_effect: float = 0.0
    rater_effect: float = 0.0
    position: float = 0.0
    random_raters: float = 0.0
    uneven: bool = False


@dataclass(frozen=True)
class Case:
    """An interval in a world whose assumptions it states."""

    name: str
    world: World
    cluster: tuple[str, ...] = ()
    ci: str = "sandwich"


MESSY = World(position=25 / POINTS_PER_LOGIT, random_raters=0.05)
BY_PROMPT = replace(MESSY, prompt_effect=0.5)
BY_RATER = replace(MESSY, rater_effect=0.5, raters=60)
BY_BOTH = replace(BY_PROMPT, rater_effect=0.5, prompts=40, raters=60)
MANY_OF_BOTH = replace(BY_BOTH, prompts=100, raters=100)
EQUAL = replace(BY_PROMPT, prompts=40, spread=0.01)
STRONG = replace(BY_PROMPT, prompts=40, prompt_effect=0.8)
CASES = (
    Case("sandwich", MESSY),
    Case("sandwich, weighted", replace(MESSY, uneven=True)),
    Case("by prompt, 20", replace(BY_PROMPT, prompts=20), ("prompt",)),
    Case("by prompt, 40", replace(BY_PROMPT, prompts=40), ("prompt",)),
    Case("by prompt, 100", BY_PROMPT, ("prompt",)),
    Case("by prompt, 40, weighted", replace(BY_PROMPT, prompts=40, uneven=True), ("prompt",)),
    Case("by rater, 60", BY_RATER, ("rater",)),
    Case("by prompt and rater, 20 and 60", replace(BY_BOTH, prompts=20), ("prompt", "rater")),
    Case("by prompt and rater, 40 and 60", BY_BOTH, ("prompt", "rater")),
    Case("by prompt and rater, 100 and 100", MANY_OF_BOTH, ("prompt", "rater")),
    Case("bootstrap", MESSY, ci="bootstrap"),
    Case("bootstrap by prompt, 40", replace(BY_PROMPT, prompts=40), ("prompt",), ci="bootstrap"),
    Case("bootstrap by prompt and rater, 40 and 60", BY_BOTH, ("prompt", "rater"), ci="bootstrap"),
    Case("sandwich, nearly equal models", replace(MESSY, spread=0.01)),
    Case("by prompt, 40, nearly equal models", EQUAL, ("prompt",)),
    # The one that is to fail: its assumption, independent votes, does not hold.
    Case("sandwich under strong prompt effects", STRONG),
    Case("by prompt, 40, under strong ones", STRONG, ("prompt",)),
)


def true_strengths(world: World) -> FloatArray:
    """Ten sets of strengths, (10, M), weakest first so that a place means the same in all."""
    rng = np.random.default_rng(2026)
    return np.sort(rng.normal(0, world.spread, (TRUTHS, MODELS)), axis=1)


def find_target(strengths: FloatArray, world: World) -> FloatArray:
    """What ties-as-half Bradley–Terry converges to under uniform pairs, in logits, (M,)."""
    nodes, masses = np.polynomial.hermite_e.hermegauss(31)
    spread = np.sqrt(2 * (world.prompt_effect**2 + world.rater_effect**2))
    gaps = strengths[:, None, None] - strengths[None, :, None] + spread * nodes
    share = np.zeros((MODELS, MODELS))
    for position in (world.position, -world.position):
        first, _, tie = _chances(gaps + position)
        share += ((first + tie / 2) @ (masses / masses.sum())) / 2
    share = (1 - world.random_raters) * share + world.random_raters / 2
    a, b = np.nonzero(~np.eye(MODELS, dtype=bool))
    expected = Comparisons.from_codes(NAMES, a, b, a * 0, weight=share[a, b])
    return make_method("bradley_terry").fit(expected).logits


def _chances(gap: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    won, lost = np.exp(gap / 2), np.exp(-gap / 2)
    total = won + lost + NU
    return won / total, lost / total, NU / total


def draw_votes(
    strengths: FloatArray, world: World, rng: np.random.Generator, *, in_order: bool = False
) -> Comparisons:
    """Votes of one run; with `uneven` pairs each vote weighs uniform over real probability."""
    size = world.votes
    a, b, weight = _draw_pairs(world, rng)
    prompt, rater = (rng.integers(0, n, size) for n in (world.prompts, world.raters))
    worth = np.tile(strengths, (size, 1))
    if world.prompt_effect:
        worth += rng.normal(0, world.prompt_effect, (world.prompts, MODELS))[prompt]
    if world.rater_effect:
        worth += rng.normal(0, world.rater_effect, (world.raters, MODELS))[rater]
    rows = np.arange(size)
    first, second, _ = _chances(worth[rows, a] - worth[rows, b] + world.position)
    people, own = np.unique(rater, return_inverse=True)
    careless = (rng.random(len(people)) < world.random_raters)[own]
    first, second = np.where(careless, 0.4, first), np.where(careless, 0.4, second)
    luck = rng.random(size)
    outcome = np.select(
        [luck < first, luck < first + second], [Outcome.MODEL_A, Outcome.MODEL_B], Outcome.TIE
    )
    return Comparisons.from_codes(
        NAMES, a, b, outcome, weight=weight, count=np.ones(size), squares=weight**2,
        clusters={"prompt": prompt, "rater": rater}, in_order=in_order,
    )  # fmt: skip


def _draw_pairs(world: World, rng: np.random.Generator) -> tuple[IntArray, IntArray, FloatArray]:
    """Pairs with random sides; uneven ones put half of all votes on neighbours."""
    a, b = np.nonzero(~np.eye(MODELS, dtype=bool))
    uniform = np.full(len(a), 1 / len(a))
    near = np.abs(a - b) == 1
    chance = uniform / 2 + near / near.sum() / 2 if world.uneven else uniform
    drawn = rng.choice(len(a), world.votes, p=chance)
    return a[drawn], b[drawn], (uniform / chance)[drawn]


def run_case(case: Case, runs: int, *, seed: int = 1) -> dict[str, BoolArray]:
    """Of each run, what was covered: ratings (M,), gaps (pairs,), all gaps, all ranks."""
    truths = true_strengths(case.world)
    targets = [find_target(truth, case.world) for truth in truths]
    rng = np.random.default_rng(seed)
    covered = []
    for run in range(runs):
        votes = draw_votes(truths[run % TRUTHS], case.world, rng)
        ratings = rate(votes, cluster=case.cluster, ci=case.ci, rounds=ROUNDS, seed=run)
        covered.append(check_intervals(ratings, targets[run % TRUTHS]))
    return {name: np.array([run[name] for run in covered]) for name in covered[0]}


def check_intervals(ratings: Ratings, target: FloatArray) -> dict[str, BoolArray]:
    """Which intervals hold their target, in logits (M,)."""
    assert ratings.covariance is not None
    gaps, level = ratings.gaps(), ratings.settings.level
    points, pairs = POINTS_PER_LOGIT * target, np.triu_indices(MODELS, 1)
    differences = points[:, None] - points[None, :]
    quantiles = joint_quantiles(ratings.covariance, ratings.fit.components, level)
    reach = POINTS_PER_LOGIT * quantiles[:, None] * ratings.covariance.gap_standard_errors()
    rank = np.arange(MODELS, 0, -1)
    return {
        "rating": _within(ratings, "rating_lower", 1000 + points, "rating_upper"),
        "gap": ((gaps.lower <= differences) & (differences <= gaps.upper))[pairs],
        "all gaps at once": _all(np.abs(gaps.points - differences) <= reach),
        "all ranks at once": _all(_within(ratings, "rank_lower", rank, "rank_upper")),
    }


def _within(ratings: Ratings, lower: str, values: FloatArray | IntArray, upper: str) -> BoolArray:
    rows = sorted(ratings.rows, key=lambda row: row.model)
    low, high = (np.array([getattr(row, name) for row in rows]) for name in (lower, upper))
    return np.asarray((low <= values) & (values <= high))


def _all(hits: BoolArray) -> BoolArray:
    return np.array([hits.all()])


@dataclass(frozen=True)
class Watch:
    """A board that is looked at after every 50 votes, from 100 to all of its world's."""

    name: str
    world: World
    cluster: tuple[str, ...] = ()


WATCHES = (
    Watch("band", MESSY),
    Watch("band, by prompt, 60", replace(BY_PROMPT, prompts=60, prompt_effect=0.4), ("prompt",)),
)


def run_watch(watch: Watch, runs: int, *, seed: int = 1) -> dict[str, FloatArray]:
    """Of each run, what was missed at any look, (runs, M or pairs or 1), and the final width."""
    truths = true_strengths(watch.world)
    targets = [find_target(truth, watch.world) for truth in truths]
    rng = np.random.default_rng(seed)
    seen = [
        watch_one(watch, truths[run % TRUTHS], targets[run % TRUTHS], rng) for run in range(runs)
    ]
    return {name: np.array([run[name] for run in seen]) for name in seen[0]}


def watch_one(
    watch: Watch, strengths: FloatArray, target: FloatArray, rng: np.random.Generator
) -> dict[str, FloatArray]:
    votes = draw_votes(strengths, watch.world, rng, in_order=True)
    looks = []
    for seen in range(LOOK_FROM, watch.world.votes + 1, LOOK_EVERY):
        rows = votes.select(np.arange(seen))
        ratings = rate(replace(rows, in_order=False), cluster=watch.cluster)
        looks.append(check_bands(ratings, target))
    missed = {name: np.any([~look[name] for look in looks], axis=0) for name in looks[0]}
    final, pairs = ratings.gaps(), np.triu_indices(MODELS, 1)
    widths = (final.band_upper - final.band_lower)[pairs] / (final.upper - final.lower)[pairs]
    return {**missed, "final width": widths}


def check_bands(ratings: Ratings, target: FloatArray) -> dict[str, BoolArray]:
    gaps, points = ratings.gaps(), POINTS_PER_LOGIT * target
    differences, pairs = points[:, None] - points[None, :], np.triu_indices(MODELS, 1)
    rank = np.arange(MODELS, 0, -1)
    return {
        "rating": _within(ratings, "band_lower", 1000 + points, "band_upper"),
        "gap": ((gaps.band_lower <= differences) & (differences <= gaps.band_upper))[pairs],
        "all ranks at once": _all(_within(ratings, "band_rank_lower", rank, "band_rank_upper")),
        "(fixed-time interval)": _within(ratings, "rating_lower", 1000 + points, "rating_upper"),
    }


def report(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000, help="of each case (default: 2000)")
    parser.add_argument("--only", default="", metavar="NAME", help="cases whose name holds this")
    options = parser.parse_args(arguments)
    print(f"{options.runs} runs over {TRUTHS} truths, {MODELS} models; nominal 95 %, in percent\n")
    print(f"{'interval':42} {'of':18} {'mean':>6} {'worst':>6} {'±':>4} {'CPU s':>6}")
    for case in CASES:
        if options.only in case.name:
            start = process_time()
            covered = run_case(case, options.runs)
            _print_shares(case.name, covered, np.min, process_time() - start)
    print(f"\n{'ever missed, at a look each 50 votes':42}")
    for watch in WATCHES:
        if options.only in watch.name:
            start = process_time()
            seen = run_watch(watch, options.runs)
            width = seen.pop("final width")
            _print_shares(watch.name, seen, np.max, process_time() - start)
            print(f"{'':42} final width: {width.mean():.2f} times the fixed-time interval's")


def _print_shares(
    name: str,
    shares: Mapping[str, NDArray[Any]],
    worst: Callable[[FloatArray], float],
    seconds: float,
) -> None:
    for number, (of, hits) in enumerate(shares.items()):
        each = 100 * hits.mean(axis=0)
        least = float(worst(each))
        error = np.sqrt(least * (100 - least) / len(hits))
        spent = f"{seconds:6.0f}" if number == 0 else ""
        shown = name if number == 0 else ""
        print(
            f"{shown:42} {of:18} {each.mean():6.2f} {least:6.2f} {error:4.2f} {spent}", flush=True
        )


if __name__ == "__main__":
    report()
