"""What a judge is worth: coverage and gain of judge-assisted ratings in known worlds.

`make bench-judge` runs it at full size: 2,000 runs over 10 truths in each world. `--runs N`
makes it smaller, `--only WORLD` runs one. A world's target is what people's votes converge to,
from the world itself. Gains are variance ratios without over with the judge: of the errors that
the runs made, as the results report them, and the most that is possible (`oracle`).
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.judge import assist
from metrics.stats.judged_votes import JudgedVotes
from metrics.stats.methods.base import Fit, make_method

MODELS = 8
NAMES = tuple(f"m{model}" for model in range(MODELS))
TRUTHS = 10
POPULATION = 200_000
TIES = 0.5  # Davidson's nu
FIRST = 0.15  # people's taste for the first side, in logits
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class World:
    """How people's battles and the judge's answers come about; effects in logits.

    `known` is how much of what a battle's pictures add to the models' strengths the judge
    sees: 1 all, 0 none, -1 it prefers the worse; `strength` is the same of the strengths, and
    `sharp` how steeply its answers follow.
    """

    known: float = 1.0
    strength: float = 1.0
    gloss: float = 0.0
    first: float = 0.0
    sharp: float = 1.5
    unequal: bool = False
    prompts: int = 0
    raters: int = 0
    battles: int = 8000
    people: int = 800


WORLDS = {
    "plain": World(),
    "gloss": World(gloss=0.7, first=0.6),
    "unequal": World(gloss=0.7, unequal=True),
    "strength": World(known=0.0),
    "useless": World(known=0.0, strength=0.0),
    "adversary": World(known=-1.0, strength=-1.0),
    "clustered": World(gloss=0.7, prompts=300, raters=60, battles=6000, people=600),
}
PICTURES = 3.0  # SD of what a battle's pictures add to the gap of the strengths
PROMPTS = 0.7  # SD of a prompt's effect on each model
RATERS = 0.4  # SD of a rater's taste for each model


@dataclass(frozen=True, slots=True)
class Truth:
    """One draw of a world: strengths, the judge's gloss, and how often a model's picture is bad."""

    strengths: FloatArray
    gloss: FloatArray
    bad: FloatArray


def draw_truth(world: World, rng: np.random.Generator) -> Truth:
    """Models in order of strength, so that a place means the same in every truth."""
    strengths = np.sort(rng.normal(0, 0.9, MODELS))
    return Truth(strengths, rng.normal(0, world.gloss, MODELS), rng.uniform(0.1, 0.5, MODELS))


def answer(gap: FloatArray, bad: FloatArray, rng: np.random.Generator) -> IntArray:
    """Codes of Outcome: both bad with probability `bad`, else Davidson's model."""
    first, second = np.exp(gap / 2), np.exp(-gap / 2)
    at = rng.random(len(gap)) * (first + second + TIES)
    decided = np.where(at < first, 0, np.where(at < first + second, 1, 2))
    return np.where(rng.random(len(gap)) < bad, 3, decided)


def expected_share(gap: FloatArray, bad: FloatArray) -> FloatArray:
    """Of the first side: half of the undecided is its own."""
    first, second = np.exp(gap / 2), np.exp(-gap / 2)
    return bad / 2 + (1 - bad) * (first + TIES / 2) / (first + second + TIES)


