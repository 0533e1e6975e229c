"""Intervals from ratings of resampled votes."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray
from metrics.stats.intervals import Covariance, combine_ways, count_clusters, model_floor
from metrics.stats.methods.base import BaseMethod, Fit, Influence

# Numbers in memory at a time.
BATCH = 8_000_000


def bootstrap_covariance(
    comparisons: Comparisons,
    fit: Fit,
    method: BaseMethod,
    *,
    cluster: Sequence[str],
    rounds: int,
    rng: np.random.Generator,
) -> Covariance:
    """The covariance of ratings over resampled votes, or over resampled clusters.

    The intervals made of it are estimate ± t · standard error (Efron & Tibshirani 1993,
    ch. 12), not percentiles: those repeat the estimates' own bias and cover less. Two ways
    are combined as the sandwich's are. G clusters are given their factor G/(G - 1). Raises
    ValueError as `resample_logits` does.
    """
    counts = partial(count_clusters, comparisons, fit.components)
    influence = None if method.needs_order else method.influence(comparisons, fit)

    def one_way(codes: IntArray) -> FloatArray:
        logits = resample_logits(
            comparisons, fit, method, influence=influence, codes=codes, rounds=rounds, rng=rng
        )
        clusters = counts(codes)
        factor = np.sqrt(clusters / np.maximum(clusters - 1, 1)) if (codes >= 0).any() else 1.0
        size = len(fit.logits)
        return np.asarray(np.cov(logits * factor, rowvar=False)).reshape(size, size)

    def floor(variances: FloatArray) -> FloatArray:
        if influence is None:
            return np.zeros((len(variances), len(variances)))
        return model_floor(fit, influence, variances)

    return combine_ways(comparisons, cluster, one_way=one_way, counts=counts, floor=floor)


def resample_logits(
    comparisons: Comparisons,
    fit: Fit,
    method: BaseMethod,
    *,
    influence: Influence | None,
    codes: IntArray,
    rounds: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Logits of at most `rounds` resamples, (rounds, M).

    Rows are redrawn as one multinomial of their votes, which is the bootstrap of single votes
    in law, or whole clusters of `codes` (R,) are (Field & Welsh 2007, JRSSB 69(3)), a vote
    without one (-1) by itself. Each resample is one Newton step from the fit (Shao & Tu 1995,
    ch. 5), or a fit of its own where `influence` has no roots. Resamples that lose the links
    between models of a component are left out. Raises ValueError when these are more than
    half, or for fewer than 2 rounds.
    """
    if rounds < 2:
        raise ValueError("a bootstrap takes 2 rounds or more")
    if influence is None or not influence.roots:
        batches = _refit(comparisons, fit, method, codes=codes, rounds=rounds, rng=rng)
    else:
        batches = _step(comparisons, fit, influence, codes=codes, rounds=rounds, rng=rng)
    logits = np.concatenate([np.empty((0, len(fit.logits))), *batches])
    if len(logits) < max(2, rounds / 2):
        raise ValueError("too few votes to resample: most rounds lose the links between models")
    return logits


def _step(
    comparisons: Comparisons,
    fit: Fit,
    influence: Influence,
    *,
    codes: IntArray,
    rounds: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    """One Newton step for each of many resamples at a time."""
    unit, votes = _units(comparisons, codes)
    rows = np.arange(len(unit))
    members = csr_array((comparisons.weight, (unit, rows)), shape=(len(votes), len(unit)))
    scores = members @ influence.scores
    squared = members @ sum(_square_rows(root) for root in influence.roots)
    size = scores.shape[1]
    information = np.linalg.inv(influence.inverse)
    own = np.asarray(squared.sum(axis=0)).reshape(size, size)
    batch = max(1, BATCH // (size**2 + len(votes)))
    for start in range(0, rounds, batch):
        drawn = _draw(votes, min(batch, rounds - start), rng)
        gradient = (scores.T @ drawn.T).T
        resampled = (squared.T @ drawn.T).T.reshape(-1, size, size)
        linked = _keep_links(resampled, own, fit)
        steps = np.linalg.solve(information + resampled[linked] - own, gradient[linked, :, None])
        yield fit.logits + steps[:, : len(fit.logits), 0]


def _refit(
    comparisons: Comparisons,
    fit: Fit,
    method: BaseMethod,
    *,
    codes: IntArray,
    rounds: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    """A fit of its own for each resample."""
    unit, votes = _units(comparisons, codes)
    for drawn in _draw(votes, rounds, rng):
        again = method.fit(comparisons.reweighted(comparisons.weight * drawn[unit]))
        if np.array_equal(_order_free(again.components), _order_free(fit.components)):
            yield again.logits[None, :]


def _units(comparisons: Comparisons, codes: IntArray) -> tuple[IntArray, FloatArray]:
    """What is redrawn: the unit of each row, (R,), and how many draws fall to each, (U,).

    A cluster is drawn once on average, a row without one as often as it has votes: of unequal
    weights, so many equal ones as keep the sum's variance, (sum of w)² / (sum of w²).
    """
    own = codes < 0
    named = int(codes.max(initial=-1)) + 1
    unit = codes.copy()
    unit[own] = named + np.arange(own.sum())
    squares = np.where(comparisons.weight[own] > 0, comparisons.squares[own], 1.0)
    alone = comparisons.weight[own] ** 2 / squares
    present = (np.bincount(codes[~own], minlength=named) > 0).astype(np.float64)
    return unit, np.concatenate([present, alone])


def _draw(votes: FloatArray, rounds: int, rng: np.random.Generator) -> FloatArray:
    """By what each unit's rows are multiplied in each resample, (rounds, U); 1 on average."""
    total = votes.sum()
    drawn = rng.multinomial(round(total), votes / total, size=rounds)
    return drawn / np.where(votes > 0, votes, 1.0)


def _square_rows(root: csr_array) -> csr_array:
    """The outer product of each row with itself, as a row; (R, P²) from (R, P)."""
    entries = np.diff(root.indptr)
    pairs = entries**2
    row = np.repeat(np.arange(len(entries)), pairs)
    place = np.arange(len(row)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
    left = root.indptr[row] + place // entries[row]
    right = root.indptr[row] + place % entries[row]
    width = root.shape[1]
    cell = root.indices[left].astype(np.int64) * width + root.indices[right]
    values = root.data[left] * root.data[right]
    return csr_array((values, (row, cell)), shape=(len(entries), width**2))


def _keep_links(resampled: FloatArray, own: FloatArray, fit: Fit) -> BoolArray:
    """Which resamples still connect the models of each component, from their information.

    `resampled` (rounds, P, P) and `own` (P, P) have an entry off the diagonal for two models
    exactly where votes link them.
    """
    size = len(fit.logits)
    linked = own[:size, :size] < 0
    kept = resampled[:, :size, :size] < 1e-9 * own[:size, :size]
    whole: BoolArray = np.all(kept | ~linked, axis=(1, 2))
    for number in np.flatnonzero(~whole):
        again = connected_components(kept[number], directed=False)[1]
        whole[number] = np.array_equal(_order_free(again), _order_free(fit.components))
    return whole


def _order_free(components: IntArray) -> IntArray:
    """Components numbered by their first model, so that only membership is compared."""
    first, position = np.unique(components, return_index=True, return_inverse=True)[1:]
    return np.asarray(first[position], dtype=np.int64)
