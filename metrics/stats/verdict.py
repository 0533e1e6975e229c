"""Whether a challenger passes: what each criterion's increments say, and all of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import ndtri

from metrics.stats.betting import LARGEST_LOSS, Aim, bet, find_interval, mix_variance, see
from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.stopping import find_drift_for, find_slowdown

# The probability with which a run should have noticed what is called detectable.
POWER = 0.8
NO_CRITERION = "no criterion may decide, so people must"


class Result(StrEnum):
    """What is known of one criterion."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


class Outcome(StrEnum):
    """What is known of a run."""

    PASS = "pass"
    FAIL = "fail"
    NEEDS_HUMANS = "needs_humans"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `n` increments say.

    `mean` is that of the increments as they were tested, `plain_mean` that of the same before
    `clipped` of them were cut to the bounds; both NaN where there is none. `lower` and `upper`
    are each right at every moment with 1 − α. `p_pass` and `p_fail` are p-values at any time,
    of "mean at most the threshold" and "at least"; `decided_at` is the number of increments at
    which the first one fell to α. `detectable` is the distance from the threshold at which so
    many increments would have decided with probability POWER. `tail` is how
    much worse than it was tested the mean may be for what was cut off, 0 or more.
    """

    n: int
    mean: float
    plain_mean: float
    lower: float
    upper: float
    p_pass: float
    p_fail: float
    decided_at: int | None
    detectable: float
    clipped: int
    tail: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A criterion by name, with its evidence; one that does not decide is shown only.

    `level` is what it has for itself to pass at, where that is less than the run's α: of two that
    may each pass in the other's stead, both have a half.
    """

    name: str
    evidence: Evidence
    decides: bool
    aim: Aim
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a run, the result of each standing in its order, and reasons in words."""

    outcome: Outcome
    results: tuple[Result, ...]
    reasons: tuple[str, ...]


def clip(increments: FloatArray, aim: Aim) -> FloatArray:
    """Increments cut to the aim's bounds, so that no single prompt decides a run."""
    return np.clip(increments, aim.bounds.low, aim.bounds.high)


def weigh(
    increments: FloatArray,
    aim: Aim,
    *,
    alpha: float,
    plain: FloatArray | None = None,
    looks: IntArray | None = None,
) -> Evidence:
    """Test one criterion's increments (n,) against its threshold, both ways at `alpha` each.

    `plain` (n,) are the same before they were clipped to the bounds. Clipping hides how bad rare
    catastrophes are, and the clipped mean may be above a threshold that the plain one is below.
    So a pass also needs the plain mean above it, and the lower limit less the `tail` of what was
    cut off. Both only ever make a pass harder, so that its error rate stays; where bounds are
    what a measure can be, nothing is cut and the test is one of the plain mean. `looks` as for
    `find_interval`. Raises ValueError as `bet` does.
    """
    plain = increments if plain is None else plain
    wealth = bet(increments, aim)
    passing, failing = see(wealth.passing, looks), see(wealth.failing, looks)
    lower, upper = find_interval(increments, aim, alpha=alpha, looks=looks)
    return Evidence(
        n=len(increments),
        mean=_average(increments),
        plain_mean=_average(plain),
        lower=lower,
        upper=upper,
        p_pass=_last_p(passing),
        p_fail=_last_p(failing),
        decided_at=_find_first(np.maximum(passing, failing), alpha, looks),
        detectable=find_detectable(increments, aim, alpha=alpha),
        clipped=int((plain != increments).sum()),
        tail=_bound_tail(plain - increments, alpha),
    )


def find_detectable(increments: FloatArray, aim: Aim, *, alpha: float) -> float:
    """The distance from the threshold that so many of such increments show with POWER.

    For passing, in the limit of many small increments slowed down as their shape says
    (`metrics.stats.stopping`), with the bets as planned and the spread as found; at most the
    range of the bounds.
    """
    widest = aim.bounds.high - aim.bounds.low
    if not len(increments):
        return widest
    spread = find_spread(increments, aim)
    step = aim.detect / spread
    slower = _slow_down(increments, aim, spread, alpha=alpha)
    if not np.isfinite(slower):
        return widest
    time = len(increments) * step**2 / slower
    return min(find_drift_for(alpha, POWER, time=time, step=step) * aim.detect, widest)


def judge(standings: Sequence[Standing], *, alpha: float) -> Verdict:
    """Fail if a deciding criterion fails, pass if all of them pass; otherwise people are needed.

    A pass is an intersection–union test (Berger 1982, Technometrics 24): the run is said to be
    good enough in all criteria only if each one is at `alpha`, and that is wrong with
    probability α at most, with nothing to correct. A fail is corrected over the k that decide
    by Holm 1979 (Scand. J. Statist. 6) on p = 1 / max E, right at every moment at once and
    under any dependence. A mean of the e-processes would not be: people's votes come after the
    checks of the same prompts, so that the criteria have no order of events in common in which
    each one is a supermartingale, and a stop that looks at all could favour the mean; that the
    maximum of each ever reaches 1/α needs no such order.
    """
    failed = _find_failed([s.evidence.p_fail if s.decides else None for s in standings], alpha)
    results = tuple(
        Result.FAILED if fails else _judge_alone(standing, alpha)
        for standing, fails in zip(standings, failed, strict=True)
    )
    deciding = [result for s, result in zip(standings, results, strict=True) if s.decides]
    return Verdict(_conclude(deciding), results, _give_reasons(standings, results, alpha))


