import numpy as np
import pytest
from scipy.special import expit

from metrics.stats.comparisons import Comparisons
from metrics.stats.crowd import rate_raters
from metrics.stats.rate import rate

MODELS, RATERS = 10, 40
ADVERSE = 2


def world(seed, *, coins, votes=60):
    """Raters that say what the model does, but for two who oppose it and some `coins`."""
    rng = np.random.default_rng(seed)
    strengths = rng.normal(0, 1.2, MODELS)
    reliability = np.ones(RATERS)
    reliability[:ADVERSE] = 0.1
    reliability[ADVERSE : ADVERSE + coins] = 0.5
    rater = np.repeat(np.arange(RATERS), votes)
    a = rng.integers(0, MODELS, len(rater))
    b = (a + rng.integers(1, MODELS, len(rater))) % MODELS
    won = rng.random(len(rater)) < expit(strengths[a] - strengths[b])
    won ^= rng.random(len(rater)) > reliability[rater]
    outcome = np.where(rng.random(len(rater)) < 0.2, 2, np.where(won, 0, 1))
    names = [f"m{model}" for model in range(MODELS)]
    votes_cast = Comparisons.from_codes(names, a, b, outcome, clusters={"rater": rater})
    return strengths - strengths.mean(), reliability, votes_cast


def error(logits, strengths):
    """Apart from the scale, which ties and coins draw together."""
    slope = logits @ strengths / (logits @ logits)
    return np.sqrt(np.mean((slope * logits - strengths) ** 2))


@pytest.mark.parametrize("coins", [2, 4, 8])
def test_raters_at_random_are_told_from_those_who_mean_it(coins):
    found = np.array([rate_raters(world(seed, coins=coins)[2]).reliability for seed in range(20)])
    assert found[:, ADVERSE : ADVERSE + coins].mean() == pytest.approx(0.5, abs=0.05)
    assert np.median(found[:, ADVERSE + coins :]) > 0.9


@pytest.mark.parametrize("coins", [2, 8])
def test_weights_bring_ratings_nearer_to_the_truth(coins):
    plain, weighted = [], []
    for seed in range(20):
        strengths, _, comparisons = world(seed, coins=coins)
        heeded = rate_raters(comparisons).reweighted(comparisons)
        plain.append(error(rate(comparisons, ci="none").fit.logits, strengths))
        weighted.append(error(rate(heeded, ci="none").fit.logits, strengths))
    assert np.mean(weighted) < 0.9 * np.mean(plain)


def test_the_interval_covers_the_reliability_of_raters_at_random():
    covered = []
    for seed in range(60):
        _, reliability, comparisons = world(seed, coins=8)
        found = rate_raters(comparisons)
        inside = (found.reliability_lower <= reliability) & (reliability <= found.reliability_upper)
        covered.extend(inside[ADVERSE : ADVERSE + 8])
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_adverse_raters_are_found_and_hardly_any_other():
    found, others = 0, 0
    for seed in range(20):
        adverse = rate_raters(world(seed, coins=4, votes=100)[2]).adverse
        found += np.isin(adverse, np.arange(ADVERSE)).sum()
        others += (adverse >= ADVERSE).sum()
    assert found >= 0.95 * 20 * ADVERSE
    assert others <= 0.01 * 20 * RATERS


def test_adverse_raters_weigh_nothing_and_nobody_more_than_one_vote():
    crowd = rate_raters(world(0, coins=4, votes=100)[2])
    assert (crowd.weights[:ADVERSE] == 0).all()
    assert crowd.weights.max() <= 1


def test_the_result_is_the_same_every_time():
    comparisons = world(0, coins=4)[2]
    first, second = rate_raters(comparisons), rate_raters(comparisons)
    assert (first.reliability == second.reliability).all()


def test_votes_of_unknown_raters_weigh_like_the_median_one():
    crowd = rate_raters(world(0, coins=4)[2])
    stranger = Comparisons.from_codes(
        ["x", "y"], [0, 0], [1, 1], [0, 1], clusters={"rater": [-1, 0]}
    )
    heeded = crowd.reweighted(stranger)
    by_rater = dict(zip(heeded.clusters["rater"].tolist(), heeded.weight, strict=True))
    assert by_rater == {-1: np.median(crowd.weights), 0: crowd.weights[0]}


def test_votes_without_any_rater_are_refused():
    nobody = Comparisons.from_codes(["x", "y"], [0], [1], [0], clusters={"rater": [-1]})
    with pytest.raises(ValueError, match="rater"):
        rate_raters(nobody)
