import numpy as np
import pytest
from scipy.optimize import minimize

from metrics.stats.comparisons import Comparisons
from metrics.stats.methods.base import make_method
from metrics.stats.position import estimate_position

STRENGTHS = np.linspace(-1, 1, 5)


def shown_votes(seed, *, votes=4000, gamma=0.2, nu=0.6, favour=0.0, prompts=40, spread=0.0):
    """Votes whose first side gains `gamma`; with `favour` the better model is shown first more."""
    rng = np.random.default_rng(seed)
    size = len(STRENGTHS)
    a = rng.integers(0, size, votes)
    b = (a + rng.integers(1, size, votes)) % size
    turn = (rng.random(votes) < favour) & (a < b)
    a, b = np.where(turn, b, a), np.where(turn, a, b)
    prompt = rng.integers(0, prompts, votes)
    gap = STRENGTHS[a] - STRENGTHS[b] + gamma + rng.normal(0, spread, prompts)[prompt]
    chance = np.stack([np.exp(gap / 2), np.exp(-gap / 2), np.full(votes, nu)])
    edges = (chance / chance.sum(axis=0)).cumsum(axis=0)
    outcome = (rng.random(votes) > edges[:2]).sum(axis=0)
    names = [f"m{code}" for code in range(size)]
    return Comparisons.from_codes(names, a, b, outcome, clusters={"prompt": prompt})


def test_the_position_term_takes_out_who_was_shown_first():
    comparisons = shown_votes(0, votes=40_000, gamma=0.8, favour=0.9)
    without, within = (
        make_method(name).fit(comparisons) for name in ("davidson", "davidson_position")
    )
    assert np.abs(without.logits - STRENGTHS).max() > 0.15
    assert np.abs(within.logits - STRENGTHS).max() < 0.06
    assert within.parameters["gamma"] == pytest.approx(0.8, abs=0.05)
    assert within.parameters["nu"] == pytest.approx(0.6, abs=0.03)


def test_the_position_term_agrees_with_a_general_optimiser():
    comparisons = shown_votes(1, votes=600)
    size = len(STRENGTHS)

    def loss(position):
        gap = position[comparisons.a] - position[comparisons.b] + position[-1]
        utility = np.stack([gap / 2, -gap / 2, np.full(len(gap), position[-2])])
        chosen = utility[comparisons.outcome, np.arange(len(gap))]
        likelihood = comparisons.weight @ (chosen - np.log(np.exp(utility).sum(axis=0)))
        half_tie = 0.5 * np.log(1 / (2 + 2 * np.cosh(position[-1]))) / 2
        return position[:size].mean() ** 2 - likelihood - half_tie

    best = minimize(loss, np.zeros(size + 2), tol=1e-10).x
    found = make_method("davidson_position").fit(comparisons)
    assert np.allclose(found.logits, best[:size], atol=1e-4)
    assert found.parameters["gamma"] == pytest.approx(best[-1], abs=1e-4)
    assert found.parameters["nu"] == pytest.approx(np.exp(best[-2]), abs=1e-4)


def test_swapped_sides_turn_the_position_term_round():
    comparisons = shown_votes(2)
    back = Comparisons.from_codes(
        comparisons.models,
        comparisons.b,
        comparisons.a,
        np.array([1, 0, 2])[comparisons.outcome],
        weight=comparisons.weight,
    )
    there, turned = (make_method("davidson_position").fit(votes) for votes in (comparisons, back))
    assert turned.parameters["gamma"] == pytest.approx(-there.parameters["gamma"])
    assert np.allclose(there.logits, turned.logits)


def test_a_first_side_that_always_wins_has_a_finite_term():
    always = Comparisons.from_codes([*"xy"], [0, 1], [1, 0], [0, 0], weight=[50, 50])
    fit = make_method("davidson_position").fit(always)
    assert 2 < fit.parameters["gamma"] < 12
    assert np.allclose(fit.logits, 0)


@pytest.mark.parametrize(("cluster", "spread"), [((), 0.0), (("prompt",), 0.5)])
def test_position_intervals_cover_the_truth(cluster, spread):
    # Averaging over prompts draws gamma towards 0: the target is what very many converge to.
    many = shown_votes(99, votes=150_000, prompts=50_000, spread=spread)
    truth = estimate_position(many)
    names = ("share", "bradley_terry", "davidson", "nu")
    hits = np.zeros(len(names))
    for seed in range(80):
        found = estimate_position(shown_votes(seed, votes=800, spread=spread), cluster=cluster)
        for k, name in enumerate(names):
            estimate = getattr(found, name)
            hits[k] += estimate.lower <= getattr(truth, name).value <= estimate.upper
    assert (hits / 80 > 0.88).all()


def test_no_votes_have_no_position_effect():
    with pytest.raises(ValueError, match="no votes"):
        estimate_position(Comparisons.from_codes([*"xy"], [], [], np.array([], dtype=int)))
