import json
from dataclasses import asdict
from math import log

import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons
from metrics.stats.diagnostics import diagnose
from metrics.stats.held_out import calibrate, foretell, held_out_loss
from metrics.stats.methods.base import make_method, method_names
from metrics.stats.misfit import find_cycles, pair_residuals

STRENGTHS = np.linspace(-1, 1, 8)


def drawn_votes(seed, *, votes=3000, bend=0.0, tie=0.15, prompts=40):
    """Votes that Bradley–Terry describes, but that the first model gains `bend` on the last."""
    rng = np.random.default_rng(seed)
    size = len(STRENGTHS)
    a = rng.integers(0, size, votes)
    b = (a + rng.integers(1, size, votes)) % size
    extra = np.zeros((size, size))
    extra[0, -1], extra[-1, 0] = bend, -bend
    won = rng.random(votes) < 1 / (1 + np.exp(STRENGTHS[b] - STRENGTHS[a] - extra[a, b]))
    outcome = np.where(rng.random(votes) < tie, 2, np.where(won, 0, 1))
    clusters = {"prompt": rng.integers(0, prompts, votes)} if prompts else None
    names = [f"m{code}" for code in range(size)]
    return Comparisons.from_codes(names, a, b, outcome, clusters=clusters, in_order=True)


def examine(comparisons, method="bradley_terry", **settings):
    fit = make_method(method).fit(comparisons)
    return diagnose(comparisons, fit, method, rng=np.random.default_rng(0), **settings)


def covers(interval, value):
    return interval.lower <= value <= interval.upper


@pytest.mark.parametrize("method", method_names())
def test_every_method_can_be_examined_and_the_result_is_plain_data(method):
    found = examine(drawn_votes(0), method)
    assert json.loads(json.dumps(asdict(found)))["method"] == method


@pytest.mark.parametrize("prompts", [40, 0])
def test_ratings_foretell_better_than_the_baselines_where_they_hold(prompts):
    found = examine(drawn_votes(1, prompts=prompts)).held_out
    assert found.log_loss < found.empirical < found.constant
    assert found.constant == pytest.approx(log(2), abs=0.01)
    assert found.left_out == ("prompt" if prompts else "vote")
    assert (found.votes, found.skipped) == (3000, 0)


def test_the_loss_is_that_of_the_true_chances_where_votes_are_many():
    comparisons = drawn_votes(2, votes=40_000, tie=0.0)
    gap = STRENGTHS[comparisons.a] - STRENGTHS[comparisons.b]
    best = np.mean(np.log1p(np.exp(-np.where(comparisons.outcome == 0, gap, -gap))))
    assert examine(comparisons).held_out.log_loss == pytest.approx(best, abs=0.001)


def test_no_vote_foretells_itself():
    comparisons = drawn_votes(3, prompts=5)
    foretold = foretell(
        comparisons, make_method("bradley_terry"), folds=5, rng=np.random.default_rng(0)
    )
    assert foretold.weight.sum() == 3000
    for prompt in range(5):
        rest = comparisons.select(comparisons.clusters["prompt"] != prompt)
        logits = make_method("bradley_terry").fit(rest).logits
        rows = comparisons.clusters["prompt"] == prompt
        gaps = (logits[comparisons.a] - logits[comparisons.b])[rows]
        own = np.sort(foretold.chance[foretold.group == prompt])
        assert np.allclose(own, np.sort(1 / (1 + np.exp(-gaps))))


def test_votes_of_one_row_are_held_out_singly():
    comparisons = Comparisons.from_codes([*"xy"], [0, 0], [1, 1], [0, 1], weight=[600, 400])
    foretold = foretell(
        comparisons, make_method("bradley_terry"), folds=5, rng=np.random.default_rng(0)
    )
    assert len(foretold.weight) == 10
    assert np.allclose(foretold.chance, 0.6, atol=0.03)