def passes(evidence: Evidence, aim: Aim, *, alpha: float) -> bool:
    """Whether the increments and, beyond them, what was cut off of them are good enough."""
    whole = not evidence.tail or evidence.lower - evidence.tail > aim.threshold
    return evidence.p_pass <= alpha and evidence.plain_mean > aim.threshold and whole


def find_spread(increments: FloatArray, aim: Aim) -> float:
    """The standard deviation of the increments, some of the expected one mixed in."""
    scatter = np.asarray(((increments - increments.mean()) ** 2).sum())
    degrees = np.asarray(len(increments) - 1)
    return float(np.sqrt(mix_variance(scatter, degrees, aim.spread)))


def _slow_down(increments: FloatArray, aim: Aim, spread: float, *, alpha: float) -> float:
    """How many times longer increments of this shape take; 1 where all are alike."""
    if not np.ptp(increments) > 0:
        return 1.0
    largest = LARGEST_LOSS / (aim.threshold - aim.bounds.low) * spread
    step = aim.detect / spread
    return find_slowdown(increments, step=step, largest=largest, alpha=alpha, power=POWER)


def _average(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _bound_tail(cut: FloatArray, alpha: float) -> float:
    """How far below 0 the mean of what was cut off may be: by its normal limit at one moment."""
    if not cut.any():
        return 0.0
    error = cut.std(ddof=1) / np.sqrt(len(cut)) if len(cut) > 1 else abs(cut[0])
    return max(0.0, float(ndtri(1 - alpha) * error - cut.mean()))


def _last_p(seen: FloatArray) -> float:
    return float(np.exp(-seen[-1])) if len(seen) else 1.0


def _find_first(seen: FloatArray, alpha: float, looks: IntArray | None) -> int | None:
    """The number of increments at the first look at which the log wealth reached log 1/α."""
    reached = np.flatnonzero(seen >= -np.log(alpha))
    if not len(reached):
        return None
    return int(reached[0]) + 1 if looks is None else int(looks[reached[0]])


def _find_failed(p_values: Sequence[float | None], alpha: float) -> list[bool]:
    """Holm's rejections: the smallest p at α/k, the next at α/(k − 1), until one is not."""
    known = sorted((p, row) for row, p in enumerate(p_values) if p is not None)
    failed = [False] * len(p_values)
    for rank, (p, row) in enumerate(known):
        if p > alpha / (len(known) - rank):
            break
        failed[row] = True
    return failed


def _judge_alone(standing: Standing, alpha: float) -> Result:
    """What a criterion says that has not failed with the others: advice fails at its own level."""
    if not standing.decides and standing.evidence.p_fail <= alpha:
        return Result.FAILED
    good = passes(standing.evidence, standing.aim, alpha=standing.level or alpha)
    return Result.PASSED if good else Result.UNDECIDED


def _conclude(deciding: Sequence[Result]) -> Outcome:
    if Result.FAILED in deciding:
        return Outcome.FAIL
    if deciding and set(deciding) == {Result.PASSED}:
        return Outcome.PASS
    return Outcome.NEEDS_HUMANS


def _give_reasons(
    standings: Sequence[Standing], results: Sequence[Result], alpha: float
) -> tuple[str, ...]:
    """Why the outcome is what it is: what failed, or else what is not decided yet."""
    deciding = [pair for pair in zip(standings, results, strict=True) if pair[0].decides]
    if not deciding:
        return (NO_CRITERION,)
    failed = tuple(f"{s.name} failed" for s, result in deciding if result == Result.FAILED)
    if failed:
        return failed
    open_ = [s for s, result in deciding if result == Result.UNDECIDED]
    if not open_:
        return (
            f"all {len(deciding)} passed" if len(deciding) > 1 else f"{deciding[0][0].name} passed",
        )
    return tuple(_say_open(standing, alpha) for standing in open_)


def _say_open(standing: Standing, alpha: float) -> str:
    evidence, name = standing.evidence, standing.name
    if not evidence.n:
        return f"{name}: nothing is measured yet"
    if evidence.p_fail <= alpha:
        return f"{name} would have failed alone, but not among all criteria that decide"
    if evidence.p_pass <= alpha:
        return f"{name} would have passed, but for what was cut off of {evidence.clipped} prompts"
    return f"{name} is not decided after {evidence.n} prompts"
