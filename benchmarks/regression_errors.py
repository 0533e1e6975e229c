"""How often regression evals pass or fail wrongly, and how many votes they take.

    python -m benchmarks.regression_errors [--runs 2000] [--seed 1]

Each world (`benchmarks.regression_worlds`) is planned by `metrics.stats.regression_plan` from a
pilot of its own, and run up to the planner's maximum with a look after every 20 votes. A run is at
a threshold where neither a pass nor a fail is right; at the planned distance beyond it; and at 1.5
times that, where the votes that it takes are held against a test with one look and the same power.
Peeking is the same runs at the threshold with an ordinary interval at each look.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from benchmarks.regression_worlds import WORLDS, Drawn, World
from metrics.stats.betting import Aim, Bounds, bet, see
from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.regression_plan import (
    Components,
    Costs,
    Design,
    RegressionPlan,
    Shape,
    Wanted,
    plan,
)
from metrics.stats.verdict import clip, passes, weigh

LEVELS = (0.05, 0.01)
PILOT = (100, 500)
# What a prompt may count at the most, in margins, where a measure is cut.
CLIPPED = 10
SKEWED = WORLDS[2]
CRITERIA = 10
PROMPTS = 200


@dataclass(frozen=True, slots=True)
class Case:
    """A threshold and a truth, in margins; `side` is 1 where a pass is right, -1 for a fail."""

    threshold: float
    truth: float
    side: int


NO_DIFFERENCE, AT_MARGIN = Case(0, 0, 1), Case(-1, -1, 1)
PLANNED = {1: Case(-1, 0, 1), -1: Case(-1, -2, -1)}
LARGER = {1: Case(-1, 0.5, 1), -1: Case(-1, -2.5, -1)}


@dataclass(frozen=True, slots=True, eq=False)
class Ran:
    """Runs of one case: log wealth ever reached by look, (runs, L), and the votes by then."""

    passing: FloatArray
    failing: FloatArray
    looks: IntArray
    votes: FloatArray

    def passed(self, alpha: float) -> float:
        return float((self.passing[:, -1] >= -np.log(alpha)).mean())

    def failed(self, alpha: float) -> float:
        return float((self.failing[:, -1] >= -np.log(alpha)).mean())

    def used(self, alpha: float) -> float:
        """The votes (or prompts, where nobody votes) until the look that decided, on average."""
        decided = np.maximum(self.passing, self.failing) >= -np.log(alpha)
        decided[:, -1] = True
        return float(np.take_along_axis(self.votes, decided.argmax(axis=1)[:, None], 1).mean())


def plan_world(world: World, side: int, alpha: float, *, seed: int) -> RegressionPlan:
    """The plan for one criterion, from a pilot where the truth is as far as planned."""
    truth = PLANNED[side].truth * world.margin
    pilot = world.draw(truth, PILOT, np.random.default_rng(seed))
    ends = (pilot.bounds.low, pilot.bounds.high)
    loss = -world.margin - ends[0] if side > 0 else ends[1] + world.margin
    increments = side * pilot.increments.ravel()
    return plan(
        Components(prompt=float(increments.var()), sample=0),
        Design(),
        Costs(0.04),
        Wanted(world.margin, error=alpha, look=world.per_look),
        shape=Shape(increments, loss),
    )


def run_case(world: World, case: Case, planned: RegressionPlan, *, runs: int, seed: int) -> Ran:
    """Draw the runs and look at them until the planner's maximum."""
    rng = np.random.default_rng(seed)
    drawn = world.draw(case.truth * world.margin, (runs, planned.most), rng)
    aim = Aim(case.threshold * world.margin, world.margin, planned.spread, drawn.bounds)
    return look_at(drawn, aim, find_looks(world, planned.most))


def look_at(drawn: Drawn, aim: Aim, looks: IntArray) -> Ran:
    wealth = bet(drawn.increments, aim)
    spent = np.cumsum(drawn.votes if drawn.votes.any() else np.ones_like(drawn.votes), axis=1)
    last = looks - 1
    return Ran(
        see(wealth.passing, None)[:, last],
        see(wealth.failing, None)[:, last],
        looks,
        spent[:, last],
    )


def find_looks(world: World, most: int) -> IntArray:
    return np.append(np.arange(world.per_look, most, world.per_look), most)


def peek(world: World, planned: RegressionPlan, *, alpha: float, runs: int, seed: int) -> float:
    """How often an ordinary one-sided interval, at any look, says that the truth is beyond."""
    drawn = world.draw(-world.margin, (runs, planned.most), np.random.default_rng(seed))
    looks = find_looks(world, planned.most)
    sums = np.cumsum(drawn.increments + world.margin, axis=1)[:, looks - 1]
    squares = np.cumsum((drawn.increments + world.margin) ** 2, axis=1)[:, looks - 1]
    errors = np.sqrt(np.maximum(squares - sums**2 / looks, 1e-12))
    return float((sums / errors >= ndtri(1 - alpha)).any(axis=1).mean())


