"""A number from votes that belong together, with limits that hold however often one looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
from scipy.special import stdtrit

from metrics.stats._court.evidence import number_together
from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.sequential import reach_at_any_time

# The standard error at which the limits at any time are narrowest against an interval.
PLANNED_ERROR = 0.02


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval of this moment, `lower` to `upper`, at the level asked for.

    `least` and `most` hold at every moment at once, and for the whole family of figures that
    the error was shared out among. Any of them is None where too little is known.
    """

    value: float | None
    lower: float | None
    upper: float | None
    least: float | None
    most: float | None
    votes: int
    prompts: int
    raters: int


NOTHING = Figure(None, None, None, None, None, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Levels:
    """How sure figures are: `level` of the interval of one moment, `error` of the limits."""

    level: float = 0.95
    error: float = 0.05


def make_figure(
    value: float,
    influence: FloatArray,
    clusters: Sequence[IntArray],
    levels: Levels,
    *,
    floor: float,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Figure:
    """The figure whose error is the sum of `influence` (R,); `clusters` are prompt and rater.

    The variance is V1 + V2 - V12 (Cameron, Gelbach & Miller 2011, JBES 29(2)), never below
    either way alone or the `floor`; Student's t has G* - 1 degrees, of the fewer effective
    clusters G* = (Σ n_g)² / Σ n_g² (Kish 1965), so that one busy rater does not count as many.
    The limits are those of `reach_at_any_time`. Rows of rater -1 are clusters of their own.
    """
    prompt, rater = (_own(codes) for codes in clusters)
    sizes = [_effective(prompt), _effective(rater)]
    counted = (len(influence), len(np.unique(prompt)), len(np.unique(rater)))
    degrees = min(sizes) - 1
    if degrees < 1:
        return Figure(value, None, None, None, None, *counted)
    ways = [_vary(influence, codes) for codes in (prompt, rater)]
    both = _vary(influence, number_together(prompt, rater))
    error = sqrt(max(*ways, sum(ways) - both, floor))
    reach = float(stdtrit(degrees, (1 + levels.level) / 2)) * error
    beyond = float(reach_limits(error, degrees, levels.error))
    low, high = bounds
    return Figure(
        value,
        max(value - reach, low),
        min(value + reach, high),
        max(value - beyond, low),
        min(value + beyond, high),
        *counted,
    )


def reach_limits(error: float, degrees: float, alpha: float) -> float:
    """How far the limits lie from the number, for its standard `error`."""
    told = 2 * log(1 / alpha)
    scale = PLANNED_ERROR * sqrt(told + log(1 + told))
    return float(reach_at_any_time(np.array(error), np.array(float(degrees)), alpha, scale=scale))


def _own(codes: IntArray) -> IntArray:
    alone = codes < 0
    own = np.where(alone, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes)
    return np.asarray(np.unique(own, return_inverse=True)[1], dtype=np.int64)


def _effective(codes: IntArray) -> float:
    sizes = np.bincount(codes).astype(np.float64)
    return float(sizes.sum() ** 2 / max(float(sizes @ sizes), 1.0))


def _vary(influence: FloatArray, codes: IntArray) -> float:
    sums = np.bincount(codes, influence)
    few = len(sums) / (len(sums) - 1) if len(sums) > 1 else inf
    return few * float(sums @ sums)
