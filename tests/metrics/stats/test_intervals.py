import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons
from metrics.stats.intervals import Covariance
from metrics.stats.rate import rate
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT

STRENGTHS = np.array([-0.6, -0.2, 0.0, 0.3, 0.5])
NAMES = tuple("abcde")


def world(rng, votes=2000, prompts=40, raters=40, spread=0.0):
    """Votes of which prompts and raters, as well as models, decide the outcome."""
    size = len(STRENGTHS)
    by_prompt, by_rater = (rng.normal(0, spread, (count, size)) for count in (prompts, raters))
    a = rng.integers(0, size, votes)
    b = (a + rng.integers(1, size, votes)) % size
    prompt, rater = rng.integers(0, prompts, votes), rng.integers(0, raters, votes)
    worth = STRENGTHS + by_prompt[prompt] + by_rater[rater]
    rows = np.arange(votes)
    won = rng.random(votes) < 1 / (1 + np.exp(worth[rows, b] - worth[rows, a]))
    clusters = {"prompt": prompt, "rater": rater}
    return Comparisons.from_codes(NAMES, a, b, np.where(won, 0, 1), clusters=clusters)


def widths(ratings):
    return np.array([row.rating_upper - row.rating_lower for row in ratings.rows])


def variances(comparisons, cluster):
    covariance = rate(comparisons, cluster=cluster).covariance
    assert covariance is not None
    return covariance.matrix


def coverage(cluster, *, rounds=60, spread=0.0, ci="sandwich", truth=STRENGTHS):
    rng = np.random.default_rng(7)
    truth = dict(zip(NAMES, MEAN + POINTS_PER_LOGIT * (truth - truth.mean()), strict=True))
    hits = [
        row.rating_lower <= truth[row.model] <= row.rating_upper
        for _ in range(rounds)
        for row in rate(world(rng, spread=spread), cluster=cluster, ci=ci, rounds=100).rows
    ]
    return np.mean(hits)


def test_plain_intervals_cover_the_truth_where_votes_are_independent():
    assert coverage(()) == pytest.approx(0.95, abs=0.04)


def test_bootstrap_intervals_cover_the_truth_where_votes_are_independent():
    assert coverage((), rounds=20, ci="bootstrap") == pytest.approx(0.94, abs=0.07)


def test_clustered_intervals_cover_the_truth_where_prompts_and_raters_differ():
    # Averaging over prompts and raters draws a logit towards 0: the target is what very
    # many of both converge to.
    rng = np.random.default_rng(1)
    many = world(rng, votes=400_000, prompts=100_000, raters=100_000, spread=0.7)
    target = rate(many, ci="none").fit.logits
    assert coverage((), spread=0.7, truth=target) < 0.85
    assert coverage(("prompt", "rater"), spread=0.7, truth=target) > 0.9


def test_intervals_clustered_by_prompt_are_wider_under_prompt_effects():
    comparisons = world(np.random.default_rng(0), prompts=20, spread=0.7)
    assert (
        widths(rate(comparisons, cluster=("prompt",))) > 1.3 * widths(rate(comparisons, cluster=()))
    ).all()


def bootstrap_over_sandwich(cluster):
    comparisons = world(np.random.default_rng(0), prompts=60, spread=0.7)
    bootstrap = rate(comparisons, cluster=cluster, ci="bootstrap", rounds=200)
    return widths(bootstrap).mean() / widths(rate(comparisons, cluster=cluster)).mean()


def test_a_bootstrap_of_prompts_agrees_with_the_sandwich_clustered_by_prompt():
    assert bootstrap_over_sandwich(("prompt",)) == pytest.approx(1, abs=0.1)


def test_a_bootstrap_of_prompts_and_raters_agrees_with_the_two_way_sandwich():
    assert bootstrap_over_sandwich(("prompt", "rater")) == pytest.approx(1, abs=0.1)


def test_a_bootstrap_is_repeated_by_its_seed():
    comparisons = world(np.random.default_rng(0), votes=200)
    same, again, other = (
        widths(rate(comparisons, ci="bootstrap", rounds=20, seed=seed)) for seed in (1, 1, 2)
    )
    assert (same == again).all()
    assert (same != other).any()


