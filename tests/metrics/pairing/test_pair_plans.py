"""Plans of an arena's pairs: when one is due, and what it says."""

import itertools
import random
from typing import Any

import pytest

from arenas.battles.models import Ballot, PairPlan, PairWeight
from arenas.definitions.enter import enter_competitors
from arenas.definitions.models import Arena
from arenas.exports.tables import export_votes
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from arenas.votes.simulate import World, simulate_votes
from metrics.pairing.plan import plan_pairs
from metrics.tasks import plan_pairs as plan_all
from tests.factories import (
    NOW,
    add_votes,
    cast_votes,
    hold,
    make_arena,
    make_competitors,
    make_rater,
)

RULES = ["adjacent", "information"]
# Ant beats bee a little more often than not, and both beat cat.
ENDED = {
    ("ant", "bee"): ["model_a", "model_b", "tie", "model_a"],
    ("ant", "cat"): ["model_a", "model_a", "model_b", "model_a"],
    ("bee", "cat"): ["model_a", "model_a", "both_bad", "model_b"],
}


def add_rounds(arena: Arena, rounds: int) -> None:
    """Twelve sealed votes a round, four on each pair."""
    rows = [(a, b, winner) for (a, b), winners in ENDED.items() for winner in winners]
    add_votes(arena, rows * rounds)
    seal_and_fold(NOW)


def set_pairing(arena: Arena, **pairing: Any) -> Arena:
    arena.pairing = pairing
    arena.save()
    return arena


def weights_of(plan: PairPlan) -> dict[str, float]:
    rows = plan.weights.select_related("first", "second")
    return {"-".join(sorted([row.first.name, row.second.name])): row.weight for row in rows}


@pytest.fixture
def arena(db: None) -> Arena:
    return make_arena(None)


def test_without_a_key_in_its_file_an_arena_stays_uniform(arena: Arena) -> None:
    add_rounds(arena, 15)
    assert plan_pairs(arena, now=NOW) is None


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_waits_for_enough_votes(arena: Arena, rule: str) -> None:
    set_pairing(arena, rule=rule)
    add_rounds(arena, 12)
    assert plan_pairs(arena, now=NOW) is None
    add_rounds(arena, 1)
    plan = plan_pairs(arena, now=NOW)
    assert plan is not None
    assert (plan.rule, plan.number, plan.votes) == (rule, 1, 156)
    assert plan.shares == {"random": 0.25, "adaptive": 0.75}


@pytest.mark.parametrize("rule", RULES)
def test_neighbours_meet_more_often_than_the_ends(arena: Arena, rule: str) -> None:
    set_pairing(arena, rule=rule)
    add_rounds(arena, 15)
    plan = plan_pairs(arena, now=NOW)
    assert plan is not None
    weights = weights_of(plan)
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["ant-bee"] > weights.get("ant-cat", 0)
    assert {row.arm for row in plan.weights.all()} == {"adaptive"}


