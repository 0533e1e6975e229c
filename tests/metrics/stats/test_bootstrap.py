import numpy as np
import pytest

from metrics.stats.bootstrap import resample_logits
from metrics.stats.comparisons import Comparisons
from metrics.stats.methods.base import make_method
from metrics.stats.rate import rate

STRENGTHS = np.array([-0.6, -0.2, 0.0, 0.3, 0.5])


def votes_of(strengths=STRENGTHS, votes=3000, prompts=50):
    rng = np.random.default_rng(0)
    size = len(strengths)
    a = rng.integers(0, size, votes)
    b = (a + rng.integers(1, size, votes)) % size
    won = rng.random(votes) < 1 / (1 + np.exp(strengths[b] - strengths[a]))
    outcome = np.where(rng.random(votes) < 0.2, 2, np.where(won, 0, 1))
    clusters = {"prompt": rng.integers(0, prompts, votes)}
    return Comparisons.from_codes([str(i) for i in range(size)], a, b, outcome, clusters=clusters)


def resample(comparisons, *, codes=None, method="bradley_terry", stepping=True, rounds=400, seed=0):
    fitter = make_method(method)
    fit = fitter.fit(comparisons)
    return resample_logits(
        comparisons,
        fit,
        fitter,
        influence=fitter.influence(comparisons, fit) if stepping else None,
        codes=np.full(len(comparisons.a), -1) if codes is None else codes,
        rounds=rounds,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize("method", ["bradley_terry", "davidson"])
def test_a_newton_step_is_nearly_the_fit_of_its_own(method):
    comparisons = votes_of()
    for codes in (None, comparisons.clusters["prompt"]):
        stepped, fitted = (
            resample(comparisons, codes=codes, method=method, stepping=stepping, rounds=20)
            for stepping in (True, False)
        )
        assert (stepped - fitted).std() < 0.05 * fitted.std(axis=0).mean()


def test_resampled_votes_spread_as_the_sandwich_says():
    comparisons = votes_of()
    covariance = rate(comparisons, cluster=()).covariance
    spread = resample(comparisons, rounds=2000).std(axis=0)
    assert spread == pytest.approx(covariance.standard_errors(), rel=0.06)


def test_unequal_weights_spread_the_resamples_as_their_squares_say():
    plain = votes_of()
    weights = np.random.default_rng(1).exponential(size=len(plain.a))
    weighted = Comparisons.from_codes(
        plain.models, plain.a, plain.b, plain.outcome,
        weight=weights, count=np.ones(len(weights)), clusters=plain.clusters,
    )  # fmt: skip
    spread = resample(weighted, rounds=2000).std(axis=0)
    assert spread == pytest.approx(
        rate(weighted, cluster=()).covariance.standard_errors(), rel=0.06
    )


def test_an_interval_reaches_as_far_up_as_down():
    for row in rate(votes_of(), cluster=(), ci="bootstrap", rounds=100).rows:
        assert np.mean([row.rating_lower, row.rating_upper]) == pytest.approx(row.rating)


def test_resamples_that_lose_the_links_between_models_are_left_out():
    links = [(0, 1, 0), (0, 1, 1), (1, 2, 0), (1, 2, 1), (1, 2, 0), (1, 2, 1)]
    comparisons = Comparisons.from_codes(list("xyz"), *zip(*links, strict=True))
    kept = resample(comparisons, rounds=1000)
    # x is lost where neither of its 2 votes is drawn in 6 draws.
    assert 1 - len(kept) / 1000 == pytest.approx((4 / 6) ** 6 + (2 / 6) ** 6, abs=0.03)
    assert np.isfinite(kept).all()


def test_too_few_votes_to_resample_are_refused():
    comparisons = Comparisons.from_codes(list("abcdef"), range(5), range(1, 6), [0] * 5)
    for stepping in (True, False):
        with pytest.raises(ValueError, match="too few votes to resample"):
            resample(comparisons, stepping=stepping, rounds=20)


def test_fewer_than_two_rounds_are_refused():
    with pytest.raises(ValueError, match="2 rounds or more"):
        resample(votes_of(), rounds=1)


def test_a_method_without_a_newton_step_is_fitted_anew_in_each_round():
    votes = Comparisons.from_codes(
        ["x", "y"], [0, 1, 0, 0], [1, 0, 1, 1], [0, 0, 1, 2], in_order=True
    )
    ratings = rate(votes, method="elo", ci="bootstrap", rounds=50)
    assert ratings.gaps().upper[0, 1] > ratings.gaps().points[0, 1]
