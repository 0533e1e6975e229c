"""Who beat whom how often, without any model of strength."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class WinRates:
    """`rate` [i, j] in 0..1, NaN where the two never met, from `votes` [i, j]; both (M, M)."""

    models: tuple[str, ...]
    rate: FloatArray
    votes: FloatArray


def win_rates(comparisons: Comparisons) -> WinRates:
    """(wins + undecided / 2) / votes of each ordered pair, both_bad counting as undecided."""
    wins = comparisons.wins(comparisons.count)
    votes = wins + wins.T
    rate = np.divide(wins, votes, out=np.full_like(wins, np.nan), where=votes > 0)
    return WinRates(comparisons.models, rate, votes)
