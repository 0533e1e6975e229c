"""Rescaled ratings: the unweighted fit's precision, the weighted fit's target."""

from dataclasses import replace

import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons, Importance, Outcome
from metrics.stats.intervals import estimate_covariance
from metrics.stats.methods.base import make_method
from metrics.stats.methods.bradley_terry import Method
from metrics.stats.rate import rate
from metrics.stats.rescale import rescale

SIZE = 8
A, B = np.triu_indices(SIZE, 1)
NAMES = tuple("abcdefgh")
STRENGTHS = np.linspace(3, -3, SIZE)


def expected_votes(votes):
    """Outcomes on each pair, times its `votes` (E,): Davidson's, 15 % at random; (3, E)."""
    gap = STRENGTHS[A] - STRENGTHS[B]
    odds = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full_like(gap, 0.8)])
    return votes * (0.85 * odds / odds.sum(axis=0) + 0.05)


def make_comparisons(counts, weight):
    """The counts (3, E) as rows, each vote of a pair weighing `weight` (E,)."""
    outcome = np.repeat([Outcome.MODEL_A, Outcome.MODEL_B, Outcome.TIE], len(A))
    count, weight = counts.ravel().astype(float), np.tile(weight, 3)
    used = count > 0
    return Comparisons(
        NAMES, np.tile(A, 3)[used], np.tile(B, 3)[used], outcome[used], (count * weight)[used],
        importance=Importance(count[used], (count * weight**2)[used]),
    )  # fmt: skip


EVEN = np.ones(len(A))
# Close pairs are shown more often than distant ones.
SKEWED = 0.25 + 8 * np.exp(-2 * (B - A))
SKEWED *= len(A) / SKEWED.sum()
TARGET = Method().fit(make_comparisons(expected_votes(EVEN), EVEN)).logits


def test_uniform_votes_are_left_as_they_are():
    comparisons = make_comparisons(expected_votes(100 * EVEN), EVEN)
    rescaled = rescale(comparisons)
    assert rescaled.coefficients == pytest.approx([1, 0], abs=1e-9)
    assert rescaled.fit.logits == pytest.approx(TARGET, abs=1e-9)


def test_uniform_votes_have_the_usual_sandwich():
    comparisons = make_comparisons(expected_votes(100 * EVEN), EVEN)
    influence = Method().influence(comparisons, Method().fit(comparisons))
    meat = influence.scores.multiply(comparisons.count[:, None]).T @ influence.scores
    usual = influence.inverse @ meat.toarray() @ influence.inverse
    assert rescale(comparisons).covariance(comparisons) == pytest.approx(usual, abs=1e-12)


def test_chosen_pairs_bend_the_plain_fit_and_rescaling_bends_it_back():
    comparisons = make_comparisons(expected_votes(100 * SKEWED), 1 / SKEWED)
    plain = Method().fit(replace(comparisons, weight=comparisons.count, importance=None)).logits
    rescaled = rescale(comparisons).fit.logits
    assert np.abs(rescaled - TARGET).max() < np.abs(plain - TARGET).max() / 20


def test_the_scale_of_the_weights_does_not_matter():
    counts = expected_votes(100 * SKEWED)
    one, other = (make_comparisons(counts, factor / SKEWED) for factor in (1, 7))
    first, second = rescale(one), rescale(other)
    assert second.fit.logits == pytest.approx(first.fit.logits, abs=1e-9)
    assert second.covariance(other) == pytest.approx(first.covariance(one), rel=1e-6, abs=1e-12)


def test_the_covariance_is_what_repetition_shows():
    """Ratings of 600 drawn logs vary as much as their covariances say."""
    rng = np.random.default_rng(3)
    chance = expected_votes(EVEN)
    logits, stated = [], []
    for _ in range(600):
        pairs = rng.multinomial(1500, SKEWED / len(A))
        comparisons = make_comparisons(rng.multinomial(pairs, chance.T).T, 1 / SKEWED)
        rescaled = rescale(comparisons)
        logits.append(rescaled.fit.logits)
        stated.append(np.diagonal(rescaled.covariance(comparisons)))
    assert np.var(logits, axis=0) == pytest.approx(np.mean(stated, axis=0), rel=0.2)


def test_two_models_leave_no_bend_to_find():
    comparisons = Comparisons.from_codes("ab", [0, 0], [1, 1], [0, 1], weight=[30, 10])
    assert np.diff(rescale(comparisons).fit.logits) == pytest.approx(-np.log(3))


def test_nothing_but_ties_is_no_difference():
    comparisons = Comparisons.from_codes("abc", [0, 1], [1, 2], [2, 2], weight=[5, 5])
    assert rescale(comparisons).fit.logits == pytest.approx(np.zeros(3), abs=1e-9)


def test_the_method_has_the_intervals_of_single_votes_that_the_estimate_has():
    drawn = np.random.default_rng(4).poisson(expected_votes(60 * SKEWED))
    votes = make_comparisons(drawn, 1 / SKEWED)
    method = make_method("rescaled")
    fit = method.fit(votes)
    found = estimate_covariance(votes, fit, method.influence(votes, fit))
    assert np.allclose(found.matrix, rescale(votes).covariance(votes), rtol=1e-6)


def test_on_plain_votes_the_method_is_bradley_terry_clusters_included():
    rng = np.random.default_rng(3)
    pairs = np.array([rng.choice(5, 2, replace=False) for _ in range(900)])
    votes = Comparisons.from_codes(
        [*"vwxyz"],
        pairs[:, 0],
        pairs[:, 1],
        rng.integers(0, 3, 900),
        clusters={"prompt": rng.integers(0, 60, 900)},
    )
    plain, rescaled = (rate(votes, method=name) for name in ("bradley_terry", "rescaled"))
    for one, other in zip(plain.rows, rescaled.rows, strict=True):
        assert one.rating == pytest.approx(other.rating, abs=1e-6)
        # One corrects for few clusters by leverage, the other by their number.
        assert one.rating_lower == pytest.approx(other.rating_lower, abs=2)