def test_votes_without_a_cluster_have_the_plain_variance():
    comparisons = world(np.random.default_rng(0), votes=500, prompts=1)
    own = Comparisons.from_codes(
        NAMES,
        comparisons.a,
        comparisons.b,
        comparisons.outcome,
        weight=comparisons.weight,
        clusters={"rater": np.full(len(comparisons.a), -1)},
    )
    assert np.allclose(variances(own, ("rater",)), variances(own, ()))


def test_twice_the_votes_halve_the_variance():
    comparisons = world(np.random.default_rng(0))
    doubled = comparisons.reweighted(comparisons.weight * 2)
    assert np.allclose(variances(comparisons, ()), 2 * variances(doubled, ()))


def test_weighted_votes_count_by_their_squared_weights():
    plain = world(np.random.default_rng(0))
    alike = Comparisons.from_codes(
        NAMES, plain.a, plain.b, plain.outcome, weight=3 * plain.weight, count=plain.count
    )
    assert np.allclose(variances(alike, ()), variances(plain, ()))


def test_unequal_weights_widen_the_interval():
    plain = world(np.random.default_rng(0))
    heavy = np.random.default_rng(1).exponential(size=len(plain.a))
    uneven = Comparisons.from_codes(
        NAMES, plain.a, plain.b, plain.outcome, weight=heavy, count=np.ones(len(heavy))
    )
    mean_square = (heavy**2).mean() / heavy.mean() ** 2
    ratio = np.diagonal(variances(uneven, ())) / np.diagonal(
        variances(plain.reweighted(heavy * 0 + 1), ())
    )
    assert ratio == pytest.approx(mean_square, rel=0.2)


def test_a_variance_that_is_not_positive_is_replaced_by_the_larger_one_way():
    none = np.zeros((2, 2))
    covariance = Covariance(
        -np.eye(2), none, np.array([9.0, 9.0]), one_way=(np.eye(2) * 4, np.eye(2) * 9)
    )
    assert covariance.standard_errors().tolist() == [3, 3]
    assert covariance.gap_standard_errors()[0, 1] == pytest.approx(np.sqrt(18))


def test_intervals_reach_as_far_as_students_t_for_few_clusters():
    none = np.zeros((3, 3))
    reach = Covariance(none, none, np.array([1.0, np.inf, 0.0])).quantiles(0.95)
    assert reach[:2] == pytest.approx([12.7062, 1.95996], abs=1e-4)
    assert np.isnan(reach[2])


def test_the_interval_of_a_gap_uses_what_the_two_ratings_share():
    ratings = rate(world(np.random.default_rng(0)), cluster=())
    best, worst = ratings.rows[0], ratings.rows[-1]
    gap = ratings.gap(best.model, worst.model)
    assert gap.points == pytest.approx(best.rating - worst.rating)
    assert gap.upper - gap.lower < widths(ratings)[[0, -1]].sum()


def test_a_separated_rating_is_not_called_certain():
    one_sided = Comparisons.from_codes(["x", "y"], [0], [1], [0], weight=[1000])
    for ci in ("sandwich", "bootstrap"):
        assert (widths(rate(one_sided, ci=ci, rounds=10)) > 200).all()


@pytest.mark.parametrize("ci", ["sandwich", "bootstrap"])
@pytest.mark.parametrize("cluster", [(), ("prompt",), ("prompt", "rater")])
def test_ties_alone_are_not_called_certain(ci, cluster):
    clusters = {"prompt": [0, 1, 2], "rater": [0, 1, 0]}
    ties = Comparisons.from_codes(
        ["x", "y"], [0] * 3, [1] * 3, [2] * 3, weight=[4] * 3, clusters=clusters
    )
    assert (widths(rate(ties, cluster=cluster, ci=ci, rounds=10)) > 150).all()


def test_more_than_two_ways_of_clustering_are_refused():
    clusters = {name: [0, 1] for name in ("prompt", "rater", "day")}
    comparisons = Comparisons.from_codes(["x", "y"], [0, 0], [1, 1], [0, 1], clusters=clusters)
    with pytest.raises(ValueError, match="two are the most"):
        rate(comparisons, cluster=tuple(clusters))
