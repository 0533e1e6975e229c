"""A mean of values that belong together in clusters, with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t


@dataclass(frozen=True, slots=True)
class Mean:
    """`lower` and `upper` are None with fewer than two clusters."""

    value: float
    lower: float | None
    upper: float | None


def estimate_mean(
    values: Sequence[float],
    clusters: Sequence[int],
    *,
    level: float = 0.95,
    possible: tuple[float, float] = (-math.inf, math.inf),
) -> Mean | None:
    """The mean of (n,) values x with the interval mean ± t · s, or None for no values.

    s² = G/(G−1) · Σ_g (Σ_{i∈g} (x_i − mean))² / n², over the G clusters; t is Student's quantile
    with G − 1 degrees of freedom: Liang & Zeger (1986), Biometrika 73, with the small-sample
    factor of Cameron & Miller (2015), J. Human Resources 50. With clusters of one it is the usual
    t interval. Bounds are cut to the `possible` values. In the units of the values.
    """
    if not len(values):
        return None
    x = np.asarray(values, dtype=float)
    mean = float(x.mean())
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(codes, weights=x - mean)
    groups = len(sums)
    if groups < 2:
        return Mean(mean, None, None)
    error = math.sqrt(groups / (groups - 1) * float(sums @ sums)) / len(x)
    reach = float(t.ppf((1 + level) / 2, groups - 1)) * error
    low, high = possible
    return Mean(mean, max(mean - reach, low), min(mean + reach, high))
