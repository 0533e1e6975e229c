from dataclasses import replace

import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons
from metrics.stats.few_clusters import cluster_meat, outer_products
from metrics.stats.methods.base import make_method
from metrics.stats.methods.bradley_terry import opposed


def a_pull(clusters=5, votes=400, method="bradley_terry"):
    """Comparisons of four models in some clusters, and how they pull."""
    rng = np.random.default_rng(3)
    a = rng.integers(0, 4, votes)
    comparisons = Comparisons.from_codes(
        list("wxyz"),
        a,
        (a + rng.integers(1, 4, votes)) % 4,
        rng.integers(0, 3, votes),
        clusters={"prompt": rng.integers(0, clusters, votes)},
    )
    fitter = make_method(method)
    return comparisons, fitter.influence(comparisons, fitter.fit(comparisons))


def dense_cr2(comparisons, influence, codes):
    """The definition, cluster by cluster, through the eigenvectors of L' H_g L."""
    lower = np.linalg.cholesky(influence.inverse)
    adjusted = []
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        weight = comparisons.weight[rows]
        score = influence.scores.toarray()[rows].T @ weight
        roots = [root.toarray()[rows] for root in influence.roots]
        information = sum(root.T @ (weight[:, None] * root) for root in roots)
        values, vectors = np.linalg.eigh(np.eye(len(lower)) - lower.T @ information @ lower)
        half = vectors @ np.diag(values**-0.5) @ vectors.T
        adjusted.append(np.linalg.solve(lower.T, half @ lower.T @ score))
    return np.transpose(adjusted) @ np.array(adjusted)


@pytest.mark.parametrize("method", ["bradley_terry", "davidson"])
@pytest.mark.parametrize("clusters", [3, 40])
def test_the_adjusted_scores_are_those_of_cr2(method, clusters):
    comparisons, influence = a_pull(clusters, method=method)
    codes = comparisons.clusters["prompt"]
    expected = dense_cr2(comparisons, influence, codes)
    assert np.allclose(cluster_meat(comparisons, influence, codes), expected, rtol=1e-6)


def test_fewer_clusters_are_adjusted_more():
    def gained(clusters):
        comparisons, influence = a_pull(clusters)
        codes = comparisons.clusters["prompt"]
        plain = outer_products(influence.scores, comparisons.weight, codes)
        return np.trace(cluster_meat(comparisons, influence, codes)) / np.trace(plain)

    assert gained(3) > gained(10) > gained(100) > 1


def test_scores_are_not_adjusted_where_the_information_of_a_vote_is_unknown():
    comparisons, influence = a_pull()
    codes = comparisons.clusters["prompt"]
    meat = cluster_meat(comparisons, replace(influence, roots=()), codes)
    assert np.allclose(meat, outer_products(influence.scores, comparisons.weight, codes))


def test_weights_are_summed_within_clusters_and_squared_without():
    comparisons, influence = a_pull()
    heavy = replace(comparisons, importance=None, weight=comparisons.weight * 2)
    codes = np.full(len(comparisons.a), -1)
    weighted = Comparisons.from_codes(
        comparisons.models, comparisons.a, comparisons.b, comparisons.outcome,
        weight=heavy.weight, count=comparisons.weight, clusters=comparisons.clusters,
    )  # fmt: skip
    four = cluster_meat(weighted, influence, codes) / cluster_meat(comparisons, influence, codes)
    assert four == pytest.approx(np.full_like(four, 4))


def test_one_cluster_that_is_all_there_is_has_no_meat():
    comparisons, influence = a_pull(clusters=1)
    meat = cluster_meat(comparisons, influence, comparisons.clusters["prompt"])
    assert np.allclose(meat, 0, atol=1e-12)


def test_scores_are_summed_within_a_cluster_before_they_are_multiplied():
    a, b, pull = np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([0.5, -0.25, 0.125])
    scores = opposed(a, b, pull, 3)
    weight, codes = np.array([2.0, 1.0, 3.0]), np.array([4, 4, -1])
    dense = scores.toarray()
    together = 2 * dense[0] + dense[1]
    expected = np.outer(together, together) + 3 * np.outer(dense[2], dense[2])
    assert np.allclose(outer_products(scores, weight, codes), expected)
