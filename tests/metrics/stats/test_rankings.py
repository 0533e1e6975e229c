from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.stats.comparisons import Comparisons
from metrics.stats.methods.bradley_terry import Method as BradleyTerry
from metrics.stats.methods.plackett_luce import Method as PlackettLuce
from metrics.stats.rankings import Rankings
from metrics.stats.rate import rate
from metrics.stats.rate_rankings import rate_rankings

NAMES = tuple("uvwxyz")
STRENGTHS = np.linspace(-0.8, 0.8, len(NAMES))


def drawn_ballots(seed, *, ballots=400, slots=4, tie=0.0):
    """Ballots of `slots` models each; neighbours in a ranking are tied with the chance `tie`."""
    rng = np.random.default_rng(seed)
    shown = np.argsort(rng.random((ballots, len(NAMES))), axis=1)[:, :slots]
    worth = STRENGTHS[shown] + rng.gumbel(size=shown.shape)
    ranked = np.take_along_axis(shown, np.argsort(-worth, axis=1), axis=1)
    tiers = np.cumsum(rng.random(shown.shape) > tie, axis=1)
    prompt = np.arange(ballots) // 10
    return Rankings.from_codes(NAMES, ranked, tiers, clusters={"prompt": prompt})


def average_likelihood(logits, slots, tiers):
    """Over all orders that agree with the tiers, by their definition."""
    total = 0.0
    for models, places in zip(slots, tiers, strict=True):
        orders = [
            order
            for order in permutations(range(len(models)))
            if (np.diff(places[list(order)]) >= 0).all()
        ]
        for order in orders:
            worth = logits[models[list(order)]]
            left = [np.log(np.exp(worth[k:]).sum()) for k in range(len(worth))]
            total += (worth.sum() - sum(left)) / len(orders)
    return total


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(0, 3)), min_size=1))
def test_on_pairs_plackett_luce_is_bradley_terry(rows):
    a = np.array([first for first, _, _ in rows])
    b = (a + np.array([step for _, step, _ in rows])) % 4
    comparisons = Comparisons.from_codes(NAMES[:4], a, b, [outcome for *_, outcome in rows])
    pairs, ballots = (method.fit(comparisons) for method in (BradleyTerry(), PlackettLuce()))
    assert np.allclose(pairs.logits, ballots.logits, atol=1e-6)
    assert (pairs.separated == ballots.separated).all()


def test_on_pairs_the_intervals_are_those_of_bradley_terry():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 6, 500)
    comparisons = Comparisons.from_codes(
        NAMES,
        a,
        (a + 1) % 6,
        rng.integers(0, 3, 500),
        clusters={"prompt": rng.integers(0, 20, 500)},
    )
    pairs, ballots = (
        rate(comparisons, method=name).covariance for name in ("bradley_terry", "plackett_luce")
    )
    assert np.allclose(pairs.matrix, ballots.matrix)


def test_ties_count_every_order_alike():
    rankings = drawn_ballots(0, ballots=40, tie=0.5)
    fit = PlackettLuce().fit(rankings)
    scores = PlackettLuce().influence(rankings, fit).scores.sum(axis=0)
    step = 1e-5
    for model, own in enumerate(np.eye(len(NAMES))):
        up, down = (
            average_likelihood(fit.logits + side * step * own, rankings.slots, rankings.tiers)
            for side in (1, -1)
        )
        assert (up - down) / (2 * step) == pytest.approx(scores[model], abs=1e-6)


def test_many_ballots_recover_the_strengths():
    fit = PlackettLuce().fit(drawn_ballots(0, ballots=20_000))
    assert np.abs(fit.logits - STRENGTHS).max() < 0.04


