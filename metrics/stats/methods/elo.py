"""Online Elo, as chess clubs and early arenas keep it."""

from collections.abc import Iterator, Sequence
from math import exp, log

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray
from metrics.stats.components import find_components
from metrics.stats.methods.base import BaseMethod, Fit
from metrics.stats.methods.bradley_terry import POINTS

K = 4.0
_STEP = K * log(10) / 400  # in logits


class Method(BaseMethod):
    """After each vote both ratings move by K times (result - expected), K = 4 points.

    Elo 1978, The Rating of Chessplayers. It depends on the order of the votes, trails behind
    what they say, and has no sandwich interval: it is here to compare with other boards.
    """

    default_ci = "none"
    needs_order = True

    def fit(self, comparisons: Comparisons) -> Fit:
        """The ratings after the last vote. Raises ValueError for a weight that is no count."""
        (logits,) = trajectory(comparisons, [int(comparisons.votes)])
        components = find_components(comparisons.wins())
        nothing = np.zeros(len(logits), dtype=bool)
        return Fit(logits, components, nothing, {"k": K})


def trajectory(comparisons: Comparisons, at: Sequence[int]) -> FloatArray:
    """The logits after the first at[0], at[1], … votes, (len(at), M), for a history plot.

    `comparisons` stand in the order of their votes; the numbers of `at` rise from 0 to at most
    all votes. Raises ValueError where they do not, and for a weight that is no count.
    """
    if any(np.diff([0, *at, int(comparisons.votes)]) < 0):
        raise ValueError(f"at must rise from 0 to at most {comparisons.votes:g} votes")
    votes = _votes(comparisons)
    logits = [0.0] * len(comparisons.models)
    moments = np.empty((len(at), len(logits)))
    seen = 0
    for row, moment in enumerate(at):
        for _ in range(moment - seen):
            a, b, result = next(votes)
            move = _STEP * (result - 1 / (1 + exp(logits[b] - logits[a])))
            logits[a] += move
            logits[b] -= move
        moments[row], seen = logits, moment
    return moments


def _votes(comparisons: Comparisons) -> Iterator[tuple[int, int, float]]:
    """Each vote by itself: a, b, and the result for a."""
    times = comparisons.count.astype(np.int64)
    if (times != comparisons.count).any():
        raise ValueError("elo counts whole votes only")
    columns = (comparisons.a, comparisons.b, POINTS[comparisons.outcome])
    return zip(*(np.repeat(column, times).tolist() for column in columns), strict=True)
