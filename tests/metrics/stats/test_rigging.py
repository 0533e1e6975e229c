from dataclasses import replace

import numpy as np
import pytest

from benchmarks.rigging_attacks import (
    ARENA,
    ATTACKS,
    Votes,
    draw_attack,
    draw_quotas,
    draw_tastes,
    draw_votes,
    set_scene,
)
from metrics.stats.comparisons import Comparisons
from metrics.stats.rigging import Rule, find_riggers
from metrics.stats.tastes import MOST, OPPOSITE, fit_tastes, own_taste_likelihood, tally_raters

TARGET = "model 12"


def world(seed, *, attack=None, share=0.1, **changes):
    """The votes, who is of the minority, and how many raters are honest."""
    rng = np.random.default_rng(seed)
    arena = replace(ARENA, **changes)
    scene = set_scene(arena, rng)
    tastes, minor = draw_tastes(scene, rng)
    votes = draw_votes(scene, tastes, draw_quotas(arena, rng), rng)
    if attack:
        votes = votes.joined(draw_attack(scene, votes, ATTACKS[attack], share, rng))
    return votes, minor


def find(votes, **options):
    return find_riggers(votes.compare(ARENA.models), **options)


def sided(left, right, *, raters=30):
    """Fair raters, and one with so many votes for either side."""
    rng = np.random.default_rng(1)
    size = raters * 60
    rater = np.concatenate([np.repeat(np.arange(raters), 60), np.full(left + right, raters)])
    a = rng.integers(0, 5, len(rater))
    b = (a + rng.integers(1, 5, len(rater))) % 5
    outcome = np.concatenate([rng.integers(0, 3, size), np.repeat([0, 1], [left, right])])
    return Comparisons.from_codes(list("vwxyz"), a, b, outcome, clusters={"rater": rater})


@pytest.mark.parametrize("attack", ATTACKS)
def test_many_who_rig_are_found_and_hardly_anybody_else(attack):
    votes, minor = world(4, attack=attack)
    found = np.array([suspicion.rater for suspicion in find(votes)])
    riggers = np.unique(votes.rater[votes.rater >= len(minor)])
    assert np.isin(riggers, found).mean() > 1 / 3
    assert (found < len(minor)).sum() <= 0.02 * len(minor)


@pytest.mark.parametrize("taste", ["opposite", "other"])
def test_a_minority_of_another_taste_is_never_flagged(taste):
    votes, _ = world(2, taste=taste)
    assert find(votes) == ()


@pytest.mark.parametrize("change", [{"fans": 0.1}, {"tieless": 0.5}, {"sharp": 0.3}, {"models": 4}])
def test_honest_habits_are_never_flagged(change):
    votes, _ = world(3, **change)
    assert find_riggers(votes.compare(change.get("models", 20))) == ()


def test_a_suspicion_names_who_gains_and_says_why():
    votes, minor = world(4, attack="target only, else no vote", share=0.02)
    first = find(votes)[0]
    assert first.rater >= len(minor)
    assert (first.rule, first.model) == (Rule.FAVOURS, TARGET)
    cast = (votes.rater == first.rater).sum()
    assert first.votes == cast
    assert first.reason.startswith(f"{cast} of {cast} votes on {TARGET} say that it is better")
    assert first.pooled > np.log(3 * 40 / 0.05)


def test_whoever_votes_against_one_competitor_is_found():
    votes, minor = world(5, attack="target only, else no vote", share=0.02)
    rigged = votes.rater >= len(minor)
    turned = Votes(
        votes.rater,
        votes.a,
        votes.b,
        np.where(rigged, 1 - votes.outcome, votes.outcome),
        votes.time,
    )
    found = [suspicion for suspicion in find(turned) if suspicion.rater >= len(minor)]
    assert {(suspicion.rule, suspicion.model) for suspicion in found} == {(Rule.OPPOSES, TARGET)}


def test_a_script_is_found_on_pairs_without_the_target():
    votes, minor = world(6, attack="omnipresent, Omni-On", share=0.05)
    rules = {who.rule for who in find(votes) if who.rater >= len(minor)}
    assert Rule.FOLLOWS in rules


@pytest.mark.parametrize("side", ["left", "right"])
def test_whoever_always_takes_one_side_is_found(side):
    comparisons = sided(60, 0) if side == "left" else sided(0, 60)
    (found,) = find_riggers(comparisons)
    assert (found.rater, found.rule, found.model) == (30, Rule.ONE_SIDED, None)
    assert found.reason == f"60 of 60 decided votes are for the {side} side"


def test_preferring_one_side_is_not_enough():
    assert find_riggers(sided(45, 15)) == ()


def test_the_order_of_the_votes_plays_no_part():
    votes, _ = world(7, attack="target only, else honest")
    shuffled = votes.select(np.random.default_rng(0).permutation(len(votes.a)))
    assert [who.rater for who in find(votes)] == [who.rater for who in find(shuffled)]


def test_fewer_false_alarms_are_allowed_at_a_smaller_alpha():
    votes, _ = world(8, attack="target only, else no vote", share=0.01)
    assert find(votes)
    assert not find(votes, alpha=1e-300)


def test_votes_without_a_rater_are_nobodys():
    nobody = Comparisons.from_codes(["x", "y"], [0], [1], [0], clusters={"rater": [-1]})
    assert find_riggers(nobody) == ()


def test_an_alpha_that_is_no_chance_is_refused():
    with pytest.raises(ValueError, match="alpha"):
        find_riggers(sided(1, 1), alpha=1.0)


def test_tallies_count_every_vote_of_a_rater():
    comparisons = Comparisons.from_codes(
        list("xyz"), [0, 1, 2, 0], [1, 0, 0, 2], [0, 0, 2, 3], clusters={"rater": [3, 3, 3, 3]}
    )
    votes = tally_raters(comparisons)
    assert (votes.won.tolist(), votes.lost.tolist()) == ([1.0], [1.0])
    assert votes.cast.tolist() == [[4.0, 2.0, 2.0]]
    assert votes.undecided.tolist() == [[2.0, 0.0, 2.0]]


def test_an_opposite_minority_helps_to_tell_what_most_like():
    votes, minor = world(9, minority=0.3)
    tastes = fit_tastes(tally_raters(votes.compare(20)))
    kind = np.exp(tastes.belong())
    assert tastes.shares[OPPOSITE] == pytest.approx(minor.mean(), abs=0.08)
    assert kind[minor, OPPOSITE].mean() > 0.85
    assert kind[~minor, MOST].mean() > 0.85


def test_a_taste_of_ones_own_is_likelier_than_none_where_there_is_one():
    order = np.arange(6)
    a, b = np.nonzero(order[:, None] < order)
    votes = tally_raters(
        Comparisons.from_codes(list("uvwxyz"), a, b, a * 0, clusters={"rater": a * 0})
    )
    assert len(a) * np.log(0.5) < own_taste_likelihood(votes, 0) < 0