def test_the_order_of_the_slots_and_the_numbers_of_the_tiers_change_nothing():
    rankings = drawn_ballots(1, ballots=60, tie=0.3)
    turned = Rankings.from_codes(NAMES, rankings.slots[:, ::-1], 7 * rankings.tiers[:, ::-1] - 3)
    there, back = (PlackettLuce().fit(votes) for votes in (rankings, turned))
    assert np.allclose(there.logits, back.logits, atol=1e-9)
    assert len(rankings.aggregated().slots) == len(turned.aggregated().slots)


def test_a_weight_is_a_repetition_of_the_ballot():
    rankings = drawn_ballots(2, ballots=50, tie=0.2)
    times = np.arange(50) % 3 + 1
    once = Rankings.from_codes(NAMES, rankings.slots, rankings.tiers, weight=times)
    often = Rankings.from_codes(
        NAMES, np.repeat(rankings.slots, times, axis=0), np.repeat(rankings.tiers, times, axis=0)
    )
    one, many = (rate_rankings(votes).rows for votes in (once, often))
    for row, other in zip(one, many, strict=True):
        assert row.rating == pytest.approx(other.rating)
        assert row.rating_lower == pytest.approx(other.rating_lower)


def test_short_ballots_stand_beside_long_ones():
    rankings = drawn_ballots(3, ballots=60)
    slots = rankings.slots.copy()
    slots[::2, 2:] = -1
    fit = PlackettLuce().fit(Rankings.from_codes(NAMES, slots, rankings.tiers))
    assert np.isfinite(fit.logits).all()
    assert not fit.separated.any()


def test_a_model_that_always_leads_is_held_and_marked():
    fit = PlackettLuce().fit(Rankings.from_codes([*"xyz"], [[0, 1, 2], [0, 2, 1]], [[0, 1, 2]] * 2))
    assert fit.separated.all()
    assert 0.5 < fit.logits[0] < 4


def test_models_that_never_met_are_rated_apart():
    ratings = rate_rankings(Rankings.from_codes([*"wxyz"], [[0, 1], [2, 3]], [[0, 1], [0, 0]]))
    assert {row.component for row in ratings.rows} == {0, 1}


def test_intervals_take_a_ballot_as_one_vote_and_cover_the_truth():
    truth = dict(zip(NAMES, 1000 + 400 / np.log(10) * STRENGTHS, strict=True))
    hits: dict[str, list[bool]] = {"ballots": [], "pairs": []}
    for seed in range(100):
        rankings = drawn_ballots(seed, ballots=200)
        pairs = rate(rankings.pairs(), cluster=())
        for name, ratings in (("ballots", rate_rankings(rankings)), ("pairs", pairs)):
            hits[name] += [
                row.rating_lower <= truth[row.model] <= row.rating_upper for row in ratings.rows
            ]
    assert np.mean(hits["ballots"]) == pytest.approx(0.95, abs=0.03)
    # What counts every implied pair as a vote of its own claims too much.
    assert np.mean(hits["pairs"]) < 0.9


@pytest.mark.parametrize(
    ("slots", "tiers", "message"),
    [
        ([[0, 0]], [[0, 1]], "ballot 0: a model twice"),
        ([[0, 1], [0, 5]], [[0, 1], [0, 1]], "ballot 1: a model out of range"),
        ([[0, -1]], [[0, 1]], "ballot 0: fewer than two models"),
        ([[0, 1]], [[0, 1, 2]], "tiers: shape"),
        ([list(range(9))], [list(range(9))], "8 are the most"),
    ],
)
def test_a_ballot_that_cannot_be_is_refused(slots, tiers, message):
    with pytest.raises(ValueError, match=message):
        Rankings.from_codes([*"xyz"], slots, tiers)


def test_a_weight_that_is_no_count_is_refused():
    with pytest.raises(ValueError, match="weight is not a count"):
        Rankings.from_codes([*"xy"], [[0, 1]], [[0, 1]], weight=[-1])


def test_no_ballots_are_refused():
    with pytest.raises(ValueError, match="no ballots"):
        rate_rankings(Rankings.from_codes([*"xy"], np.empty((0, 2), int), np.empty((0, 2), int)))
