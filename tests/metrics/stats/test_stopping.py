import numpy as np
import pytest

from metrics.stats.betting import BOLDNESS, STAKES
from metrics.stats.stopping import (
    TIMES,
    find_curve,
    find_drift_for,
    find_slowdown,
    find_time,
    fixed_time,
    follow,
)


def test_the_curve_is_where_the_wealth_is_at_its_level():
    times = np.array([0.0, 3.0, 50.0])
    place = find_curve(0.05, times)
    wealth = STAKES @ np.exp(np.outer(BOLDNESS, place) - np.outer(BOLDNESS**2, times) / 2)
    assert np.allclose(wealth, 20)


@pytest.mark.parametrize("drift", [0.0, 1.0, 1.5])
def test_the_recursion_is_what_walks_do(drift):
    unit, rng = 0.02, np.random.default_rng(0)
    times = np.linspace(unit, 500 * unit, 500)
    walks = np.cumsum(drift * unit + np.sqrt(unit) * rng.standard_normal((2000, 500)), axis=1)
    ever = np.maximum.accumulate(walks >= find_curve(0.05, times), axis=1)
    decided = follow(0.05, step=np.sqrt(unit)).decided(drift)
    for time in (2.0, 5.0, 10.0):
        share = ever[:, round(time / unit) - 1].mean()
        assert np.interp(time, TIMES, decided) == pytest.approx(share, abs=0.03)


def test_walks_without_drift_stay_below_the_level_of_the_test():
    assert 0.03 < follow(0.05).decided(0.0)[-1] <= 0.05


def test_time_and_drift_undo_each_other():
    time = find_time(0.01, 0.8, drift=1.3)
    assert find_drift_for(0.01, 0.8, time=time) == pytest.approx(1.3, rel=0.01)


def test_the_fixed_time_is_that_of_the_normal_test():
    assert fixed_time(0.05, 0.8) == pytest.approx((1.6449 + 0.8416) ** 2, rel=1e-3)


def test_normal_increments_are_slowed_down_little_and_heavy_tails_more():
    rng = np.random.default_rng(0)
    settings = {"step": 0.12, "largest": np.inf, "alpha": 0.05, "power": 0.8}
    normal = find_slowdown(rng.standard_normal(20_000), **settings)
    heavy = find_slowdown(rng.standard_t(5, 20_000), **settings)
    assert 0.97 < normal < 1.06 < heavy


def test_a_cap_on_bets_costs_time():
    shape = np.random.default_rng(0).standard_normal(5000)
    capped, free = (
        find_slowdown(shape, step=0.2, largest=largest, alpha=0.05, power=0.8)
        for largest in (0.05, np.inf)
    )
    assert capped > 1.3 * free
