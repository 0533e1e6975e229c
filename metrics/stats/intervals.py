"""How uncertain ratings are: sandwich covariances from counts, plain or clustered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import ndtri, stdtrit

from metrics.stats.comparisons import (
    Comparisons,
    FloatArray,
    IntArray,
    distinct,
)
from metrics.stats.components import centre, same_component
from metrics.stats.few_clusters import cluster_meat
from metrics.stats.methods.base import Fit, Influence


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """The covariance of M ratings that are centred in each component, in logits squared.

    `matrix` (M, M) may come out too small for a contrast, or even negative, when clustered two
    ways; each of `one_way`, which the truth is not below, is the least it may be (MacKinnon,
    Nielsen & Webb 2024, Jackknife inference with two-way clustering). So is `floor` (M, M), as
    by `model_floor`. `degrees` (M,) are those of Student's t: infinite without clusters, and 0
    where there are too few clusters to say anything.
    """

    matrix: FloatArray
    floor: FloatArray
    degrees: FloatArray
    one_way: tuple[FloatArray, ...] = ()

    def moved(self, moves: FloatArray) -> "Covariance":
        """That of `moves` (M, M) times the ratings, such as their distances from another mean."""
        matrix, floor, *one_way = (
            moves @ each @ moves.T for each in (self.matrix, self.floor, *self.one_way)
        )
        return Covariance(matrix, floor, self.degrees, tuple(one_way))

    def standard_errors(self) -> FloatArray:
        """Of each rating, (M,), in logits."""
        return np.sqrt(self._settle(np.diagonal))

    def gap_standard_errors(self) -> FloatArray:
        """Of each rating i less rating j, (M, M), in logits; meaningless across components."""
        return np.sqrt(self._settle(_gap_variances))

    def quantiles(self, level: float) -> FloatArray:
        """How many standard errors a two-sided interval reaches, (M,); NaN at 0 degrees.

        Student's t, or the normal quantile at infinite degrees; `level` in 0..1.
        """
        normal = np.isinf(self.degrees)
        upper = (1 + level) / 2
        student = stdtrit(np.where(normal, 1.0, self.degrees), upper)
        reach: FloatArray = np.where(normal, ndtri(upper), student)
        return reach

    def reach(self, level: float) -> FloatArray:
        """Half the width of each rating's interval, (M,), in logits; NaN at 0 degrees."""
        return self.quantiles(level) * self.standard_errors()

    def gap_reach(self, level: float) -> FloatArray:
        """Half the width of the interval of rating i less rating j, (M, M), in logits."""
        return self.quantiles(level)[:, None] * self.gap_standard_errors()

    def _settle(self, form: Callable[[FloatArray], FloatArray]) -> FloatArray:
        variance = form(self.matrix)
        if self.one_way:
            variance = np.maximum.reduce([variance, *(form(matrix) for matrix in self.one_way)])
        settled: FloatArray = np.maximum(np.maximum(variance, form(self.floor)), 0.0)
        return settled


def estimate_covariance(
    comparisons: Comparisons, fit: Fit, influence: Influence, *, cluster: Sequence[str] = ()
) -> Covariance:
    """The sandwich H⁻¹ S H⁻¹ of a fit (White 1982, Econometrica 50), of centred ratings.

    `cluster` names none, one or two of the comparisons' clusters. S adds the outer products
    of the votes' scores, or of their sums within clusters (Liang & Zeger 1986) with the
    correction of `cluster_meat` for few of them, or G/(G - 1) for G clusters where the method
    does not know a vote's information; two ways by `combine_ways`. A vote without a cluster
    is a cluster of its own.
    """

    counts = partial(count_clusters, comparisons, fit.components)

    def one_way(codes: IntArray) -> FloatArray:
        meat = cluster_meat(comparisons, influence, codes)
        size = len(fit.logits)
        matrix = centre_both((influence.inverse @ meat @ influence.inverse.T)[:size, :size], fit)
        if influence.roots or not cluster:
            return matrix
        few = np.sqrt(counts(codes) / np.maximum(counts(codes) - 1, 1))
        return np.asarray(matrix * few[:, None] * few)

    return combine_ways(
        comparisons,
        cluster,
        one_way=one_way,
        counts=counts,
        floor=lambda variances: model_floor(fit, influence, variances),
    )


