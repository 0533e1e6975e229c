from dataclasses import replace

import numpy as np
import pytest

from metrics.stats.betting import Aim, Bounds, bet, see
from metrics.stats.regression_plan import (
    Components,
    Costs,
    Design,
    Shape,
    TooSmall,
    Wanted,
    find_variance,
    plan,
)

PARTS = Components(prompt=0.03, sample=0.02, vote=0.15)
VOTED = Design(votes=3)
COSTS = Costs(challenger=0.04, baseline=0.01, vote=0.1)
WANTED = Wanted(0.05, error=0.05)
PLAN = plan(PARTS, VOTED, COSTS, WANTED)


def test_the_variance_is_the_sum_of_its_parts():
    design = Design(challenger_samples=2, baseline_samples=4, votes=3)
    assert find_variance(PARTS, design) == pytest.approx(0.03 + 0.02 * 0.75 + 0.05)
    asked = replace(design, inclusion=0.5, foreseen=0.4)
    assert find_variance(PARTS, asked) == pytest.approx(0.095 * 1.6)


def test_the_fixed_number_is_the_textbook_s():
    assert PLAN.fixed == pytest.approx(6.18 * 0.12 / 0.05**2, abs=1)


def test_looking_all_the_time_takes_a_larger_maximum_and_stops_earlier():
    nothing, planned, larger = PLAN.expected
    assert 1.3 * PLAN.fixed < PLAN.most < 1.7 * PLAN.fixed
    assert larger.prompts < 0.55 * PLAN.fixed < planned.prompts < PLAN.fixed < nothing.prompts
    assert nothing.power < 0.05
    assert planned.power == pytest.approx(0.8, abs=0.005)


def test_the_power_at_the_maximum_is_what_was_planned():
    rng = np.random.default_rng(0)
    bounds, planned = Bounds(-3, 3), PLAN
    aim = Aim(-0.05, WANTED.difference, planned.spread, bounds)
    runs = np.clip(planned.spread * rng.standard_normal((1000, planned.most)), -3, 3)
    passing = see(bet(runs, aim).passing, None)
    assert (passing[:, -1] >= np.log(20)).mean() == pytest.approx(0.8, abs=0.04)


def test_the_curve_rises_with_the_difference():
    powers = [stop.power for stop in PLAN.curve]
    assert powers == sorted(powers)
    assert powers[-1] > 0.99


def test_heavy_tails_take_more_prompts():
    heavy = Shape(np.random.default_rng(0).standard_t(4, 5000), loss=10.0)
    assert plan(PARTS, VOTED, COSTS, WANTED, shape=heavy).most > PLAN.most


def test_a_smaller_error_and_more_power_cost_more():
    for dearer in (replace(WANTED, error=0.01), replace(WANTED, power=0.9)):
        assert plan(PARTS, VOTED, COSTS, dearer).most > PLAN.most


def test_costs_are_those_of_candidates_and_votes():
    assert PLAN.votes == 3 * PLAN.most
    assert PLAN.usd == pytest.approx(PLAN.most * (0.05 + 0.3))
    half = plan(PARTS, replace(VOTED, inclusion=0.5, foreseen=1.0), COSTS, WANTED)
    assert (half.most, half.votes) == (PLAN.most, int(np.ceil(1.5 * PLAN.most)))


def spend(design, costs=COSTS):
    """The detectable difference and the USD of PLAN's number of prompts with this design."""
    spread = np.sqrt(find_variance(PARTS, design))
    made = design.challenger_samples * costs.challenger + costs.baseline
    return WANTED.difference * spread / PLAN.spread, PLAN.most * (made + design.votes * costs.vote)


@pytest.mark.parametrize(("field", "knob"), [("votes", "votes"), ("samples", "challenger_samples")])
def test_the_next_dollar_is_the_slope_of_what_is_detectable(field, knob):
    little = 1e-4
    more = replace(VOTED, **{knob: getattr(VOTED, knob) + little})
    (before, usd), (after, more_usd) = spend(VOTED), spend(more)
    slope = (before - after) / (more_usd - usd)
    assert getattr(PLAN.next_dollar, field) == pytest.approx(slope, rel=1e-3)


def test_the_next_dollar_on_prompts_shrinks_the_difference_as_their_root():
    dearer = 1 / (PLAN.usd / PLAN.most)
    after = WANTED.difference * np.sqrt(PLAN.most / (PLAN.most + dearer))
    assert PLAN.next_dollar.prompts == pytest.approx(WANTED.difference - after, rel=0.01)


def test_where_nobody_votes_votes_buy_nothing():
    measured = plan(replace(PARTS, vote=0), Design(), COSTS, WANTED)
    assert (measured.votes, measured.next_dollar.votes) == (0, None)


def test_differences_that_nobody_can_pay_for_are_refused():
    with pytest.raises(TooSmall, match="more than 10,000,000"):
        plan(PARTS, VOTED, COSTS, replace(WANTED, difference=1e-5))


@pytest.mark.parametrize("wrong", [{"difference": 0}, {"power": 1}, {"error": 0}, {"look": 0}])
def test_what_cannot_be_planned_is_refused(wrong):
    with pytest.raises(ValueError, match=r"wanted|power"):
        plan(PARTS, VOTED, COSTS, replace(WANTED, **wrong))


def test_no_variance_is_refused():
    with pytest.raises(ValueError, match="varies"):
        plan(Components(0, 0), Design(), COSTS, WANTED)
