"""Cluster-robust sums of scores that hold up where clusters are few."""

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.methods.base import Influence

# The series ends when a term has this share of the squared length of the scores. It shrinks by
# the largest leverage each time; at a leverage of 1, where CR2 is undefined, TERMS bounds it.
NEGLIGIBLE = 1e-15
TERMS = 100
# Above so many numbers, clusters are so many that each one's leverage is nothing.
DENSE = 20_000_000


def cluster_meat(comparisons: Comparisons, influence: Influence, codes: IntArray) -> FloatArray:
    """The sum over clusters of s sᵀ with CR2-adjusted scores s, not centred; (P, P).

    CR2 (Bell & McCaffrey 2002, Survey Methodology 28(2)) makes up for scores that are too
    small because each cluster helped to fit its own expectation: cluster g's summed score
    becomes (I - H_g H⁻¹)^(-1/2) s_g, with H_g its part of the information H. `codes` (R,) name
    the clusters; a vote without one (-1) is a cluster of its own, and not adjusted. Nor are
    any where the method does not say what a vote's information is (`influence.roots`), or
    where clusters are millions.
    """
    own = codes < 0
    width = influence.scores.shape[1]
    if not influence.roots or (int(codes.max(initial=-1)) + 1) * width > DENSE:
        return outer_products(
            influence.scores, comparisons.weight, codes, squares=comparisons.squares
        )
    alone = outer_products(
        influence.scores[own], comparisons.weight[own], codes[own], squares=comparisons.squares[own]
    )
    named = _sum_scores(influence.scores[~own], comparisons.weight[~own], codes[~own])
    roots = [root[~own] for root in influence.roots]
    adjusted = _adjust(
        named, roots, comparisons.weight[~own], codes[~own], inverse=influence.inverse
    )
    return np.asarray(alone + adjusted.T @ adjusted, dtype=np.float64)


def outer_products(
    scores: csr_array, weight: FloatArray, codes: IntArray, *, squares: FloatArray | None = None
) -> FloatArray:
    """The sum over clusters of s sᵀ, s being a cluster's summed scores; (P, P).

    `scores` (R, P) are of one vote; a row of `weight` w adds w of them to its cluster's sum,
    or, where `codes` is -1, outer products of its own: `squares` of them, w unless given.
    """
    own = codes < 0
    row_cluster = codes.copy()
    row_cluster[own] = codes.max(initial=-1) + 1 + np.arange(own.sum())
    alone = weight if squares is None else squares
    summed = _group(scores, np.where(own, np.sqrt(alone), weight), row_cluster)
    return np.asarray((summed.T @ summed).toarray(), dtype=np.float64)


def _group(scores: csr_array, factor: FloatArray, codes: IntArray) -> Any:
    """The sparse sums of `factor` times `scores` by code."""
    rows = np.arange(len(codes))
    shape = (int(codes.max(initial=-1)) + 1, len(codes))
    return csr_array((factor, (codes, rows)), shape=shape) @ scores


def _sum_scores(scores: csr_array, weight: FloatArray, codes: IntArray) -> FloatArray:
    return np.asarray(_group(scores, weight, codes).toarray(), dtype=np.float64)


def _adjust(
    sums: FloatArray,
    roots: list[csr_array],
    weight: FloatArray,
    codes: IntArray,
    *,
    inverse: FloatArray,
) -> FloatArray:
    """Each cluster's (I - Q)^(-1/2) s with Q = H_g H⁻¹, by its power series in Q; (G, P).

    H_g is never formed: a term costs as much as there are rows.
    """
    total, term, coefficient = sums, sums, 1.0
    for k in range(1, TERMS + 1):
        term = _weigh(term @ inverse, roots, weight, codes)
        coefficient *= (2 * k - 1) / (2 * k)
        total = total + coefficient * term
        if (term**2).sum() <= NEGLIGIBLE * (sums**2).sum():
            break
    return total


def _weigh(
    values: FloatArray, roots: list[csr_array], weight: FloatArray, codes: IntArray
) -> FloatArray:
    """H_g v of each cluster's v in `values` (G, P), from the rows' information; (G, P)."""
    result = np.zeros(values.size)
    for root in roots:
        row = np.repeat(np.arange(len(codes)), np.diff(root.indptr))
        cell = codes[row] * values.shape[1] + root.indices
        along = np.bincount(row, root.data * values.ravel()[cell], minlength=len(codes))
        result += np.bincount(cell, root.data * (weight * along)[row], minlength=values.size)
    return result.reshape(values.shape)
