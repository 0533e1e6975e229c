import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.methods import _newton
from metrics.stats.methods.base import NotConverged, make_method, method_names
from metrics.stats.rate import rate

LIKELIHOODS = [name for name in method_names() if not make_method(name).needs_order]

# The same examples on every run, however busy the machine.
steady = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@st.composite
def votes(draw, most=20):
    """Columns a, b, outcome and weight over up to five models; anything may be missing."""
    size = draw(st.integers(2, 5))
    pairs = st.tuples(st.integers(0, size - 1), st.integers(1, size - 1))
    row = st.tuples(pairs, st.integers(0, 3), st.integers(1, most))
    rows = draw(st.lists(row, min_size=1, max_size=25))
    a = np.array([pair[0] for pair, _, _ in rows])
    b = (a + np.array([pair[1] for pair, _, _ in rows])) % size
    outcome = np.array([outcome for _, outcome, _ in rows])
    return size, a, b, outcome, np.array([float(weight) for *_, weight in rows])


def fit(size, a, b, outcome, weight=None, *, method="bradley_terry"):
    names = [f"m{code}" for code in range(size)]
    ordered = make_method(method).needs_order
    comparisons = Comparisons.from_codes(names, a, b, outcome, weight=weight, in_order=ordered)
    return rate(comparisons, method=method, ci="none").fit


def drawn_votes(strengths, count, seed=0, nu=0.5):
    rng = np.random.default_rng(seed)
    size = len(strengths)
    a = rng.integers(0, size, count)
    b = (a + rng.integers(1, size, count)) % size
    gap = strengths[a] - strengths[b]
    chances = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full(count, nu)])
    edges = (chances / chances.sum(axis=0)).cumsum(axis=0)
    return size, a, b, (rng.random(count) > edges[:2]).sum(axis=0), np.ones(count)


@pytest.mark.parametrize("method", method_names())
@steady
@given(data=votes())
def test_swapping_the_sides_changes_nothing(method, data):
    size, a, b, outcome, weight = data
    swapped = np.array([Outcome.MODEL_B, Outcome.MODEL_A, Outcome.TIE, Outcome.BOTH_BAD])
    there = fit(size, a, b, outcome, weight, method=method)
    back = fit(size, b, a, swapped[outcome], weight, method=method)
    assert np.allclose(there.logits, back.logits, atol=1e-7)


@pytest.mark.parametrize("method", method_names())
@steady
@given(data=votes())
def test_the_order_of_the_models_changes_nothing(method, data):
    size, a, b, outcome, weight = data
    there = fit(size, a, b, outcome, weight, method=method)
    turned = fit(size, size - 1 - a, size - 1 - b, outcome, weight, method=method)
    assert np.allclose(there.logits, turned.logits[::-1], atol=1e-7)


@pytest.mark.parametrize("method", method_names())
@steady
@given(data=votes(most=4))
def test_a_weight_is_a_repetition(method, data):
    size, a, b, outcome, weight = data
    times = weight.astype(int)
    repeated = [np.repeat(column, times) for column in (a, b, outcome)]
    once = fit(size, a, b, outcome, weight, method=method)
    assert np.allclose(once.logits, fit(size, *repeated, method=method).logits, atol=1e-7)


@pytest.mark.parametrize("method", LIKELIHOODS)
def test_ten_wins_to_one_are_400_points(method):
    # Where ties are half wins they would change the odds; where they are modelled, nu needs some.
    ties = 4 if method.startswith("davidson") else 0
    comparisons = Comparisons.from_codes(
        ["x", "y"],
        [0, 0, 0, 1, 1, 1],
        [1, 1, 1, 0, 0, 0],
        [0, 1, 2, 1, 0, 2],
        weight=[10, 1, ties] * 2,
    )
    better, worse = rate(comparisons, method=method, ci="none").rows
    assert better.rating - worse.rating == pytest.approx(400)


@pytest.mark.parametrize("method", LIKELIHOODS)
def test_more_of_the_same_votes_change_no_rating(method):
    size, a, b, outcome, weight = drawn_votes(np.linspace(-1, 1, 5), 4000)
    once = fit(size, a, b, outcome, weight, method=method)
    often = fit(size, a, b, outcome, weight * 1000, method=method)
    assert np.allclose(once.logits, often.logits, atol=1e-3)


@pytest.mark.parametrize("method", method_names())
def test_many_votes_recover_the_order(method):
    data = drawn_votes(np.linspace(-2, 2, 8), 40_000)
    found = fit(*data, method=method)
    assert found.logits.argsort().tolist() == list(range(8))


# In two steps there is no one likelihood; on plain votes it is Bradley–Terry (see test_rescale).
@pytest.mark.parametrize("method", [name for name in LIKELIHOODS if name != "rescaled"])
def test_scores_and_roots_are_the_derivatives_that_they_claim(method):
    size, a, b, outcome, weight = drawn_votes(np.linspace(-1, 1, 4), 3000)
    comparisons = Comparisons.from_codes([*"wxyz"], a, b, outcome, weight=weight)
    fitter = make_method(method)
    influence = fitter.influence(comparisons, fitter.fit(comparisons))
    # At the maximum, all but the prior's own weak pull and curvature.
    assert np.abs(influence.scores.T @ comparisons.weight).max() < 0.1
    weighted = (root * np.sqrt(comparisons.weight)[:, None] for root in influence.roots)
    found = sum((root.T @ root).toarray() for root in weighted)
    found[:size, :size] += 1 / size
    assert np.allclose(found, np.linalg.inv(influence.inverse), atol=0.2)