def find_target(world: World, truth: Truth) -> FloatArray:
    """The logits that people's votes converge to, over pictures, prompts, raters and sides."""
    spread = np.sqrt(
        PICTURES**2 + 2 * PROMPTS**2 * (world.prompts > 0) + 2 * RATERS**2 * (world.raters > 0)
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(81)
    gap = truth.strengths[:, None] - truth.strengths[None, :]
    at = gap[..., None] + spread * nodes
    bad = np.multiply.outer(truth.bad, truth.bad)[..., None]
    both = expected_share(at + FIRST, bad) + expected_share(at - FIRST, bad)
    share = both @ weights / (2 * weights.sum())
    a, b = np.nonzero(~np.eye(MODELS, dtype=bool))
    zeros = np.zeros(len(a), dtype=np.int64)
    wins = Comparisons.from_codes(NAMES, a, b, zeros, weight=share[a, b])
    return make_method("bradley_terry").fit(wins).logits


@dataclass(frozen=True, slots=True)
class Battles:
    """A pool of battles: sides, what people would say (one vote each), what the judge says."""

    a: IntArray
    b: IntArray
    prompt: IntArray
    worth: FloatArray
    bad: FloatArray
    judge: IntArray
    probability: FloatArray


def draw_battles(world: World, truth: Truth, count: int, rng: np.random.Generator) -> Battles:
    a = rng.integers(0, MODELS, count)
    b = (a + rng.integers(1, MODELS, count)) % MODELS
    pictures = rng.normal(0, PICTURES, count)
    prompt = rng.integers(0, max(world.prompts, 1), count)
    by_prompt = rng.normal(0, PROMPTS, (max(world.prompts, 1), MODELS)) * (world.prompts > 0)
    pictures = pictures + by_prompt[prompt, a] - by_prompt[prompt, b]
    gap = truth.strengths[a] - truth.strengths[b]
    bad = truth.bad[a] * truth.bad[b]
    seen = world.strength * gap + world.known * pictures + truth.gloss[a] - truth.gloss[b]
    judge = answer(world.sharp * seen + world.first, bad, rng)
    share = np.full(count, world.people / world.battles)
    if world.unequal:  # three times as often where the model of the lower number looks better
        share = share * np.where(pictures * np.sign(b - a) > 0, 1.5, 0.5)
    return Battles(a, b, prompt, gap + pictures + FIRST, bad, judge, share)


def draw_judged(world: World, truth: Truth, rng: np.random.Generator) -> JudgedVotes:
    """People's votes on a part of a pool, two each where there are raters; the judge's on all."""
    pool = draw_battles(world, truth, world.battles, rng)
    if world.prompts:  # people see a fifth of the prompts, the judge all
        drawn = np.flatnonzero(pool.prompt < world.prompts // 5)
        drawn = rng.permutation(drawn)[: world.people]
    else:
        drawn = np.flatnonzero(rng.random(world.battles) < pool.probability)
    alone = np.setdiff1d(np.arange(world.battles), drawn)
    battle = np.concatenate([np.repeat(drawn, 2 if world.raters else 1), alone])
    votes = len(battle) - len(alone)
    rater = np.where(np.arange(len(battle)) < votes, rng.integers(0, 60, len(battle)), -1)
    taste = rng.normal(0, RATERS, (60, MODELS)) * (world.raters > 0)
    worth = pool.worth + 0.0
    gap = worth[battle] + taste[rater, pool.a[battle]] - taste[rater, pool.b[battle]]
    outcome = answer(gap, pool.bad[battle], rng)
    outcome[votes:] = -1
    return JudgedVotes.from_codes(
        NAMES,
        pool.a[battle],
        pool.b[battle],
        outcome,
        judge=pool.judge[battle],
        battle=battle,
        probability=pool.probability[battle],
        clusters={"prompt": pool.prompt[battle], "rater": rater} if world.prompts else None,
    )


def find_oracle_gain(world: World, truth: Truth, rng: np.random.Generator) -> float:
    """The summed variance without the judge over the least with it, lambda and means known.

    With equal probabilities it is 1 / (1 - rho² (1 - n/N)), rho being the correlation of
    people's and the judge's residuals within pairs and n of N battles being people's.
    """
    pool = draw_battles(world, truth, POPULATION, rng)
    method = make_method("bradley_terry")
    fits, points = [], np.array([1.0, 0.0, 0.5, 0.5])
    answers = (answer(pool.worth, pool.bad, rng), pool.judge)
    for outcome in answers:
        fits.append(method.fit(Comparisons.from_codes(NAMES, pool.a, pool.b, outcome)))
    people, judge = (
        points[outcome] - chance(fit, pool) for outcome, fit in zip(answers, fits, strict=True)
    )
    judge = judge - judge.mean()
    inverse = method.influence(
        Comparisons.from_codes(NAMES, pool.a, pool.b, answers[0]), fits[0]
    ).inverse
    metric = inverse @ inverse
    own = np.diag(metric)
    reach = own[pool.a] + own[pool.b] - 2 * metric[pool.a, pool.b]
    odds = 1 / pool.probability - 1
    alone = (reach * people**2 / pool.probability).sum()
    shared = (reach * odds * people * judge).sum()
    least = alone - max(shared, 0.0) ** 2 / (reach * odds * judge**2).sum()
    return float(alone / least)


def chance(fit: Fit, pool: Battles) -> FloatArray:
    return np.asarray(expit(fit.logits[pool.a] - fit.logits[pool.b]), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Tally:
    """Over the runs of one truth: coverage and error by model, the reported gains, lambda."""

    covered: FloatArray
    people_covered: FloatArray
    gain: float
    reported: float
    width: float
    weight: float
    oracle: float


def run_truth(world: World, runs: int, rng: np.random.Generator) -> Tally:
    truth = draw_truth(world, rng)
    target = find_target(world, truth)
    results = [assist(draw_judged(world, truth, rng)) for _ in range(runs)]
    errors, people_errors = (
        np.array([getattr(result, name).logits - target for result in results])
        for name in ("fit", "people_fit")
    )
    halves, people_halves = (
        np.array([getattr(result, name) for result in results])
        for name in ("reach", "people_reach")
    )
    return Tally(
        (np.abs(errors) <= halves).mean(axis=0),
        (np.abs(people_errors) <= people_halves).mean(axis=0),
        float((people_errors**2).sum() / (errors**2).sum()),
        float(np.mean([result.median_gain for result in results])),
        float(halves.mean() / people_halves.mean()),
        float(np.mean([result.shrinkage.mean() for result in results])),
        float("nan") if world.prompts else find_oracle_gain(world, truth, rng),
    )


def run_world(world: World, *, runs: int, truths: int, seed: int) -> list[Tally]:
    rngs = np.random.default_rng(seed).spawn(truths)
    return [run_truth(world, runs // truths, rng) for rng in rngs]


def describe(name: str, tallies: list[Tally], runs: int) -> str:
    covered = np.mean([tally.covered for tally in tallies], axis=0)
    people = np.mean([tally.people_covered for tally in tallies], axis=0)
    gain, reported, width, weight, oracle = (
        np.array([getattr(tally, field) for tally in tallies])
        for field in ("gain", "reported", "width", "weight", "oracle")
    )
    worst = covered[np.argmax(np.abs(covered - LEVEL))]
    error = np.sqrt(LEVEL * (1 - LEVEL) / runs)
    return (
        f"| {name} | {covered.mean():.3f} | {worst:.3f} | {error:.3f} | {people.mean():.3f} "
        f"| {weight.mean():.2f} | {gain.mean():.3f} ± {gain.std() / len(gain) ** 0.5:.3f} "
        f"| {reported.mean():.3f} | {oracle.mean():.3f} | {reported.mean() / oracle.mean():.3f} "
        f"| {width.mean():.3f} |"
    )


HEADER = (
    "| world | coverage, mean | worst model | Monte Carlo error | people alone | lambda "
    "| gain of errors | gain reported | oracle | reported / oracle | width / people's |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--only", choices=WORLDS)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    start = time.process_time()
    print(HEADER)
    for name in [chosen.only] if chosen.only else WORLDS:
        tallies = run_world(WORLDS[name], runs=chosen.runs, truths=TRUTHS, seed=chosen.seed)
        print(describe(name, tallies, chosen.runs), flush=True)
    print(f"{time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