def measure_world(world: World, alpha: float, *, runs: int, seed: int) -> tuple[list[str], Ran]:
    """A line of the table, and the runs at the margin for the test of all criteria."""
    plans = {side: plan_world(world, side, alpha, seed=seed + 1) for side in (1, -1)}

    def run(case: Case, number: int) -> Ran:
        return run_case(world, case, plans[case.side], runs=runs, seed=seed + number)

    level, margin = run(NO_DIFFERENCE, 2), run(AT_MARGIN, 3)
    power, ratio, false_fail = [], [], 0.0
    for side in (1, -1):
        planned, larger = run(PLANNED[side], 4 + side), run(LARGER[side], 7 + side)
        power.append(planned.passed(alpha) if side > 0 else planned.failed(alpha))
        false_fail = false_fail or (planned.failed(alpha) if side > 0 else 0.0)
        each = float(larger.votes[:, -1].mean()) / plans[side].most
        ratio.append(larger.used(alpha) / (plans[side].fixed * each))
    peeked = peek(world, plans[1], alpha=alpha, runs=runs, seed=seed + 3)
    errors = (level.passed(alpha), level.failed(alpha), margin.passed(alpha), margin.failed(alpha))
    numbers = (*errors, false_fail, *power, *ratio, peeked)
    sizes = [str(plans[1].fixed), str(plans[1].most)]
    return [
        world.name,
        f"{100 * alpha:.0f} %",
        *sizes,
        *(f"{100 * n:.1f}" for n in numbers),
    ], margin


HEADS = (
    ("world", ""),
    ("level", ""),
    ("fixed n", ""),
    ("most n", ""),
    ("pass, 0=0", "≤ level"),
    ("fail, 0=0", "≤ level"),
    ("pass, margin", "≤ level"),
    ("fail, margin", "≤ level"),
    ("fail, none", "≤ level"),
    ("power, pass", "80 ± 3"),
    ("power, fail", "80 ± 3"),
    ("used, pass", "≤ 55"),
    ("used, fail", "≤ 55"),
    ("peeking", "> level"),
)


def judge_together(margins: Sequence[Ran], alpha: float) -> tuple[float, float]:
    """How often a run of all worlds as criteria, all at their margins, passes and fails."""
    passing = np.min([ran.passing[:, -1] for ran in margins], axis=0)
    failing = np.max([ran.failing[:, -1] for ran in margins], axis=0)
    reached = -np.log(alpha)
    return (
        float((passing >= reached).mean()),
        float((failing >= reached + np.log(len(margins))).mean()),
    )


def clip_hard(planned: RegressionPlan, *, runs: int, seed: int) -> tuple[float, float]:
    """How often a mean at the margin passes where CLIPPED margins are what a prompt may count.

    By the increments as they were cut, and by `passes`, which also asks for what was cut off.
    """
    drawn = SKEWED.draw(-SKEWED.margin, (runs, planned.most), np.random.default_rng(seed))
    most, level = CLIPPED * SKEWED.margin, LEVELS[0]
    aim = Aim(-SKEWED.margin, SKEWED.margin, planned.spread, Bounds(-most, most))
    found = [weigh(clip(row, aim), aim, alpha=level, plain=row) for row in drawn.increments]
    return (
        float(np.mean([evidence.p_pass <= level for evidence in found])),
        float(np.mean([passes(evidence, aim, alpha=level) for evidence in found])),
    )


def time_verdict(*, seed: int) -> float:
    """Seconds of CPU for the evidence of CRITERIA criteria on PROMPTS prompts."""
    rng = np.random.default_rng(seed)
    aim = Aim(-0.05, 0.05, 0.3, WORLDS[0].draw(0, (1, 1), rng).bounds)
    rows = WORLDS[0].draw(0, (CRITERIA, PROMPTS), rng).increments
    begun = time.process_time()
    for number, row in enumerate(rows):
        weigh(row, replace(aim, spread=0.2 + 0.02 * number), alpha=0.01)
    return time.process_time() - begun


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    begun = time.process_time()
    print(f"{given.runs} runs, percent of them; n is prompts; votes used, % of the fixed test's")
    for row in zip(*HEADS, strict=True):
        print("".join(f"{cell:>{22 if not i else 13}}" for i, cell in enumerate(row)))
    for alpha in LEVELS:
        margins = []
        for number, world in enumerate(WORLDS):
            line, margin = measure_world(
                world, alpha, runs=given.runs, seed=1000 * given.seed + 100 * number
            )
            margins.append(margin)
            print(
                "".join(f"{cell:>{22 if not i else 13}}" for i, cell in enumerate(line)), flush=True
            )
        passed, failed = judge_together(margins, alpha)
        print(f"all four as criteria at margins: pass {100 * passed:.1f}, fail {100 * failed:.1f}")
    print(f"simulation: {time.process_time() - begun:.0f} CPU seconds")
    planned = plan_world(SKEWED, 1, LEVELS[0], seed=given.seed)
    cut, whole = clip_hard(planned, runs=max(given.runs // 5, 1), seed=given.seed)
    print(
        f"skewed measure cut at {CLIPPED} margins, at its margin, level {100 * LEVELS[0]:.0f} %: "
        f"the cut increments alone pass {100 * cut:.1f}, with what was cut off {100 * whole:.1f}"
    )
    took = time_verdict(seed=given.seed)
    print(f"evidence of {CRITERIA} criteria on {PROMPTS} prompts: {took:.2f} CPU seconds (< 0.5)")


if __name__ == "__main__":
    main()
