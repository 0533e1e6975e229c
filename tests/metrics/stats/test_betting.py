from dataclasses import replace

import numpy as np
import pytest

from metrics.stats.betting import Aim, Bounds, bet, find_interval, see

AIM = Aim(-0.05, 0.05, 0.3, Bounds(-0.5, 0.5))
REACHED = -np.log(0.05)


def draw(mean, shape=200, seed=0):
    """Increments of one point won, tied or lost, less ½."""
    chances = [0.4 - mean, 0.2, 0.4 + mean]
    return np.random.default_rng(seed).choice([-0.5, 0.0, 0.5], shape, p=chances)


@pytest.fixture(scope="module")
def at_threshold():
    """The wealth of 800 runs whose mean is the threshold."""
    return bet(draw(AIM.threshold, (800, 200)), AIM)


def test_runs_at_the_threshold_seldom_ever_reach_either_side(at_threshold):
    for wealth in (at_threshold.passing, at_threshold.failing):
        assert (wealth.max(axis=1) >= REACHED).mean() <= 0.05 + 0.02


def test_the_wealth_at_the_threshold_is_1_on_average(at_threshold):
    # After so few that its mean is not made by a handful of lucky runs.
    assert np.exp(at_threshold.passing[:, 49]).mean() == pytest.approx(1, abs=0.15)
    assert np.exp(at_threshold.failing[:, 49]).mean() == pytest.approx(1, abs=0.15)


def test_each_side_grows_where_it_is_right():
    better, worse = bet(draw(0.1), AIM), bet(draw(-0.2), AIM)
    assert better.passing[-1] > REACHED > better.failing[-1]
    assert worse.failing[-1] > REACHED > worse.passing[-1]


def test_a_bet_looks_at_earlier_increments_only():
    increments = draw(0.0)
    changed = np.append(increments[:100], -increments[100:])
    assert np.array_equal(bet(increments, AIM).passing[:100], bet(changed, AIM).passing[:100])


def test_failing_is_passing_seen_from_the_other_side():
    increments = draw(0.0)
    turned = bet(-increments, Aim(0.05, 0.05, 0.3, AIM.bounds))
    assert np.allclose(bet(increments, AIM).failing, turned.passing)


def test_the_worst_increments_never_bankrupt_anybody():
    wealth = bet(np.full(50, -0.5), Aim(-0.05, 0.4, 0.01, AIM.bounds))
    assert np.isfinite(wealth.passing).all()


def test_stacked_runs_are_what_each_is_alone():
    runs = draw(0.0, (3, 60))
    assert np.allclose(bet(runs, AIM).passing[1], bet(runs[1], AIM).passing)


@pytest.mark.parametrize("mean", [-0.2, -0.12, -0.05, 0.0, 0.1])
def test_the_interval_leaves_the_threshold_where_the_wealth_reached_its_level(mean):
    for seed in range(5):
        increments = draw(mean, seed=seed)
        wealth = bet(increments, AIM)
        lower, upper = find_interval(increments, AIM, alpha=0.05)
        assert (lower > AIM.threshold) == (wealth.passing.max() >= REACHED)
        assert (upper < AIM.threshold) == (wealth.failing.max() >= REACHED)


def test_limits_are_where_a_test_of_them_would_just_not_reject():
    increments = draw(0.0)
    lower, upper = find_interval(increments, AIM, alpha=0.05)
    for limit in (lower - 1e-6, lower + 1e-6):
        at_limit = Aim(limit, AIM.detect, AIM.spread, AIM.bounds)
        # The variance is centred on the threshold in both, so that bets are the same.
        reached = bet(increments, at_limit).passing.max()
        assert reached == pytest.approx(REACHED, abs=1e-3)
    assert lower < increments.mean() < upper


def test_intervals_cover_the_mean_at_every_moment():
    missed = 0
    for seed in range(40):
        lower, upper = find_interval(draw(0.0, 80, seed), AIM, alpha=0.05)
        missed += not lower <= 0 <= upper
    assert missed <= 2 * 0.05 * 40 + 3


def test_only_looks_count():
    increments = np.concatenate([draw(0.3, 60), draw(-0.35, 140)])
    every = find_interval(increments, AIM, alpha=0.05)
    last = find_interval(increments, AIM, alpha=0.05, looks=np.array([200]))
    assert every[0] > last[0]
    wealth = bet(increments, AIM).passing
    assert see(wealth, np.array([200]))[-1] == max(wealth[-1], 0) < see(wealth, None)[-1]


def test_without_increments_everything_is_possible():
    assert find_interval(np.zeros(0), AIM, alpha=0.05) == (-0.5, 0.5)


def test_increments_out_of_bounds_are_refused():
    with pytest.raises(ValueError, match="not within"):
        bet(np.array([0.0, 0.6]), AIM)


@pytest.mark.parametrize("wrong", [{"detect": 0}, {"spread": 0}, {"threshold": -0.5}])
def test_an_aim_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        replace(AIM, **wrong)
