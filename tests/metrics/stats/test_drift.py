import numpy as np
import pytest
from scipy.stats import kstest

from metrics.stats.drift import find_drift, find_limit, find_run_length, score_runs


@pytest.mark.parametrize(("limit", "runs"), [(4.0, 336), (5.0, 930)])
def test_run_lengths_are_the_published_ones(limit, runs):
    # Hawkins & Olwell 1998, for an allowance of ½ on one side.
    assert find_run_length(limit) == pytest.approx(runs, rel=0.005)


def test_the_limit_is_that_of_the_wanted_run_length():
    assert find_run_length(find_limit(400.0)) == pytest.approx(400, rel=1e-3)


def test_worse_runs_are_found_soon():
    assert find_run_length(4.0, shift=1.0) == pytest.approx(8.38, abs=0.05)


def test_scores_are_normal_and_independent_without_a_change():
    rng = np.random.default_rng(0)
    scores = np.array([score_runs(3 + 0.2 * rng.standard_normal(16)) for _ in range(250)])
    assert kstest(scores[:, 2], "norm").pvalue > 0.01
    assert kstest(scores[:, 15], "norm").pvalue > 0.01
    assert abs(np.corrcoef(scores[:, 10], scores[:, 11])[0, 1]) < 0.2


def test_false_alarms_are_as_seldom_as_wanted():
    # Runs are about geometric: 1 − exp(−20/80) of series sound within 20 runs after the first.
    rng = np.random.default_rng(0)
    alarms = [find_drift(rng.standard_normal(22), error_rate=0.05).alarm for _ in range(250)]
    assert np.mean(alarms) < 1 - np.exp(-20 / 80) + 0.05


def test_a_lasting_fall_is_an_alarm_that_says_since_when():
    rng = np.random.default_rng(3)
    means = np.append(rng.standard_normal(25), rng.standard_normal(15) - 1.5)
    drift = find_drift(means, error_rate=0.01)
    assert drift.alarm
    assert drift.since in range(22, 30)
    assert drift.statistic.max() >= drift.limit


def test_getting_better_is_no_alarm():
    rng = np.random.default_rng(3)
    means = np.append(rng.standard_normal(25), rng.standard_normal(15) + 2)
    assert not find_drift(means, error_rate=0.05).alarm


def test_a_baseline_that_all_runs_share_cancels():
    means = np.random.default_rng(0).standard_normal(30)
    moved = find_drift(means + 7, error_rate=0.05)
    assert np.allclose(moved.statistic, find_drift(means, error_rate=0.05).statistic)


def test_one_terrible_run_alone_does_not_sound_the_alarm():
    drift = find_drift(np.append(np.tile([-0.1, 0.1], 10), -50.0), error_rate=0.05)
    assert drift.statistic[-2] == 0 < drift.statistic[-1]
    assert not drift.alarm


@pytest.mark.parametrize("runs", [0, 1, 2, 5])
def test_series_that_cannot_be_standardised_count_nothing(runs):
    drift = find_drift(np.ones(runs), error_rate=0.01)
    assert (drift.alarm, drift.since, drift.statistic.sum()) == (False, None, 0)