def test_votes_on_models_that_the_rest_does_not_connect_are_skipped():
    lone = Comparisons.from_codes([*"xyz"], [0, 1], [1, 2], [0, 0], weight=[1, 100])
    foretold = foretell(lone, make_method("bradley_terry"), rng=np.random.default_rng(0))
    assert held_out_loss(lone, foretold, folds=5).skipped == 1


def test_a_single_vote_has_nothing_to_be_held_against():
    found = examine(Comparisons.from_codes([*"xy"], [0], [1], [0]))
    assert found.held_out.log_loss is None
    assert found.calibration.bins == ()


def test_true_chances_are_calibrated_and_exaggerated_ones_are_not():
    comparisons = drawn_votes(4, votes=20_000, tie=0.0)
    foretold = foretell(comparisons, make_method("bradley_terry"), rng=np.random.default_rng(0))
    honest = calibrate(foretold)
    inside = [covers(part.observed, part.foretold) for part in honest.bins]
    assert np.mean(inside) >= 0.8
    assert honest.expected_error < 0.02
    odds = (foretold.chance / (1 - foretold.chance)) ** 2
    foretold.chance[:] = odds / (1 + odds)
    assert calibrate(foretold).expected_error > 0.05


def test_pairs_surprise_as_often_as_luck_has_it():
    fitter = make_method("bradley_terry")
    surprising, by_luck = 0, 0.0
    for seed in range(60):
        comparisons = drawn_votes(seed)
        found = pair_residuals(comparisons, fitter.fit(comparisons), fitter)
        surprising, by_luck = surprising + found.surprising, by_luck + found.by_luck
    assert 0.7 < surprising / by_luck < 1.4


def test_a_pair_that_goes_its_own_way_is_found_and_is_not_luck():
    found = examine(drawn_votes(5, bend=2.0)).residuals
    largest = found.largest[0]
    assert {largest.first, largest.second} == {"m0", "m7"}
    assert largest.observed > largest.expected
    assert largest.adjusted < 0.001 < found.largest[1].adjusted


def test_a_pair_that_alone_links_two_sets_has_no_residual():
    bridge = Comparisons.from_codes(
        [*"wxyz"], [0, 0, 1, 1], [1, 1, 2, 2], [0, 1, 0, 1], weight=[6, 4, 7, 3]
    )
    fitter = make_method("bradley_terry")
    assert {row.z for row in pair_residuals(bridge, fitter.fit(bridge), fitter).largest} == {0.0}


def circle(wins, losses):
    models, others = [0, 1, 2], [1, 2, 0]
    return Comparisons.from_codes(
        [*"xyz"], models * 2, others * 2, [0] * 3 + [1] * 3, weight=[wins] * 3 + [losses] * 3
    )


def test_a_real_circle_is_found_and_sure():
    found = find_cycles(circle(40, 15))
    assert (found.found, found.triples, found.significant) == (1, 1, 1)
    (cycle,) = found.surest
    assert cycle.models == ("x", "y", "z")
    assert cycle.shares == pytest.approx((40 / 55,) * 3)
    # The chance of 40 heads or more among 55, and twice that for two directions.
    assert cycle.p == pytest.approx(0.000507923, rel=1e-5)
    assert cycle.adjusted == pytest.approx(2 * cycle.p)


def test_a_circle_of_luck_is_named_but_not_significant():
    found = find_cycles(circle(7, 5))
    assert (found.found, found.significant) == (1, 0)


def test_pairs_that_met_too_seldom_make_no_circle():
    assert find_cycles(circle(5, 2)).triples == 0


def test_where_strengths_hold_circles_are_hardly_ever_significant():
    runs = [find_cycles(drawn_votes(seed)).significant > 0 for seed in range(60)]
    assert np.mean(runs) <= 0.05


def test_no_votes_are_refused():
    nothing = Comparisons.from_codes([*"xy"], [], [], np.array([], dtype=int))
    fit = make_method("bradley_terry").fit(drawn_votes(0))
    with pytest.raises(ValueError, match="no votes"):
        diagnose(nothing, fit, "bradley_terry", rng=np.random.default_rng(0))
