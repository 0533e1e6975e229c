import numpy as np
import pytest
from scipy import stats

from metrics.stats.means import estimate_mean


def test_with_clusters_of_one_it_is_the_usual_t_interval() -> None:
    values = [0.2, 0.5, 0.9, 0.4]
    found = estimate_mean(values, range(4))
    assert found is not None
    usual = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (found.lower, found.upper) == pytest.approx(usual)


def test_repeating_every_value_in_its_cluster_tells_nothing_new() -> None:
    once = estimate_mean([1.0, 2.0, 4.0], [0, 1, 2])
    twice = estimate_mean([1.0, 1.0, 2.0, 2.0, 4.0, 4.0], [0, 0, 1, 1, 2, 2])
    assert once is not None
    assert twice is not None
    assert (once.value, once.lower) == pytest.approx((twice.value, twice.lower))


def test_one_cluster_has_no_interval_and_no_value_no_mean() -> None:
    found = estimate_mean([1.0, 3.0], [7, 7])
    assert found is not None
    assert (found.value, found.lower, found.upper) == (2, None, None)
    assert estimate_mean([], []) is None


def test_bounds_stay_within_what_is_possible() -> None:
    found = estimate_mean([0.0, 1.0, 1.0], range(3), possible=(0, 1))
    assert found is not None
    assert (found.lower, found.upper) == (0, 1)


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    prompts = np.repeat(np.arange(12), 3)
    covered = 0
    for _ in range(400):
        values = rng.normal(size=12)[prompts] + 0.5 * rng.normal(size=36)
        found = estimate_mean(values.tolist(), prompts.tolist())
        assert found is not None
        assert found.lower is not None
        assert found.upper is not None
        covered += found.lower <= 0 <= found.upper
    assert 0.92 <= covered / 400 <= 0.98
