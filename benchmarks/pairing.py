"""What choosing pairs gains over uniform ones, and whether intervals keep their coverage.

`make bench-pairing` runs it: seven minutes of one quiet core; `--scale` shortens it. Simulated
votes on M models whose strengths are normal with SD 150: the world `bt` is Bradley–Terry;
`messy` has ties (Davidson, nu 0.5), 25 points for the first side (drawn at random) and 5 % of
answers at random. The target is what Bradley–Terry with ties as halves tends to when pairs are
uniform. Sampling and looking are batched as on the site: a new plan after every batch.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit, ndtri

from metrics.stats import design
from metrics.stats.comparisons import Comparisons, FloatArray, Importance, IntArray, Outcome
from metrics.stats.methods.bradley_terry import Method
from metrics.stats.ratings import POINTS_PER_LOGIT
from metrics.stats.rescale import rescale

RANDOM_SHARE = 0.25
REACH = float(ndtri(0.975))
POWERED = REACH + float(ndtri(0.8))
GAP = 30.0  # points between neighbours that are to be told apart
WIDTH = 20.0  # points to either side of a newcomer's rating


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """M models, the chances (3, E) of model_a, model_b and tie on each pair, and the target."""

    points: FloatArray
    a: IntArray
    b: IntArray
    chances: FloatArray
    target: FloatArray

    @property
    def size(self) -> int:
        return len(self.points)


def make_world(points: FloatArray, *, messy: bool) -> World:
    a, b = np.triu_indices(len(points), 1)
    gap = (points[a] - points[b]) / POINTS_PER_LOGIT
    chances = np.stack([expit(gap), expit(-gap), np.zeros_like(gap)])
    if messy:
        shift = 25 / POINTS_PER_LOGIT
        chances = (_davidson(gap + shift) + _davidson(gap - shift)) / 2
        chances = 0.95 * chances + 0.05 / 3
    names = tuple(str(model) for model in range(len(points)))
    each = np.repeat([Outcome.MODEL_A, Outcome.MODEL_B, Outcome.TIE], len(a))
    everything = Comparisons(names, np.tile(a, 3), np.tile(b, 3), each, chances.ravel() + 1e-12)
    return World(points, a, b, chances, Method().fit(everything).logits)


def _davidson(gap: FloatArray) -> FloatArray:
    odds = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full_like(gap, 0.5)])
    return np.asarray(odds / odds.sum(axis=0))


@dataclass(slots=True, eq=False)
class Study:
    """Votes so far by outcome and pair, (3, E): how many, their weights and squared weights."""

    world: World
    rng: np.random.Generator
    count: FloatArray = field(init=False)
    weight: FloatArray = field(init=False)
    squares: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.count, self.weight, self.squares = np.zeros((3, *self.world.chances.shape))

    @property
    def votes(self) -> int:
        return int(self.count.sum())

    def cast(self, number: int, probability: FloatArray | None = None) -> None:
        """Votes on pairs drawn by `probability` (E,), or uniformly."""
        uniform = 1 / len(self.world.a)
        if probability is None:
            probability = np.full(len(self.world.a), uniform)
        pairs = self.rng.multinomial(number, probability)
        votes = self.rng.multinomial(pairs, self.world.chances.T).T
        weight = np.divide(uniform, probability, out=np.zeros_like(probability), where=pairs > 0)
        self.count += votes
        self.weight += weight * votes
        self.squares += weight**2 * votes

    def comparisons(self) -> Comparisons:
        outcome, pair = np.nonzero(self.count)
        cell = (outcome, pair)
        names = tuple(str(model) for model in range(self.world.size))
        importance = Importance(self.count[cell], self.squares[cell])
        a, b = self.world.a[pair], self.world.b[pair]
        return Comparisons(names, a, b, outcome, self.weight[cell], importance=importance)

    def met(self) -> FloatArray:
        """How many votes each pair has, (M, M)."""
        met = np.zeros((self.world.size, self.world.size))
        met[self.world.a, self.world.b] = self.count.sum(axis=0)
        return met + met.T


Estimate = tuple[FloatArray, FloatArray]  # logits (M,) and their covariance (M, M)


def estimate_rescaled(study: Study) -> Estimate:
    comparisons = study.comparisons()
    rescaled = rescale(comparisons)
    return rescaled.fit.logits, rescaled.covariance(comparisons)


def estimate_unweighted(study: Study) -> Estimate:
    comparisons = study.comparisons()
    return _sandwich(replace(comparisons, weight=comparisons.count, importance=None))


def _sandwich(comparisons: Comparisons) -> Estimate:
    fit = Method().fit(comparisons)
    influence = Method().influence(comparisons, fit)
    pulls = influence.scores.multiply(np.sqrt(comparisons.squares)[:, None]).tocsr()
    movement = influence.inverse @ (pulls.T @ pulls).toarray() @ influence.inverse
    centring = np.eye(len(fit.logits)) - 1 / len(fit.logits)
    return fit.logits, centring @ movement @ centring


Rule = Callable[[Study, FloatArray, FloatArray], FloatArray]
RULES: dict[str, Rule] = {
    "adjacent": lambda study, x, v: design.adjacent_pairs(x, v, rng=study.rng),
    "information": lambda study, x, v: design.informative_pairs(
        x, v, study.met(), random_share=RANDOM_SHARE, rng=study.rng
    ),
}


def plan(study: Study, rule: Rule, estimate: Estimate) -> FloatArray:
    """The probability of each pair, (E,), with the uniform floor."""
    pairs = rule(study, *estimate)[study.world.a, study.world.b]
    return RANDOM_SHARE / len(pairs) + (1 - RANDOM_SHARE) * pairs


def gap_errors(covariance: FloatArray, upper: IntArray, lower: IntArray) -> FloatArray:
    own = np.diagonal(covariance)
    return np.asarray(np.sqrt(own[upper] + own[lower] - 2 * covariance[upper, lower]))


def votes_to_power(world: World, rule: Rule | None, seed: int) -> int:
    """Votes until every neighbour at least GAP apart would be found with power 80 %."""
    order = np.argsort(-world.points)
    wide = -np.diff(world.points[order]) >= GAP
    upper, lower = order[:-1][wide], order[1:][wide]
    gaps = world.target[upper] - world.target[lower]
    study = Study(world, np.random.default_rng(seed))
    study.cast(50 * world.size)
    probability = None
    while True:
        found = estimate_rescaled(study)
        enough = study.votes >= 100 * world.size
        if enough and (gaps >= POWERED * gap_errors(found[1], upper, lower)).all():
            return study.votes
        if rule:
            probability = plan(study, rule, found)
        study.cast(max(50, study.votes // 50), probability)


def votes_of_newcomer(world: World, *, first: bool, seed: int) -> int:
    """Votes after 40,000 without the last model, until its interval is ±WIDTH."""
    study = Study(world, np.random.default_rng(seed))
    known = (world.b < world.size - 1).astype(np.float64)
    study.cast(40_000, known / known.sum())
    # Before the newcomer came, these were uniform draws.
    study.weight, study.squares = study.count.copy(), study.count.copy()
    while True:
        new = design.find_newcomers(study.met().sum(axis=1))
        chosen = first and new.any()
        probability = design.newcomer_pairs(new)[world.a, world.b] if chosen else None
        study.cast(10 if first else 100, probability)
        if study.met()[-1].sum() < 100:
            continue
        _, covariance = estimate_rescaled(study)
        if REACH * POINTS_PER_LOGIT * np.sqrt(covariance[-1, -1]) <= WIDTH:
            return study.votes - 40_000


def describe_ratio(ratios: FloatArray) -> str:
    """The geometric mean and its 95 % interval over seeds (normal, of the logarithms)."""
    logs = np.log(ratios)
    reach = REACH * logs.std(ddof=1) / np.sqrt(len(logs))
    mean, low, high = np.exp([logs.mean(), logs.mean() - reach, logs.mean() + reach])
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def truths(size: int, number: int) -> list[FloatArray]:
    return [np.random.default_rng(seed).normal(0, 150, size) for seed in range(number)]


def measure_newcomer(seeds: int) -> str:
    worlds = [make_world(points, messy=True) for points in truths(21, seeds)]
    uniform, chosen = (
        np.array([votes_of_newcomer(w, first=first, seed=seed) for seed, w in enumerate(worlds)])
        for first in (False, True)
    )
    return (
        f"newcomer, 20 models and 40,000 votes: {np.median(uniform):.0f} → "
        f"{np.median(chosen):.0f} votes, {describe_ratio(chosen / uniform)}"
    )


def measure_neighbours(size: int, seeds: int) -> list[str]:
    worlds = [make_world(points, messy=True) for points in truths(size, seeds)]

    def count(rule: Rule | None) -> FloatArray:
        return np.array([votes_to_power(world, rule, seed) for seed, world in enumerate(worlds)])

    uniform = count(None)
    chosen = {name: count(rule) for name, rule in RULES.items()}
    return [
        f"neighbours, {size} models, {name}: {np.median(uniform):.0f} → {np.median(votes):.0f} "
        f"votes, {describe_ratio(votes / uniform)}"
        for name, votes in chosen.items()
    ]


ESTIMATES: dict[str, Callable[[Study], Estimate]] = {
    "rescaled": estimate_rescaled,
    "weighted": lambda study: _sandwich(study.comparisons()),
    "unweighted": estimate_unweighted,
}


def measure_coverage(rule: str | None, *, messy: bool, runs: int, votes: int = 3000) -> list[str]:
    """How often intervals of ratings and of gaps between true neighbours hold the target."""
    size, worlds = 10, 10
    # Under uniform pairs all weights are 1, and the estimates the same.
    hits: dict[str, list[FloatArray]] = {name: [] for name in (ESTIMATES if rule else ["rescaled"])}
    for number, points in enumerate(truths(size, worlds)):
        world = make_world(np.sort(points), messy=messy)
        rng = np.random.default_rng([number, messy])
        for _ in range(max(1, runs // worlds)):
            study = run_study(Study(world, rng), RULES[rule] if rule else None, votes)
            for name, rows in hits.items():
                rows.append(check_intervals(world, ESTIMATES[name](study)))
    return [
        f"coverage, {'messy' if messy else 'bt'}, {rule or 'uniform'}, {name}: "
        + describe_coverage(np.array(rows), size)
        for name, rows in hits.items()
    ]


def run_study(study: Study, rule: Rule | None, votes: int) -> Study:
    study.cast(votes // 5)
    while study.votes < votes:
        probability = plan(study, rule, estimate_rescaled(study)) if rule else None
        study.cast(min(max(50, study.votes // 6), votes - study.votes), probability)
    return study


def check_intervals(world: World, found: Estimate) -> FloatArray:
    """Whether the ratings' and the neighbours' intervals hold, and the gaps' errors, (3M − 2,)."""
    logits, covariance = found
    missed = logits - world.target
    models = np.arange(world.size)
    errors = gap_errors(covariance, models[1:], models[:-1])
    rating = np.abs(missed) <= REACH * np.sqrt(np.diagonal(covariance))
    gap = np.abs(np.diff(missed)) <= REACH * errors
    return np.concatenate([rating, gap, errors * POINTS_PER_LOGIT])


def describe_coverage(rows: FloatArray, size: int) -> str:
    rating, gap, errors = np.split(rows.mean(axis=0), [size, 2 * size - 1])
    return (
        f"ratings {rating.mean():.3f} ({rating.min():.3f}–{rating.max():.3f}), "
        f"gaps {gap.mean():.3f} ({gap.min():.3f}–{gap.max():.3f}), "
        f"gap s.e. {errors.mean():.1f} points, {len(rows)} runs"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    scale = parser.parse_args().scale
    seeds, runs = max(2, round(20 * scale)), max(10, round(2000 * scale))
    print(measure_newcomer(seeds), flush=True)
    for size in (20, 50):
        print(*measure_neighbours(size, seeds), sep="\n", flush=True)
    for messy in (False, True):
        for rule in (None, *RULES):
            print(*measure_coverage(rule, messy=messy, runs=runs), sep="\n", flush=True)
    print(f"{time.process_time():.0f} s CPU")


if __name__ == "__main__":
    main()
