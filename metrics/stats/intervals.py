"""How uncertain ratings are: sandwich covariances from counts, plain or clustered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.special import ndtri, stdtrit

from metrics.stats.comparisons import (
    BoolArray,
    Comparisons,
    FloatArray,
    IntArray,
    distinct,
)
from metrics.stats.components import centre, same_component
from metrics.stats.methods.base import Fit, Influence


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """The covariance of M ratings that are centred in each component, in logits squared.

    `matrix` (M, M) may come out non-positive for a contrast when clustered two ways; the
    larger of `one_way` stands in there. `floor` (M, M) is the least a variance may be, as by
    `model_floor`. `degrees` (M,) are those of Student's t: infinite without clusters, and 0 where
    there are too few clusters to say anything.
    """

    matrix: FloatArray
    floor: FloatArray
    degrees: FloatArray
    one_way: tuple[FloatArray, ...] = ()

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

    def _settle(self, form: Callable[[FloatArray], FloatArray]) -> FloatArray:
        variance = form(self.matrix)
        if self.one_way:
            larger = np.maximum.reduce([form(matrix) for matrix in self.one_way])
            variance = np.where(variance > 0, variance, larger)
        settled: FloatArray = np.maximum(np.maximum(variance, form(self.floor)), 0.0)
        return settled


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """The interval of each rating in logits, (M,); `better` [i, j]: j significantly above i."""

    lower: FloatArray
    upper: FloatArray
    better: BoolArray
    covariance: Covariance


def symmetric_bounds(fit: Fit, covariance: Covariance, *, level: float) -> Bounds:
    """As many standard errors to either side as `level` in 0..1 asks for."""
    quantile = covariance.quantiles(level)
    # A model without votes has no variance because it has no estimate.
    reach = np.where(fit.voted, quantile * covariance.standard_errors(), np.nan)
    gaps = fit.logits[None, :] - fit.logits[:, None]
    better = gaps > quantile[:, None] * covariance.gap_standard_errors()
    return Bounds(fit.logits - reach, fit.logits + reach, better, covariance)


def sandwich_bounds(
    comparisons: Comparisons,
    fit: Fit,
    influence: Influence,
    *,
    cluster: Sequence[str],
    level: float,
) -> Bounds:
    """Intervals from `estimate_covariance`."""
    covariance = estimate_covariance(comparisons, fit, influence, cluster=cluster)
    return symmetric_bounds(fit, covariance, level=level)


def estimate_covariance(
    comparisons: Comparisons, fit: Fit, influence: Influence, *, cluster: Sequence[str] = ()
) -> Covariance:
    """The sandwich H⁻¹ S H⁻¹ of a fit (White 1982, Econometrica 50), of centred ratings.

    `cluster` names none, one or two of the comparisons' clusters. S adds the outer products
    of the scores summed within clusters (Liang & Zeger 1986), times G/(G - 1) for G clusters
    in a component; two ways it is V1 + V2 - V12, with V12 from the intersections (Cameron,
    Gelbach & Miller 2011, JBES 29(2)). A vote without a cluster is a cluster of its own.
    Raises ValueError for more than two.
    """
    if len(cluster) > 2:
        raise ValueError(f"clustered by {len(cluster)} columns, where two are the most")
    chosen = [comparisons.clusters[name] for name in cluster]
    inputs = (comparisons, fit, influence)
    if not chosen:
        matrix, _ = _one_way(*inputs, np.full(len(comparisons.a), -1))
        floor = model_floor(fit, influence, np.diagonal(matrix))
        return Covariance(matrix, floor, np.full(len(matrix), np.inf))
    matrices, counts = zip(*(_corrected(*inputs, codes) for codes in chosen), strict=True)
    least = np.minimum.reduce(counts)
    floor = model_floor(fit, influence, np.maximum.reduce([np.diagonal(m) for m in matrices]))
    if len(chosen) == 1:
        return Covariance(matrices[0], floor, least - 1)
    both, _ = _corrected(*inputs, _intersect(*chosen))
    return Covariance(matrices[0] + matrices[1] - both, floor, least - 1, matrices)


def count_clusters(comparisons: Comparisons, components: IntArray, codes: IntArray) -> FloatArray:
    """How many clusters stand behind the component of each model, (M,).

    A vote without a cluster (-1 in `codes`) is a cluster of its own.
    """
    component = components[comparisons.a]
    size = int(components.max(initial=0)) + 1
    own = codes < 0
    alone = np.bincount(component[own], weights=comparisons.weight[own], minlength=size)
    pairs = distinct(codes[~own] * size + component[~own])
    return (alone + np.bincount(pairs % size, minlength=size))[components].astype(np.float64)


def model_floor(fit: Fit, influence: Influence, variances: FloatArray) -> FloatArray:
    """The least that is claimed where votes do not vary: the model's own H⁻¹, else 0; (M, M).

    They do not where ratings are separated, or where `variances` (M,) vanish, as when every
    vote is a tie: what never differed would look certain.
    """
    size = len(fit.logits)
    own = _centre_both(influence.inverse[:size, :size], fit)
    still = fit.separated | (variances <= 1e-12 * np.diagonal(own))
    floor: FloatArray = own * still[:, None] * still[None, :]
    return floor


def _one_way(
    comparisons: Comparisons, fit: Fit, influence: Influence, codes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The uncorrected covariance (M, M), and the clusters behind each rating (M,)."""
    meat = outer_products(influence.scores, comparisons.weight, codes)
    size = len(fit.logits)
    sandwich = (influence.inverse @ meat @ influence.inverse)[:size, :size]
    return _centre_both(sandwich, fit), count_clusters(comparisons, fit.components, codes)


