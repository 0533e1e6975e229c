"""The benchmark of pairing, small: its parts agree with what is known."""

import numpy as np
import pytest

from benchmarks import pairing
from metrics.stats.ratings import POINTS_PER_LOGIT


def test_without_ties_the_target_is_the_truth():
    points = np.array([300.0, 100.0, -100.0, -300.0])
    world = pairing.make_world(points, messy=False)
    assert world.target * POINTS_PER_LOGIT == pytest.approx(points, abs=1e-3)


def test_ties_and_noise_draw_the_target_together():
    points = np.array([300.0, 100.0, -100.0, -300.0])
    world = pairing.make_world(points, messy=True)
    assert 0.6 < world.target[0] * POINTS_PER_LOGIT / 300 < 0.9


@pytest.mark.parametrize("rule", ["adjacent", "information"])
def test_a_plan_keeps_its_floor_of_random_pairs(rule):
    world = pairing.make_world(np.linspace(-200, 200, 6), messy=True)
    study = pairing.Study(world, np.random.default_rng(1))
    study.cast(600)
    chances = pairing.plan(study, pairing.RULES[rule], pairing.estimate_rescaled(study))
    assert chances.sum() == pytest.approx(1)
    assert chances.min() >= pairing.RANDOM_SHARE / len(chances) - 1e-12


def test_a_newcomer_is_known_after_a_tenth_of_the_votes():
    world = pairing.make_world(pairing.truths(21, 1)[0], messy=True)
    uniform, first = (pairing.votes_of_newcomer(world, first=f, seed=0) for f in (False, True))
    assert first < 0.1 * uniform


def test_neighbours_are_told_apart_sooner():
    world = pairing.make_world(pairing.truths(8, 5)[4], messy=True)
    uniform, chosen = (
        pairing.votes_to_power(world, rule, 0) for rule in (None, pairing.RULES["information"])
    )
    assert chosen < 0.9 * uniform


def test_adaptive_intervals_cover_about_as_they_should():
    lines = pairing.measure_coverage("information", messy=True, runs=10, votes=600)
    assert [line.split(": ")[0].split(", ")[-1] for line in lines] == list(pairing.ESTIMATES)
    assert float(lines[0].split("ratings ")[1].split()[0]) > 0.88
