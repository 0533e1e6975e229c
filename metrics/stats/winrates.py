"""Who beat whom how often, without any model of strength."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.methods.bradley_terry import POINTS
from metrics.stats.shares import estimate_share


@dataclass(frozen=True, slots=True, eq=False)
class WinRates:
    """Of each ordered pair, all (M, M): how often i was preferred to j, and in how many votes.

    `rate` in 0..1 counts what is undecided as half, `lower` and `upper` are its interval at
    `level`, NaN where the two never met; `won` and `undecided` are of the `votes`.
    """

    models: tuple[str, ...]
    rate: FloatArray
    votes: FloatArray
    lower: FloatArray
    upper: FloatArray
    won: FloatArray
    undecided: FloatArray
    level: float


def win_rates(comparisons: Comparisons, *, level: float = 0.95) -> WinRates:
    """(wins + undecided / 2) / votes of each ordered pair, both_bad counting as undecided.

    Intervals by estimate_share, votes on one prompt belonging together where prompts are known.
    """
    first, second, tie, bad = comparisons.tallies(comparisons.count)
    won, undecided = first + second.T, tie + bad
    undecided = undecided + undecided.T
    votes = won + won.T + undecided
    rate = np.divide(won + undecided / 2, votes, out=np.full_like(won, np.nan), where=votes > 0)
    lower, upper = np.full_like(rate, np.nan), np.full_like(rate, np.nan)
    value = np.where(comparisons.a < comparisons.b, 1, -1) * (POINTS[comparisons.outcome] - 0.5)
    prompts = comparisons.clusters.get("prompt", np.full(len(comparisons.a), -1))
    for i, j, rows in _pairs(comparisons):
        share = estimate_share(
            value[rows] + 0.5, comparisons.count[rows], prompts[rows], level=level
        )
        lower[i, j], upper[i, j] = share.lower, share.upper
        lower[j, i], upper[j, i] = 1 - upper[i, j], 1 - lower[i, j]
    return WinRates(comparisons.models, rate, votes, lower, upper, won, undecided, level)


def _pairs(comparisons: Comparisons) -> Iterator[tuple[int, int, IntArray]]:
    """Each pair that met, the lower model first, with its rows."""
    size = len(comparisons.models)
    low, high = np.sort([comparisons.a, comparisons.b], axis=0)
    pair = low * size + high
    order = np.argsort(pair, kind="stable")
    present, start = np.unique(pair[order], return_index=True)
    for code, rows in zip(present.tolist(), np.split(order, start[1:]), strict=False):
        if comparisons.count[rows].any():
            yield code // size, code % size, rows
