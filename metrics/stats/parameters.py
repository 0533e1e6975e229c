"""Intervals of numbers that a fit has besides its ratings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, distinct
from metrics.stats.few_clusters import cluster_meat
from metrics.stats.intervals import Covariance, combine_ways
from metrics.stats.methods.base import Influence
from metrics.stats.ratings import POINTS_PER_LOGIT


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its interval, whose bounds are None where too few clusters give none."""

    value: float
    lower: float | None
    upper: float | None

    def through(self, rising: Callable[[float], float]) -> "Estimate":
        """The same on another scale, which `rising` leads to."""
        bounds = (None if bound is None else rising(bound) for bound in (self.lower, self.upper))
        return Estimate(rising(self.value), *bounds)


def estimate_parameters(
    comparisons: Comparisons,
    values: FloatArray,
    influence: Influence,
    *,
    cluster: Sequence[str] = (),
    level: float,
) -> list[Estimate]:
    """Each of the fit's parameters `values` (P,), with its interval at `level` in 0..1."""
    covariance = parameter_covariance(comparisons, influence, cluster=cluster)
    return [
        Estimate(float(value), _known(value - reach), _known(value + reach))
        for value, reach in zip(values, covariance.reach(level), strict=True)
    ]


def to_points(logits: float) -> float:
    """A difference of logits on the scale of ratings."""
    return POINTS_PER_LOGIT * logits


def parameter_covariance(
    comparisons: Comparisons, influence: Influence, *, cluster: Sequence[str] = ()
) -> Covariance:
    """The sandwich of all P parameters as they are: that of ratings, but not centred; (P, P).

    `cluster` names none, one or two of the comparisons' clusters, as for estimate_covariance;
    the degrees are those of all clusters together. A vote without a cluster is one of its own.
    Raises ValueError for more than two.
    """
    size = len(influence.inverse)
    nothing = np.zeros((size, size))

    def one_way(codes: IntArray) -> FloatArray:
        meat = cluster_meat(comparisons, influence, codes)
        return influence.inverse @ meat @ influence.inverse

    return combine_ways(
        comparisons,
        cluster,
        one_way=one_way,
        counts=lambda codes: np.full(size, _count(comparisons, codes)),
        floor=lambda variances: nothing,
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _count(comparisons: Comparisons, codes: IntArray) -> float:
    own = codes < 0
    return len(distinct(codes[~own])) + float(comparisons.count[own].sum())
