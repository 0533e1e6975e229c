"""A share of votes with an interval that knows which votes belong together."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtri, stdtrit

from metrics.stats.comparisons import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Share:
    """An average of values in 0..1 over `votes`, with its interval at `level`.

    `lower` and `upper` are None without votes. `clusters` counts what the interval takes as
    independent: prompts, or single votes where there are none.
    """

    share: float | None
    lower: float | None
    upper: float | None
    votes: float
    clusters: int
    level: float


def estimate_share(
    value: FloatArray, weight: FloatArray, cluster: IntArray, *, level: float = 0.95
) -> Share:
    """The average of `value` (R,), each counted `weight` (R,) times; `cluster` (R,), -1 for none.

    Votes of one cluster may be alike: the variance is G/(G - 1) Σ (Σ w (v - mean))² / (Σ w)² over
    G clusters (Liang & Zeger 1986, Biometrika 73), with Student's t of G - 1 degrees. The interval
    is never narrower than Wilson's (1927, JASA 22) for independent votes; where nothing varies
    between clusters, or there is but one, it is Wilson's for G votes, so that a share of 0 or 1
    does not look certain. A vote without a cluster is one of its own.
    """
    votes = float(weight.sum())
    if not votes:
        return Share(None, None, None, 0.0, 0, level)
    share = float(value @ weight) / votes
    groups = _number(cluster, weight)
    sums = np.bincount(groups.code, weights=groups.factor * (value - share))
    lower, upper = wilson_bounds(share, votes, level)
    if groups.count < 2 or np.allclose(sums, 0):
        lower, upper = wilson_bounds(share, groups.count, level)
    else:
        variance = groups.count / (groups.count - 1) * float(sums @ sums) / votes**2
        reach = float(stdtrit(groups.count - 1, (1 + level) / 2)) * sqrt(variance)
        if reach > (upper - lower) / 2:
            lower, upper = max(share - reach, 0.0), min(share + reach, 1.0)
    return Share(share, lower, upper, votes, groups.count, level)


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    code: IntArray
    factor: FloatArray
    count: int


def _number(cluster: IntArray, weight: FloatArray) -> _Groups:
    """Clusters from 0; `factor` makes a row of n votes without one add n squares, not n²."""
    own = cluster < 0
    code = np.where(own, cluster.max(initial=-1) + 1 + np.arange(len(cluster)), cluster)
    _, code = np.unique(code, return_inverse=True)
    count = len(np.unique(cluster[~own & (weight > 0)])) + round(float(weight[own].sum()))
    return _Groups(code, np.where(own, np.sqrt(weight), weight), count)


def wilson_bounds(share: float, trials: float, level: float) -> tuple[float, float]:
    """The score interval of a share (0..1) of independent `trials` (Wilson 1927, JASA 22(158)).

    All p with |share - p| <= z sqrt(p (1 - p) / trials).
    """
    z = float(ndtri((1 + level) / 2))
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials**2)) / (1 + z * z / trials)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
