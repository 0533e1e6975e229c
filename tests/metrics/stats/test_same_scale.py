"""Pairs and orders from one world, or from two that differ in a known way."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.same_scale import CLUSTER, MODELS, draw_world, find, misses
from metrics.stats.rankings import Rankings
from metrics.stats.rate_rankings import rate_rankings
from metrics.stats.same_scale import SameScale, compare_scales, pool

ROUNDS = 60


@pytest.fixture(scope="module")
def alike() -> list[SameScale]:
    return [find(seed) for seed in range(ROUNDS)]


def test_one_world_is_seldom_taken_for_two(alike: list[SameScale]) -> None:
    """Each test is wrong in 5 % of all cases; 9 of 60 would be by luck once in 400 times."""
    apart = sum(found.p_proportional is not None and found.p_proportional < 0.05 for found in alike)
    unequal = sum(found.p_same is not None and found.p_same < 0.05 for found in alike)
    assert max(apart, unequal, sum(map(misses, alike))) < 9


def test_with_enough_votes_one_world_is_mostly_found_to_be_one(alike: list[SameScale]) -> None:
    assert Counter(found.verdict for found in alike)["same"] > ROUNDS / 3


def test_another_scale_is_found() -> None:
    found = Counter(find(seed, scale=2, pairs=1200, orders=500).verdict for seed in range(20))
    assert found["other scale"] >= 17
    assert not found["same"]


def test_another_order_is_found() -> None:
    found = Counter(find(seed, moved=1.2).verdict for seed in range(20))
    assert found["not proportional"] >= 18


def test_few_votes_are_never_said_to_be_of_one_scale() -> None:
    found = [find(seed, pairs=60, orders=25) for seed in range(10)]
    assert not any(each.verdict == "same" for each in found)


def test_the_scale_and_its_interval_turn_over_with_the_roles() -> None:
    """Of pairs alone, taken as votes and as orders of two, the scale is 1."""
    pairs, _ = draw_world(1)
    found = compare_scales(pairs, Rankings.of_pairs(pairs), cluster=("prompt",))
    assert found.scale == pytest.approx(1, abs=0.01)


def test_models_that_only_one_of_them_rates_are_left_out() -> None:
    pairs, orders = draw_world(2)
    found = compare_scales(pairs.select((pairs.a != 0) & (pairs.b != 0)), orders, cluster=CLUSTER)
    assert found.models == MODELS[1:]


def test_nothing_in_common_is_too_few_votes() -> None:
    pairs, orders = draw_world(3)
    none = pairs.select(np.zeros(len(pairs.a), dtype=bool))
    found = compare_scales(none, orders, cluster=())
    assert (found.verdict, found.models, found.scale) == ("too few votes", (), None)


def test_together_they_rate_with_narrower_intervals() -> None:
    pairs, orders = draw_world(4)
    both, alone = (rate_rankings(votes, cluster=CLUSTER) for votes in (pool(pairs, orders), orders))
    assert both.covariance is not None
    assert alone.covariance is not None
    assert np.trace(both.covariance.matrix) < 0.8 * np.trace(alone.covariance.matrix)