@pytest.mark.parametrize("method", LIKELIHOODS)
@steady
@given(data=votes(most=1_000_000))
def test_every_set_of_votes_has_finite_ratings_of_mean_zero(method, data):
    found = fit(*data, method=method)
    assert np.isfinite(found.logits).all()
    for component in np.unique(found.components):
        assert abs(found.logits[found.components == component].mean()) < 1e-9


@steady
@given(data=votes())
def test_connected_votes_are_the_maximum_of_the_likelihood(data):
    found = fit(*data)
    size, a, b, outcome, weight = data
    if found.separated.any():
        return
    points = np.array([1.0, 0.0, 0.5, 0.5])[outcome]
    chance = 1 / (1 + np.exp(found.logits[b] - found.logits[a]))
    pull = weight * (points - chance)
    gradient = np.bincount(a, pull, size) - np.bincount(b, pull, size)
    assert np.abs(gradient).max() < 1e-6


@pytest.mark.parametrize("method", LIKELIHOODS)
def test_many_votes_recover_the_strengths(method):
    strengths = np.linspace(-1, 1, 6)
    data = drawn_votes(strengths, 40_000, nu=0.5 if method.startswith("davidson") else 0.0)
    found = fit(*data, method=method)
    assert np.abs(found.logits - strengths).max() < 0.06


def test_davidson_agrees_with_a_general_optimiser():
    size, a, b, outcome, weight = drawn_votes(np.array([-0.5, 0.0, 0.1, 0.9]), 600, nu=0.8)

    def loss(position):
        gap = position[a] - position[b]
        utility = np.stack([gap / 2, -gap / 2, np.full(len(a), position[-1])])
        chosen = utility[outcome, np.arange(len(a))] - np.log(np.exp(utility).sum(axis=0))
        return -chosen.sum() + position[:-1].mean() ** 2

    best = minimize(loss, np.zeros(size + 1), tol=1e-10).x
    found = fit(size, a, b, outcome, weight, method="davidson")
    assert np.allclose(found.logits, best[:-1], atol=1e-4)
    assert found.parameters["nu"] == pytest.approx(np.exp(best[-1]), abs=1e-4)


def test_davidson_marks_wins_and_ties_that_no_finite_gap_explains():
    found = fit(2, [0, 0], [1, 1], [Outcome.MODEL_A, Outcome.TIE], [3, 2], method="davidson")
    assert found.separated.all()
    assert found.logits[0] > 0


def test_davidson_without_ties_is_nearly_bradley_terry():
    data = drawn_votes(np.array([-0.5, 0.0, 0.5]), 500, nu=0.0)
    davidson = fit(*data, method="davidson")
    assert np.allclose(davidson.logits, fit(*data).logits, atol=1e-3)
    assert davidson.parameters["nu"] < 0.01


def test_one_vote_is_rated_weakly_and_marked():
    found = fit(2, [0], [1], [Outcome.MODEL_A], [1])
    assert found.separated.all()
    assert 0.5 < found.logits[0] < 2


def test_more_victories_without_a_defeat_rate_higher():
    few, many = (fit(2, [0], [1], [Outcome.MODEL_A], [count]).logits[0] for count in (5, 50))
    assert few < many


def test_models_that_never_met_are_rated_as_if_alone():
    together = fit(4, [0, 0, 2, 2], [1, 1, 3, 3], [0, 1, 0, 1], [3, 1, 1, 5])
    assert np.allclose(together.logits[:2], fit(2, [0, 0], [1, 1], [0, 1], [3, 1]).logits)
    assert np.allclose(together.logits[2:], fit(2, [0, 0], [1, 1], [0, 1], [1, 5]).logits)


def test_elo_depends_on_the_order():
    names, a, b = ["x", "y"], [0, 0], [1, 1]
    early, late = (
        rate(Comparisons.from_codes(names, a, b, outcome, in_order=True), method="elo")
        for outcome in ([0, 1], [1, 0])
    )
    assert early.rows[0].model == "y"
    assert late.rows[0].model == "x"


def test_elo_refuses_votes_without_an_order():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [0])
    with pytest.raises(ValueError, match="elo needs the votes in their order"):
        rate(comparisons, method="elo")


def test_elo_refuses_parts_of_votes():
    comparisons = Comparisons.from_codes(["x", "y"], [0], [1], [0], weight=[0.5], in_order=True)
    with pytest.raises(ValueError, match="whole votes"):
        rate(comparisons, method="elo")


def test_a_fit_that_never_settles_says_so():
    with pytest.raises(NotConverged, match=r"no convergence in 300 Newton steps"):
        _newton.climb(np.zeros(1), lambda position: (np.ones(1), np.ones((1, 1))))


def test_a_likelihood_that_leaves_a_rating_open_says_so():
    with pytest.raises(NotConverged, match="leave the ratings open"):
        _newton.climb(np.zeros(1), lambda position: (np.ones(1), np.zeros((1, 1))))


@pytest.mark.parametrize("name", method_names())
@steady
@given(data=votes())
def test_every_method_rates_whatever_it_is_given(name, data):
    size, a, b, outcome, weight = data
    names = [f"m{code}" for code in range(size)]
    comparisons = Comparisons.from_codes(names, a, b, outcome, weight=weight, in_order=True)
    ratings = rate(comparisons, method=name)
    assert len(ratings.rows) == size
    assert ratings.settings.ci == make_method(name).default_ci


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"known: bradley_terry, davidson, .*elo"):
        make_method("trueskill")
