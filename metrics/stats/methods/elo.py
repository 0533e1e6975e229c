"""Online Elo, as chess clubs and early arenas keep it."""

from math import exp, log

import numpy as np

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.components import find_components
from metrics.stats.methods.base import BaseMethod, Fit

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
        times = comparisons.weight.astype(np.int64)
        if (times != comparisons.weight).any():
            raise ValueError("elo counts whole votes only")
        points = np.select(
            [comparisons.outcome == Outcome.MODEL_A, comparisons.outcome == Outcome.MODEL_B],
            [1.0, 0.0],
            0.5,
        )
        columns = (comparisons.a, comparisons.b, points)
        logits = [0.0] * len(comparisons.models)
        for a, b, result in zip(*(np.repeat(c, times).tolist() for c in columns), strict=True):
            move = _STEP * (result - 1 / (1 + exp(logits[b] - logits[a])))
            logits[a] += move
            logits[b] -= move
        components = find_components(comparisons.wins())
        nothing = np.zeros(len(logits), dtype=bool)
        return Fit(np.array(logits), components, nothing, {"k": K})
