import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.stats.intervals import Covariance
from metrics.stats.simultaneous import joint_quantiles, letter_groups, range_quantile


@pytest.mark.parametrize(
    ("size", "quantile"), [(2, 2.772), (3, 3.314), (5, 3.858), (10, 4.474), (20, 5.012)]
)
def test_the_range_is_that_of_the_published_tables(size, quantile):
    # Harter 1960, Annals of Mathematical Statistics 31: infinite degrees, 95 %.
    assert range_quantile(size, 0.95) * np.sqrt(2) == pytest.approx(quantile, abs=1e-3)


def test_two_models_reach_as_far_together_as_their_one_gap():
    assert range_quantile(2, 0.95) == pytest.approx(1.959964, abs=1e-5)


def test_each_component_is_judged_by_itself():
    covariance = Covariance(np.eye(6), np.zeros((6, 6)), np.full(6, np.inf))
    quantiles = joint_quantiles(covariance, np.array([0, 0, 0, 1, 1, 2]), 0.95)
    assert quantiles[:5] == pytest.approx([2.3437] * 3 + [1.9600] * 2, abs=1e-4)
    assert np.isnan(quantiles[5])


def test_few_clusters_reach_further_by_bonferronis_t():
    covariance = Covariance(np.eye(3), np.zeros((3, 3)), np.array([19.0, 19.0, 0.0]))
    quantiles = joint_quantiles(covariance, np.zeros(3, dtype=int), 0.95)
    assert quantiles[:2] == pytest.approx([2.6251] * 2, abs=1e-3)  # t(19) at 1 - 0.05/6
    assert np.isnan(quantiles[2])


def test_letters_name_what_cannot_be_told_apart_best_first():
    apart = np.array([[0, 0, 1, 1], [0, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 0]], dtype=bool)
    assert letter_groups(apart, np.array([0, 1, 2, 3])) == ["a", "ab", "b", ""]
    assert letter_groups(apart, np.array([2, 1, 0, 3])) == ["b", "ab", "a", ""]


def test_letters_go_on_after_z():
    apart = ~np.eye(60, dtype=bool)
    apart[np.arange(0, 60, 2), np.arange(1, 60, 2)] = False
    apart[np.arange(1, 60, 2), np.arange(0, 60, 2)] = False
    groups = letter_groups(apart, np.arange(60))
    assert groups[50:56] == ["z", "z", "a1", "a1", "b1", "b1"]


@given(st.integers(0, 12), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_two_models_share_a_letter_exactly_where_they_are_not_told_apart(size, seed, share):
    rng = np.random.default_rng(seed)
    apart = np.triu(rng.random((size, size)) < share, 1)
    apart |= apart.T
    groups = letter_groups(apart, rng.permutation(size))
    for i in range(size):
        for j in range(i):
            assert bool(set(groups[i]) & set(groups[j])) == (not apart[i, j])
