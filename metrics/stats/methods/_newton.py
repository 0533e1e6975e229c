"""Newton's method for log-likelihoods of the logistic family."""

from collections.abc import Callable

import numpy as np

from metrics.stats.comparisons import FloatArray
from metrics.stats.methods.base import NotConverged

# Steps shrink quadratically: after one of this size (in logits), the next is rounding.
SMALL_STEP = 1e-9
STEPS = 300


def climb(
    start: FloatArray,
    derivatives: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
    *,
    reach: float = 2.0,
) -> tuple[FloatArray, int]:
    """The maximum of a concave log-likelihood, and the steps it took, from `start` (P,).

    `derivatives` gives the gradient (P,) and the information (P, P), which must be positive
    definite. A step that moves no gap by more than s is shortened by log(1 + s)/s, which makes
    every step an ascent for generalised self-concordant functions (Sun & Tran-Dinh 2019,
    Math. Program. 178). `reach` is how far parameters that move by 1 can move a gap: 2 where
    it is a difference of two. Raises NotConverged.
    """
    position = start
    for count in range(1, STEPS + 1):
        gradient, information = derivatives(position)
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError as error:
            raise NotConverged("the votes leave the ratings open") from error
        spread = float(reach * np.abs(step).max(initial=0.0))
        if spread <= SMALL_STEP:
            return position + step, count
        position = position + step * np.log1p(spread) / spread
    raise NotConverged(f"no convergence in {STEPS} Newton steps (the last moved {spread:.2g})")
