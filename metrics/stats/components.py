"""Which models can be compared at all: what is connected by votes, and how well."""

import numpy as np
from scipy.sparse.csgraph import connected_components

from metrics.stats.comparisons import BoolArray, FloatArray, IntArray


def find_components(wins: FloatArray) -> IntArray:
    """The connected component of each model in the graph of who met whom, shape (M,).

    `wins` as by Comparisons.wins, (M, M). Components are numbered by votes, most first, and
    by their first model where votes are equal: 0 is the main one.
    """
    count, found = connected_components(wins + wins.T, directed=False)
    votes = np.bincount(found, weights=wins.sum(axis=1) + wins.sum(axis=0), minlength=count)
    # scipy numbers components by their first model, which a stable sort keeps for ties.
    number = np.empty(count, dtype=np.int64)
    number[np.argsort(-votes, kind="stable")] = np.arange(count)
    components: IntArray = number[found]
    return components


def find_separated(wins: FloatArray, components: IntArray) -> BoolArray:
    """Whether a model's component has no finite maximum-likelihood ratings, shape (M,).

    That is so where the graph "has won or tied against" is not strongly connected: some
    group never lost to the rest (Ford 1957, Am. Math. Monthly 64(8)).
    """
    _, strong = connected_components(wins, directed=True, connection="strong")
    parts = np.unique(np.stack([components, strong]), axis=1)[0]
    separated: BoolArray = np.bincount(parts)[components] > 1
    return separated


def centre(values: FloatArray, components: IntArray) -> FloatArray:
    """`values`, of shape (M,) or (M, K), less their mean within each component."""
    return values - average_within(values, components)


def average_within(values: FloatArray, components: IntArray) -> FloatArray:
    """Each component's mean of `values`, in the place of every member; (M,) or (M, K)."""
    means: FloatArray = same_component(components) @ values
    return means


def same_component(components: IntArray) -> FloatArray:
    """The matrix that averages within components: 1/size where connected, else 0; (M, M)."""
    same = components[:, None] == components[None, :]
    return np.asarray(same / same.sum(axis=1, keepdims=True), dtype=np.float64)


def centre_on(components: IntArray, reference: BoolArray) -> FloatArray:
    """The matrix that takes from ratings the mean of their component's `reference` (M,); (M, M).

    A component without a reference is centred on all its models.
    """
    same = components[:, None] == components[None, :]
    counted = same & reference
    counted = np.where(counted.any(axis=1, keepdims=True), counted, same)
    return np.asarray(np.eye(len(same)) - counted / counted.sum(axis=1, keepdims=True))
