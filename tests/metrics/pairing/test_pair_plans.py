"""Plans of an arena's pairs: when one is due, and what it says."""

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from arenas.battles.models import Ballot, PairPlan, PairWeight
from arenas.candidates.models import Candidate
from arenas.definitions.enter import enter_competitors, withdraw
from arenas.definitions.models import Arena
from arenas.exports.tables import export_votes
from arenas.suites.models import Prompt
from arenas.votes.count import seal_and_fold
from arenas.votes.flag import raise_flag
from arenas.votes.models import Vote
from arenas.votes.simulate import World, simulate_votes
from metrics.pairing.plan import plan_pairs
from metrics.tasks import plan_pairs as plan_all
from tests.factories import (
    NOW,
    add_votes,
    cast_votes,
    hold,
    make_competitors,
    make_rater,
    make_world,
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


def put_off(name: str, prompts: Iterable[Prompt]) -> None:
    """Take this competitor's candidates on the prompts out of the battles."""
    found = Candidate.objects.filter(competitor__name=name, prompt__in=prompts)
    found.update(status=Candidate.Status.PLANNED)


def weights_of(plan: PairPlan) -> dict[str, float]:
    rows = plan.weights.select_related("first", "second")
    return {"-".join(sorted([row.first.name, row.second.name])): row.weight for row in rows}


@pytest.fixture
def arena(world: Arena) -> Arena:
    return world


@pytest.fixture
def with_dog(db: None, tmp_path: Path) -> Arena:
    """Ant, bee and cat have met, and a dog with all candidates has come."""
    arena = make_world(tmp_path, names=("ant", "bee", "cat", "dog"))
    add_rounds(arena, 15)
    return arena


def test_without_a_key_in_its_file_an_arena_gets_informative_pairs(arena: Arena) -> None:
    add_rounds(arena, 15)
    assert str(plan_pairs(arena, now=NOW)) == "information-1"


def test_an_arena_that_asks_for_uniform_pairs_has_no_plan(arena: Arena) -> None:
    add_rounds(arena, 15)
    assert plan_pairs(set_pairing(arena, rule="uniform"), now=NOW) is None


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
    assert plan_pairs(arena, now=NOW) is not None
    assert plan_pairs(arena, now=NOW) is None
    add_rounds(arena, 1)
    assert plan_pairs(arena, now=NOW) is None
    add_rounds(arena, 1)
    assert plan_pairs(arena, now=NOW) is not None
    first, second = PairPlan.objects.order_by("number")
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
    add_votes(arena, [(a, b, "model_a") for a, b in ENDED] * 60)
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


def test_a_newcomer_comes_first_whatever_the_rule(with_dog: Arena) -> None:
    plan = plan_pairs(set_pairing(with_dog, rule="information"), now=NOW)
    assert plan is not None
    assert (plan.rule, plan.shares) == ("newcomers", {"newcomers": 1.0})
    assert weights_of(plan) == pytest.approx({"ant-dog": 1 / 3, "bee-dog": 1 / 3, "cat-dog": 1 / 3})


def test_newcomers_give_way_once_they_have_votes(with_dog: Arena) -> None:
    set_pairing(with_dog, rule="uniform")
    assert plan_pairs(with_dog, now=NOW) is not None
    assert plan_pairs(with_dog, now=NOW) is None
    rows = itertools.product(["ant", "bee", "cat"], ["dog"], ["model_a", "model_b"])
    add_votes(with_dog, list(rows) * 13)
    seal_and_fold(NOW)
    plan = plan_pairs(with_dog, now=NOW)
    assert plan is not None
    assert (plan.rule, plan.number, plan.shares) == ("uniform", 2, {"random": 1.0})


def test_newcomers_may_be_told_to_wait(with_dog: Arena) -> None:
    assert plan_pairs(set_pairing(with_dog, newcomers=False), now=NOW) is None


def test_a_newcomer_without_candidates_does_not_hold_up_the_rule(arena: Arena) -> None:
    set_pairing(arena, rule="information")
    add_rounds(arena, 15)
    enter_competitors(arena, make_competitors("dog"), now=NOW)
    plan = plan_pairs(arena, now=NOW)
    assert plan is not None
    assert plan.rule == "information"
    assert all("dog" not in pair for pair in weights_of(plan))


def test_a_newcomer_waits_for_the_opponents_it_shares_a_prompt_with(with_dog: Arena) -> None:
    first, *others = with_dog.prompts()
    put_off("dog", others)
    put_off("ant", [first])
    plan = plan_pairs(with_dog, now=NOW)
    assert plan is not None
    assert weights_of(plan) == pytest.approx({"bee-dog": 1 / 2, "cat-dog": 1 / 2})


def test_newcomers_that_can_no_longer_meet_give_way(with_dog: Arena) -> None:
    set_pairing(with_dog, rule="adjacent")
    assert str(plan_pairs(with_dog, now=NOW)) == "newcomers-1"
    put_off("dog", with_dog.prompts())
    assert str(plan_pairs(with_dog, now=NOW)) == "adjacent-2"
    assert plan_pairs(with_dog, now=NOW) is None


@pytest.mark.parametrize("rule", RULES)
def test_a_withdrawn_competitor_leaves_the_plan_at_once(with_dog: Arena, rule: str) -> None:
    set_pairing(with_dog, rule=rule, newcomers=False)
    rows = itertools.product(["ant", "bee", "cat"], ["dog"], ["model_a", "model_b"])
    add_votes(with_dog, list(rows) * 13)
    seal_and_fold(NOW)
    assert plan_pairs(with_dog, now=NOW) is not None
    assert plan_pairs(with_dog, now=NOW) is None
    withdraw(with_dog, with_dog.entries.filter(competitor__name="dog"), NOW)
    assert plan_pairs(with_dog, now=NOW) is not None
    first, second = PairPlan.objects.order_by("number")
    assert (first.votes, second.votes) == (258, 180)
    assert all("dog" not in pair for pair in weights_of(second))
    assert plan_pairs(with_dog, now=NOW) is None


def test_a_plan_is_made_anew_once_votes_are_flagged(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_rounds(arena, 15)
    plan_pairs(arena, now=NOW)
    for vote in Vote.objects.all()[:2]:
        raise_flag(vote, rule="manual", reason="looks odd", by="alice", now=NOW)
    seal_and_fold(NOW)
    plan_pairs(arena, now=NOW)
    assert plan_pairs(arena, now=NOW) is None
    plans = PairPlan.objects.values_list("rule", "number", "votes")
    assert list(plans) == [("adjacent", 2, 178), ("adjacent", 1, 180)]


def test_a_uniform_plan_gives_way_as_soon_as_the_rule_can_hold(with_dog: Arena) -> None:
    plan_pairs(set_pairing(with_dog, rule="adjacent"), now=NOW)
    set_pairing(with_dog, rule="adjacent", newcomers=False)
    assert str(plan_pairs(with_dog, now=NOW)) == "uniform-2"
    assert plan_pairs(with_dog, now=NOW) is None
    withdraw(with_dog, with_dog.entries.filter(competitor__name="dog"), NOW)
    assert str(plan_pairs(with_dog, now=NOW)) == "adjacent-3"


def test_where_nobody_can_meet_there_is_no_plan(arena: Arena) -> None:
    add_rounds(arena, 15)
    Candidate.objects.update(status=Candidate.Status.PLANNED)
    assert plan_pairs(set_pairing(arena, rule="adjacent"), now=NOW) is None


def test_a_rule_taken_back_gives_uniform_pairs(arena: Arena) -> None:
    set_pairing(arena, rule="adjacent")
    add_rounds(arena, 15)
    plan_pairs(arena, now=NOW)
    plan = plan_pairs(set_pairing(arena, rule="uniform"), now=NOW)
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
