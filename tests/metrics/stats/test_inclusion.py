import numpy as np
import pytest

from metrics.stats.asking import (
    bounds_of,
    choose_inclusion,
    compare_relatively,
    doubt_prediction,
    elo_to_points,
    points_to_elo,
    weigh_back,
)

RNG = np.random.default_rng(0)
PREDICTIONS = RNG.uniform(0.02, 0.98, 300)


@pytest.mark.parametrize("mean", [0.2, 0.35, 0.7, 0.95, 1.0])
def test_inclusion_has_the_wanted_mean_between_floor_and_1(mean):
    inclusion = choose_inclusion(doubt_prediction(PREDICTIONS), mean=mean)
    assert inclusion.mean() == pytest.approx(mean)
    assert inclusion.min() >= 0.2
    assert inclusion.max() <= 1


def test_people_are_asked_most_where_the_judge_doubts():
    inclusion = choose_inclusion(doubt_prediction(PREDICTIONS), mean=0.5)
    order = np.argsort(np.abs(PREDICTIONS - 0.5))
    assert (np.diff(inclusion[order]) <= 1e-12).all()
    assert np.ptp(inclusion) > 0.2


@pytest.mark.parametrize("doubt", [0.0, 0.3])
def test_equal_doubts_are_asked_about_alike(doubt):
    assert np.allclose(choose_inclusion(np.full(50, doubt), mean=0.4), 0.4)


def test_the_budget_is_spent_even_where_few_are_in_doubt():
    inclusion = choose_inclusion(np.append(np.zeros(90), np.ones(10)), mean=0.5)
    assert inclusion.mean() == pytest.approx(0.5)
    assert (inclusion[90:] == 1).all()


def test_a_budget_below_the_floor_is_refused():
    with pytest.raises(ValueError, match="floor"):
        choose_inclusion(np.ones(5), mean=0.1)
    with pytest.raises(ValueError, match="negative"):
        choose_inclusion(np.array([0.1, np.nan]), mean=0.5)


@pytest.mark.parametrize("predictions", [np.full(300, 0.5), PREDICTIONS, 1 - PREDICTIONS])
def test_increments_have_the_mean_of_all_points_whatever_was_predicted(predictions):
    rng = np.random.default_rng(1)
    points = (rng.random(300) < PREDICTIONS).astype(float)
    inclusion = choose_inclusion(doubt_prediction(predictions), mean=0.5)
    means = [
        weigh_back(points, rng.random(300) < inclusion, inclusion, predictions).mean()
        for _ in range(400)
    ]
    assert np.mean(means) == pytest.approx(points.mean() - 0.5, abs=4 * np.std(means) / 20)


def test_a_good_judge_makes_increments_vary_less():
    rng = np.random.default_rng(1)
    points = (rng.random(300) < PREDICTIONS).astype(float)
    inclusion = np.full(300, 0.2)
    included = rng.random(300) < inclusion
    with_judge, alone = (
        weigh_back(points, included, inclusion, predictions).var()
        for predictions in (PREDICTIONS, np.full(300, 0.5))
    )
    # 1/4 + 4/6 against 1/4 + 4/4, where predictions are uniform and right.
    assert with_judge < 0.85 * alone


def test_points_of_prompts_that_nobody_was_asked_about_are_not_read():
    increments = weigh_back(
        np.array([np.nan, 1.0]), np.array([False, True]), np.array([0.5, 0.5]), np.array([0.7, 0.7])
    )
    assert increments == pytest.approx([0.2, 0.8])


@pytest.mark.parametrize(
    ("points", "inclusion", "prediction"),
    [(1.1, 0.5, 0.5), (1, 0, 0.5), (1, 0.5, 2), (np.nan, 1, 1)],
)
def test_what_cannot_be_is_refused(points, inclusion, prediction):
    with pytest.raises(ValueError, match="not in"):
        weigh_back(*(np.array([value]) for value in (points, True, inclusion, prediction)))


def test_no_increment_leaves_the_bounds_and_the_worst_reach_them():
    inclusion = choose_inclusion(doubt_prediction(PREDICTIONS), mean=0.5)
    bounds = bounds_of(inclusion, PREDICTIONS)
    worst, best = (
        weigh_back(np.full(300, points), np.ones(300, dtype=bool), inclusion, PREDICTIONS)
        for points in (0.0, 1.0)
    )
    assert (worst.min(), best.max()) == pytest.approx((bounds.low, bounds.high))
    assert bounds_of(np.ones(3), np.full(3, 0.5)).low == -0.5


def test_elo_and_points_are_each_other_s_inverse():
    assert elo_to_points(0) == 0
    assert elo_to_points(400) == pytest.approx(10 / 11 - 0.5)
    assert points_to_elo(elo_to_points(-35)) == pytest.approx(-35)
    with pytest.raises(ValueError, match="between"):
        points_to_elo(0.5)


def test_relative_differences_are_positive_where_the_challenger_takes_less():
    compared = compare_relatively(np.array([1.0, 3, 0, 0]), np.array([3.0, 1, 5, 0]))
    assert compared.tolist() == [1, -1, 2, 0]