def test_plans_change_in_batches_only(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent", batch=24)
    add_rounds(arena, 13)
    first = plan_pairs(arena, now=NOW)
    assert plan_pairs(arena, now=NOW) is None
    add_rounds(arena, 1)
    assert plan_pairs(arena, now=NOW) is None
    add_rounds(arena, 1)
    second = plan_pairs(arena, now=NOW)
    assert first is not None
    assert second is not None
    assert (second.number, second.votes) == (2, 180)
    assert second.watermark > first.watermark


def test_votes_that_are_not_sealed_do_not_count(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_votes(arena, [("ant", "bee", "tie")] * 200)
    assert plan_pairs(arena, now=NOW) is None


def test_votes_of_other_kinds_of_raters_do_not_count(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_votes(arena, [("ant", "bee", "tie")] * 200, kind="simulated")
    seal_and_fold(NOW)
    assert plan_pairs(arena, now=NOW) is None


def test_a_rule_waits_while_somebody_never_lost(arena: Arena) -> None:
    set_pairing(arena, rule="information")
    rows = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("ant", "cat", "model_a")]
    add_votes(arena, rows * 60)
    seal_and_fold(NOW)
    assert plan_pairs(arena, now=NOW) is None


def test_the_same_votes_give_the_same_plan(arena: Arena) -> None:
    set_pairing(arena, rule="information")
    add_rounds(arena, 15)
    first = plan_pairs(arena, now=NOW)
    assert first is not None
    weights = weights_of(first)
    first.delete()
    again = plan_pairs(arena, now=NOW)
    assert again is not None
    assert weights_of(again) == weights


def test_a_newcomer_comes_first_whatever_the_rule(arena: Arena) -> None:
    set_pairing(arena, rule="information")
    add_rounds(arena, 15)
    enter_competitors(arena, make_competitors("dog"), now=NOW)
    plan = plan_pairs(arena, now=NOW)
    assert plan is not None
    assert (plan.rule, plan.shares) == ("newcomers", {"newcomers": 1.0})
    assert weights_of(plan) == pytest.approx({"ant-dog": 1 / 3, "bee-dog": 1 / 3, "cat-dog": 1 / 3})


def test_newcomers_give_way_once_they_have_votes(arena: Arena) -> None:
    add_rounds(arena, 15)
    enter_competitors(arena, make_competitors("dog"), now=NOW)
    assert plan_pairs(arena, now=NOW) is not None
    assert plan_pairs(arena, now=NOW) is None
    rows = itertools.product(["ant", "bee", "cat"], ["dog"], ["model_a", "model_b"])
    add_votes(arena, list(rows) * 13)
    seal_and_fold(NOW)
    plan = plan_pairs(arena, now=NOW)
    assert plan is not None
    assert (plan.rule, plan.number, plan.shares) == ("uniform", 2, {"random": 1.0})


def test_newcomers_may_be_told_to_wait(arena: Arena) -> None:
    set_pairing(arena, newcomers=False)
    add_rounds(arena, 15)
    enter_competitors(arena, make_competitors("dog"), now=NOW)
    assert plan_pairs(arena, now=NOW) is None


def test_a_rule_taken_back_gives_uniform_pairs(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_rounds(arena, 15)
    plan_pairs(arena, now=NOW)
    plan = plan_pairs(set_pairing(arena), now=NOW)
    assert plan is not None
    assert (str(plan), plan.shares) == ("uniform-2", {"random": 1.0})


def test_another_random_share_holds_at_once(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_rounds(arena, 15)
    plan_pairs(arena, now=NOW)
    plan = plan_pairs(set_pairing(arena, rule="adjacent", random_share=0.5), now=NOW)
    assert plan is not None
    assert plan.shares == {"random": 0.5, "adaptive": 0.5}


def test_ballots_and_exports_say_how_they_were_drawn(world: Arena) -> None:
    set_pairing(world, rule="information")
    add_rounds(world, 15)
    plan = plan_pairs(world, now=NOW)
    for seed in range(6):
        cast_votes(world, make_rater(), ["model_a"] * 2, seed=seed)
    table = export_votes(world).filter(policy=str(plan))
    assert len(table) == 12
    assert set(table["arm"]) <= {"random", "adaptive"}
    assert max((table["uniform_probability"] / table["probability"]).to_list()) <= 4 + 1e-9
    ballot = hold(world, make_rater(), seed=9)[0]
    assert ballot.uniform_probability == pytest.approx(1 / 9)


def test_every_arena_is_planned_by_one_task(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_rounds(arena, 15)
    assert plan_all() == 1
    assert plan_all() == 0
    assert Ballot.objects.count() == 0


def test_simulated_raters_follow_the_plan(world: Arena) -> None:
    ant, bee, _ = world.competitors().order_by("name")
    plan = PairPlan.objects.create(
        arena=world, number=1, rule="newcomers", shares={"newcomers": 1.0}, watermark=0, votes=0,
        created_at=NOW,
    )  # fmt: skip
    PairWeight.objects.create(plan=plan, arm="newcomers", first=ant, second=bee, weight=1)
    written = simulate_votes(
        world, 6, World({"ant": 50.0}), raters=2, now=NOW, rng=random.Random(1)
    )
    assert written == 6
    met = {frozenset([vote.competitor_a, vote.competitor_b]) for vote in Vote.objects.all()}
    assert met == {frozenset([ant, bee])}
