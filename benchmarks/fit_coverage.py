"""Do the intervals of position, style, usable rates and Plackett–Luce cover what they estimate?

    python -m benchmarks.fit_coverage [--runs N] [--only NAME]

Each world is simulated `--runs` times over ten truths; the target is the true number, or, where
averaging over prompts or raters moves it, what 300,000 votes converge to. Printed are the mean
coverage, the worst number's, and what intervals that ignore the clusters would cover.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.controls import control_ratings
from metrics.stats.covariates import standardise_differences
from metrics.stats.position import estimate_position
from metrics.stats.rankings import Rankings
from metrics.stats.rate_rankings import rate_rankings
from metrics.stats.usable import estimate_usable

TRUTHS = 10
MANY = 300_000
MODELS = 8

Interval = tuple[float, float | None, float | None]  # value, lower, upper
# From what draws the truth, what draws the votes, and how many, to what is rated.
Draw = Callable[[np.random.Generator, np.random.Generator, int], Any]


@dataclass(frozen=True, slots=True)
class World:
    """How its votes are drawn, and what intervals are made of them."""

    name: str
    draw: Draw
    estimate: Callable[[Any, Sequence[str]], list[Interval]]
    cluster: tuple[str, ...]
    votes: int


def names() -> list[str]:
    return [f"m{code}" for code in range(MODELS)]


def draw_pairs(rng: np.random.Generator, votes: int) -> tuple[IntArray, IntArray]:
    a = rng.integers(0, MODELS, votes)
    return a, (a + rng.integers(1, MODELS, votes)) % MODELS


def clusters_for(votes: int, few: int) -> int:
    """As many clusters as asked, or so many that one more would change nothing."""
    return few if votes < MANY else votes // 3


def draw_position(few: int, spread: float) -> Draw:
    def draw(truth: np.random.Generator, rng: np.random.Generator, votes: int) -> Comparisons:
        strengths, gamma = truth.normal(0, 0.6, MODELS), truth.normal(0, 0.2)
        a, b = draw_pairs(rng, votes)
        count = clusters_for(votes, few)
        prompt = rng.integers(0, count, votes)
        gap = strengths[a] - strengths[b] + gamma + rng.normal(0, spread, count)[prompt]
        chance = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full(votes, 0.5)])
        edges = (chance / chance.sum(axis=0)).cumsum(axis=0)
        outcome = (rng.random(votes) > edges[:2]).sum(axis=0)
        return Comparisons.from_codes(names(), a, b, outcome, clusters={"prompt": prompt})

    return draw


def position_intervals(comparisons: Comparisons, cluster: Sequence[str]) -> list[Interval]:
    found = estimate_position(comparisons, cluster=cluster)
    estimates = (found.share, found.bradley_terry, found.davidson, found.nu)
    return [(part.value, part.lower, part.upper) for part in estimates]


def draw_style(few: int, spread: float) -> Draw:
    def draw(
        truth: np.random.Generator, rng: np.random.Generator, votes: int
    ) -> tuple[Comparisons, FloatArray]:
        strengths, beta = truth.normal(0, 0.6, MODELS), truth.normal(0, 0.3, 2)
        a, b = draw_pairs(rng, votes)
        # Every showing has candidates of its own; a better model's are brighter.
        features = rng.normal(size=(2 * votes, 2))
        features[:, 0] += strengths[np.append(a, b)]
        style = standardise_differences(features, np.arange(votes), votes + np.arange(votes))
        count = clusters_for(votes, few)
        rater = rng.integers(0, count, votes)
        liking = beta + rng.normal(0, spread, (count, 2))[rater]
        gap = strengths[a] - strengths[b] + 0.1 + (style * liking).sum(axis=1)
        won = rng.random(votes) < 1 / (1 + np.exp(-gap))
        outcome = np.where(rng.random(votes) < 0.15, Outcome.TIE, np.where(won, 0, 1))
        clusters = {"rater": rater}
        return (
            Comparisons.from_codes(names(), a, b, outcome, clusters=clusters, in_order=True),
            style,
        )

    return draw


def style_intervals(data: tuple[Comparisons, FloatArray], cluster: Sequence[str]) -> list[Interval]:
    comparisons, style = data
    found = control_ratings(comparisons, style, ["brightness", "sharpness"], cluster=cluster)
    points = [part.points for part in found.coefficients]
    reach = found.covariance.reach(found.level)
    ratings = zip(found.controlled.logits, reach, strict=True)
    return [(part.value, part.lower, part.upper) for part in points] + [
        (value, value - far, value + far) for value, far in ratings
    ]


def draw_usable(few: int) -> Draw:
    def draw(truth: np.random.Generator, rng: np.random.Generator, votes: int) -> Comparisons:
        usable = truth.uniform(0.2, 0.95, MODELS)
        a, b = draw_pairs(rng, votes)
        # A model makes one image for a prompt, and whoever sees it finds it bad or not.
        prompt = rng.integers(0, clusters_for(votes, few), votes) if few else np.arange(votes)
        bad_image = rng.random((int(prompt.max()) + 1, MODELS)) > usable
        bad = bad_image[prompt, a] & bad_image[prompt, b]
        outcome = np.where(bad, Outcome.BOTH_BAD, rng.integers(0, 3, votes))
        return Comparisons.from_codes(names(), a, b, outcome, clusters={"prompt": prompt})

    return draw


def usable_intervals(comparisons: Comparisons, cluster: Sequence[str]) -> list[Interval]:
    rows = estimate_usable(comparisons, cluster=cluster).rows
    return [(row.usable.value, row.usable.lower, row.usable.upper) for row in rows if row.usable]


def draw_rankings(few: int, spread: float) -> Draw:
    def draw(truth: np.random.Generator, rng: np.random.Generator, votes: int) -> Rankings:
        strengths = truth.normal(0, 0.6, MODELS)
        ballots = min(votes, MANY // 4)
        slots = np.argsort(rng.random((ballots, MODELS)), axis=1)[:, :4]
        count = clusters_for(votes, few)
        prompt = rng.integers(0, count, ballots)
        worth = (strengths + rng.normal(0, spread, (count, MODELS))[prompt])[
            np.arange(ballots)[:, None], slots
        ] + rng.gumbel(size=slots.shape)
        ranked = np.take_along_axis(slots, np.argsort(-worth, axis=1), axis=1)
        tiers = np.cumsum(rng.random(slots.shape) > 0.15, axis=1)
        return Rankings.from_codes(names(), ranked, tiers, clusters={"prompt": prompt})

    return draw


def ranking_intervals(rankings: Rankings, cluster: Sequence[str]) -> list[Interval]:
    rows = sorted(rate_rankings(rankings, cluster=cluster).rows, key=lambda row: row.model)
    return [(row.rating, row.rating_lower, row.rating_upper) for row in rows]


WORLDS = (
    World("position", draw_position(1, 0.0), position_intervals, (), 1000),
    World("position, 30 prompts", draw_position(30, 0.6), position_intervals, ("prompt",), 1000),
    World("style", draw_style(1, 0.0), style_intervals, (), 1000),
    World("style, 30 raters", draw_style(30, 0.5), style_intervals, ("rater",), 1000),
    World("usable", draw_usable(0), usable_intervals, (), 2000),
    World("usable, 60 prompts", draw_usable(60), usable_intervals, ("prompt",), 2000),
    World("rankings of 4", draw_rankings(1, 0.0), ranking_intervals, (), 300),
    World("rankings, 30 prompts", draw_rankings(30, 0.6), ranking_intervals, ("prompt",), 300),
)


def holds(interval: Interval, target: float) -> bool:
    _, lower, upper = interval
    return lower is not None and upper is not None and lower <= target <= upper


def cover(world: World, runs: int) -> tuple[BoolArray, BoolArray]:
    """Whether each number's interval held its target, clustered and plain, (runs, numbers)."""
    targets = []
    for truth in range(TRUTHS):
        rngs = np.random.default_rng(truth), np.random.default_rng(1000 + truth)
        targets.append([value for value, *_ in world.estimate(world.draw(*rngs, MANY), ())])
    ways = list(dict.fromkeys([world.cluster, ()]))
    hits: list[list[list[bool]]] = [[] for _ in ways]
    for run in range(runs):
        rngs = np.random.default_rng(run % TRUTHS), np.random.default_rng(10_000 + run)
        data = world.draw(*rngs, world.votes)
        for found, cluster in zip(hits, ways, strict=True):
            pairs = zip(targets[run % TRUTHS], world.estimate(data, cluster), strict=True)
            found.append([holds(interval, target) for target, interval in pairs])
    return np.array(hits[0]), np.array(hits[-1])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", default="", help="worlds whose name begins so")
    options = parser.parse_args(arguments)
    error = 100 * np.sqrt(0.95 * 0.05 / options.runs)
    print(f"{options.runs} runs over {TRUTHS} truths; ±{error:.1f} points (one standard error)")
    print(f"{'world':24}{'mean':>8}{'worst':>8}{'plain':>8}{'CPU s':>8}")
    for world in WORLDS:
        if world.name.startswith(options.only):
            start = process_time()
            hits, plain = (100 * found.mean(axis=0) for found in cover(world, options.runs))
            worst = hits[np.argmax(np.abs(hits - 95))]
            print(
                f"{world.name:24}{hits.mean():8.1f}{worst:8.1f}{plain.mean():8.1f}"
                f"{process_time() - start:8.1f}"
            )


if __name__ == "__main__":
    main()