def _corrected(
    comparisons: Comparisons, fit: Fit, influence: Influence, codes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """The same times G/(G - 1); one cluster gives no variance, and 0 degrees will say so."""
    matrix, counts = _one_way(comparisons, fit, influence, codes)
    factor = np.sqrt(counts / np.maximum(counts - 1, 1))
    return matrix * factor[:, None] * factor[None, :], counts


def outer_products(scores: csr_array, weight: FloatArray, codes: IntArray) -> FloatArray:
    """The sum over clusters of s sᵀ, s being a cluster's summed scores; (P, P).

    `scores` (R, P) are of one vote; a row of `weight` w adds w of them to its cluster's sum,
    or, where `codes` is -1, w outer products of its own.
    """
    own = codes < 0
    row_cluster = codes.copy()
    row_cluster[own] = codes.max(initial=-1) + 1 + np.arange(own.sum())
    row_factor = np.where(own, np.sqrt(weight), weight)
    entries = np.diff(scores.indptr)
    summed = coo_array(
        (
            scores.data * np.repeat(row_factor, entries),
            (np.repeat(row_cluster, entries), scores.indices),
        ),
        shape=(int(row_cluster.max(initial=-1)) + 1, scores.shape[1]),
    ).tocsr()
    return np.asarray((summed.T @ summed).toarray(), dtype=np.float64)


def _intersect(first: IntArray, second: IntArray) -> IntArray:
    """Clusters of the rows that share both; a row without either has none."""
    codes = first * (second.max(initial=-1) + 1) + second
    known = (first >= 0) & (second >= 0)
    joint = np.full(len(first), -1)
    joint[known] = np.unique(codes[known], return_inverse=True)[1]
    return joint


def _centre_both(matrix: FloatArray, fit: Fit) -> FloatArray:
    rows = centre(matrix, fit.components)
    return rows - rows @ same_component(fit.components)


def _gap_variances(matrix: FloatArray) -> FloatArray:
    own = np.diagonal(matrix)
    return own[:, None] + own[None, :] - matrix - matrix.T
