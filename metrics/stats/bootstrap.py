"""Intervals from ratings of resampled votes."""

from collections.abc import Sequence

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.intervals import Bounds, Covariance, model_floor, symmetric_bounds
from metrics.stats.methods.base import BaseMethod, Fit


def bootstrap_bounds(
    comparisons: Comparisons,
    fit: Fit,
    method: BaseMethod,
    *,
    cluster: Sequence[str],
    level: float,
    rounds: int,
    rng: np.random.Generator,
) -> Bounds:
    """Percentile intervals (Efron & Tibshirani 1993, ch. 13); gaps by the resamples' covariance.

    Where votes do not vary neither do resamples: there the interval is the model's own.
    """
    logits = resample_fits(comparisons, fit, method, cluster=cluster, rounds=rounds, rng=rng)
    size = len(fit.logits)
    sampled = np.cov(logits, rowvar=False).reshape(size, size)
    still = fit.voted & (fit.separated | (np.ptp(logits, axis=0) == 0))
    floor = np.zeros((size, size))
    if still.any():
        floor = model_floor(fit, method.influence(comparisons, fit), np.diagonal(sampled))
    covariance = Covariance(sampled, floor, np.full(size, np.inf))
    symmetric = symmetric_bounds(fit, covariance, level=level)
    tail = (1 - level) / 2
    low, high = np.quantile(logits, [tail, 1 - tail], axis=0)
    percentile = fit.voted & ~still
    return Bounds(
        np.where(percentile, low, symmetric.lower),
        np.where(percentile, high, symmetric.upper),
        symmetric.better,
        covariance,
    )


def resample_fits(
    comparisons: Comparisons,
    fit: Fit,
    method: BaseMethod,
    *,
    cluster: Sequence[str] = (),
    rounds: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Logits of at most `rounds` full refits to resampled votes, (rounds, M).

    Without clusters the counts are redrawn as one multinomial, which is the bootstrap of
    single votes in law. With clusters whole clusters are redrawn (Field & Welsh 2007, JRSSB
    69(3)); two ways, a vote counts by the product of both draws, which errs on the wide side
    (Owen 2007, AOAS 1(2)).
    Rounds that no longer connect the same models are left out. Raises ValueError when these
    are more than half, or for fewer than 2 rounds.
    """
    if rounds < 2:
        raise ValueError("a bootstrap takes 2 rounds or more")
    logits = []
    for _ in range(rounds):
        drawn = comparisons.reweighted(_draw(comparisons, cluster, rng))
        again = method.fit(drawn)
        if np.array_equal(_order_free(again.components), _order_free(fit.components)):
            logits.append(again.logits)
    if len(logits) < max(2, rounds / 2):
        raise ValueError("too few votes to resample: most rounds lose the links between models")
    return np.array(logits).reshape(len(logits), len(fit.logits))


def _draw(comparisons: Comparisons, cluster: Sequence[str], rng: np.random.Generator) -> FloatArray:
    weight = comparisons.weight
    if not cluster:
        total = weight.sum()
        return rng.multinomial(round(total), weight / total).astype(np.float64)
    for name in cluster:
        weight = weight * _redraw_clusters(comparisons, comparisons.clusters[name], rng)
    return weight


def _redraw_clusters(
    comparisons: Comparisons, codes: IntArray, rng: np.random.Generator
) -> FloatArray:
    """How often each row's cluster was drawn; votes without a cluster are drawn singly."""
    present, position = np.unique(codes, return_inverse=True)
    own = codes < 0
    named = len(present) - bool(own.any())
    drawn = rng.multinomial(named, np.full(named, 1 / named)) if named else np.empty(0)
    drawn = np.concatenate([np.zeros(len(present) - named), drawn])[position]
    alone = comparisons.weight[own]
    drawn[own] = rng.poisson(alone) / alone
    return np.asarray(drawn, dtype=np.float64)


def _order_free(components: IntArray) -> IntArray:
    """Components numbered by their first model, so that only membership is compared."""
    first, position = np.unique(components, return_index=True, return_inverse=True)[1:]
    return np.asarray(first[position], dtype=np.int64)