def combine_ways(
    comparisons: Comparisons,
    cluster: Sequence[str],
    *,
    one_way: Callable[[IntArray], FloatArray],
    counts: Callable[[IntArray], FloatArray],
    floor: Callable[[FloatArray], FloatArray],
) -> Covariance:
    """The covariance by no, one or two ways of clustering, with the degrees they leave.

    `one_way` gives the covariance (M, M) and `counts` how many clusters stand behind each
    rating (M,), both for clusters (R,); `floor` is the least it may be for variances (M,).
    Two ways it is V1 + V2 - V12, with V12 from the intersections (Cameron, Gelbach & Miller
    2011, JBES 29(2)), and the degrees are the fewer ones. Raises ValueError for more ways.
    """
    if len(cluster) > 2:
        raise ValueError(f"clustered by {len(cluster)} columns, where two are the most")
    if not cluster:
        matrix = one_way(np.full(len(comparisons.a), -1))
        return Covariance(matrix, floor(np.diagonal(matrix)), np.full(len(matrix), np.inf))
    chosen = [comparisons.clusters[name] for name in cluster]
    matrices = tuple(one_way(codes) for codes in chosen)
    least = np.minimum.reduce([counts(codes) for codes in chosen])
    floored = floor(np.maximum.reduce([np.diagonal(matrix) for matrix in matrices]))
    if len(chosen) == 1:
        return Covariance(matrices[0], floored, least - 1)
    both = one_way(_intersect(*chosen))
    return Covariance(matrices[0] + matrices[1] - both, floored, least - 1, matrices)


def count_clusters(comparisons: Comparisons, components: IntArray, codes: IntArray) -> FloatArray:
    """How many clusters stand behind the component of each model, (M,).

    A vote without a cluster (-1 in `codes`) is a cluster of its own.
    """
    component = components[comparisons.a]
    size = int(components.max(initial=0)) + 1
    own = codes < 0
    alone = np.bincount(component[own], weights=comparisons.count[own], minlength=size)
    pairs = distinct(codes[~own] * size + component[~own])
    return (alone + np.bincount(pairs % size, minlength=size))[components].astype(np.float64)


def model_floor(fit: Fit, influence: Influence, variances: FloatArray) -> FloatArray:
    """The least that is claimed where votes do not vary: the model's own H⁻¹, else 0; (M, M).

    They do not where ratings are separated, or where `variances` (M,) vanish, as when every
    vote is a tie: what never differed would look certain.
    """
    size = len(fit.logits)
    own = centre_both(influence.inverse[:size, :size], fit)
    still = fit.separated | (variances <= 1e-12 * np.diagonal(own))
    floor: FloatArray = own * still[:, None] * still[None, :]
    return floor


def _intersect(first: IntArray, second: IntArray) -> IntArray:
    """Clusters of the rows that share both; a row without either has none."""
    codes = first * (second.max(initial=-1) + 1) + second
    known = (first >= 0) & (second >= 0)
    joint = np.full(len(first), -1)
    joint[known] = np.unique(codes[known], return_inverse=True)[1]
    return joint


def centre_both(matrix: FloatArray, fit: Fit) -> FloatArray:
    """The covariance of ratings less their component's mean, from that of ratings, (M, M)."""
    rows = centre(matrix, fit.components)
    return rows - rows @ same_component(fit.components)


def _gap_variances(matrix: FloatArray) -> FloatArray:
    own = np.diagonal(matrix)
    return own[:, None] + own[None, :] - matrix - matrix.T
