"""Drawing: small pools, where every probability can be worked out by hand."""

import itertools
import random
from collections import Counter
from collections.abc import Mapping

import pytest

from arenas.battles.choose import Arm, Draw, Pair, Pool, choose, load_pool
from arenas.battles.models import PairPlan, PairWeight
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena, Question
from tests.factories import NOW

ANT, BEE, CAT = 1, 2, 3


def make_pool(prompts: Mapping[Pair, tuple[int, ...]], *arms: Arm) -> Pool:
    """A pool in which competitor 2 made candidate 102 for prompt 10, and so on."""
    made = {
        (prompt, competitor): (prompt * 10 + competitor,)
        for pair, shared in prompts.items()
        for prompt, competitor in itertools.product(shared, pair)
    }
    return Pool(made, prompts, "plan-1", arms) if arms else Pool(made, prompts)


TRIANGLE = make_pool({(ANT, BEE): (10, 11), (ANT, CAT): (10,), (BEE, CAT): (10,)})


def draw_many(pool: Pool, number: int = 6000) -> list[Draw]:
    rng = random.Random(7)
    draws = [choose(pool, (), rng) for _ in range(number)]
    return [draw for draw in draws if draw]


def test_the_stated_probabilities_of_all_draws_add_up_to_one() -> None:
    stated = {draw.candidates: draw.probability for draw in draw_many(TRIANGLE, 300)}
    assert stated == pytest.approx(
        {(101, 102): 1 / 6, (111, 112): 1 / 6, (101, 103): 1 / 3, (102, 103): 1 / 3}
    )


def test_draws_come_as_often_as_they_say() -> None:
    draws = draw_many(TRIANGLE)
    counts = Counter(draw.candidates for draw in draws)
    for draw in draws[:50]:
        assert counts[draw.candidates] / len(draws) == pytest.approx(draw.probability, abs=0.025)


def test_pairs_meet_as_often_as_their_weights_say() -> None:
    weights = {(ANT, BEE): 3.0, (ANT, CAT): 1.0, (BEE, CAT): 0.0}
    pool = make_pool(TRIANGLE.prompts, Arm("adaptive", 1.0, weights))
    stated = {draw.candidates: draw.probability for draw in draw_many(pool, 300)}
    assert stated == pytest.approx({(101, 102): 3 / 8, (111, 112): 3 / 8, (101, 103): 1 / 4})


def test_only_what_the_rater_has_not_seen_is_drawn() -> None:
    seen: set[tuple[int, Pair]] = set()
    rng = random.Random(1)
    while draw := choose(TRIANGLE, seen, rng):
        pair = (draw.candidates[0] % 10, draw.candidates[1] % 10)
        assert (draw.prompt, pair) not in seen
        seen.add((draw.prompt, pair))
    assert len(seen) == 4


def test_a_pair_seen_once_is_half_as_likely_and_one_that_is_used_up_not_at_all() -> None:
    seen = [(10, (ANT, BEE)), (10, (ANT, CAT))]
    draws = [choose(TRIANGLE, seen, random.Random(n)) for n in range(20)]
    stated = {draw.prompt: draw.probability for draw in draws if draw}
    assert stated == pytest.approx({11: 1 / 3, 10: 2 / 3})


def test_a_prompt_met_before_waits_until_the_others_had_their_turn() -> None:
    pool = make_pool({(ANT, BEE): (10, 11), (ANT, CAT): (10, 11, 12), (BEE, CAT): (10,)})
    draws = [choose(pool, [(10, (BEE, CAT))], random.Random(n)) for n in range(40)]
    assert {draw.prompt for draw in draws if draw} == {11, 12}


MIXED = make_pool(
    TRIANGLE.prompts, Arm("random", 0.25), Arm("adaptive", 0.75, {(ANT, BEE): 3.0, (ANT, CAT): 1.0})
)


def test_the_probability_is_that_of_all_arms_together() -> None:
    stated = {draw.candidates: draw.probability for draw in draw_many(MIXED, 400)}
    both = {(ANT, BEE): 1 / 12 + 9 / 16, (ANT, CAT): 1 / 12 + 3 / 16, (BEE, CAT): 1 / 12}
    assert stated == pytest.approx(
        {
            (101, 102): both[ANT, BEE] / 2,
            (111, 112): both[ANT, BEE] / 2,
            (101, 103): both[ANT, CAT],
            (102, 103): both[BEE, CAT],
        }
    )


def test_a_draw_names_the_arm_that_made_it_as_often_as_its_share_says() -> None:
    arms = Counter(draw.arm for draw in draw_many(MIXED))
    assert arms["random"] / sum(arms.values()) == pytest.approx(0.25, abs=0.02)


def test_what_a_uniform_draw_would_have_given_stands_beside() -> None:
    stated = {draw.candidates: draw.uniform_probability for draw in draw_many(MIXED, 400)}
    assert stated == pytest.approx(
        {(101, 102): 1 / 6, (111, 112): 1 / 6, (101, 103): 1 / 3, (102, 103): 1 / 3}
    )


def test_weights_by_both_probabilities_average_to_one_over_every_uniform_pair() -> None:
    draws = draw_many(MIXED)
    for pair in [(101, 102), (101, 103), (102, 103)]:
        weights = [
            draw.uniform_probability / draw.probability for draw in draws if draw.candidates == pair
        ]
        uniform = next(d.uniform_probability for d in draws if d.candidates == pair)
        assert sum(weights) / len(draws) == pytest.approx(uniform, abs=0.025)


def test_no_vote_weighs_more_than_one_over_the_random_share() -> None:
    rng = random.Random(5)
    seen: set[tuple[int, Pair]] = set()
    while draw := choose(MIXED, seen, rng):
        assert draw.uniform_probability / draw.probability <= 4 + 1e-9
        seen.add((draw.prompt, (draw.candidates[0] % 10, draw.candidates[1] % 10)))
    assert len(seen) == 4


def test_an_arm_whose_pairs_are_used_up_leaves_its_share_to_the_others() -> None:
    seen = [(10, (ANT, BEE)), (11, (ANT, BEE)), (10, (ANT, CAT))]
    draw = choose(MIXED, seen, random.Random(1))
    assert draw is not None
    assert (draw.arm, draw.probability, draw.uniform_probability) == ("random", 1.0, 1.0)


def test_nothing_is_drawn_when_everything_was_seen() -> None:
    everything = [(p, pair) for pair, prompts in TRIANGLE.prompts.items() for p in prompts]
    assert choose(TRIANGLE, everything, random.Random(1)) is None


def test_prompts_that_left_the_arena_do_not_stand_for_new_ones() -> None:
    pool = make_pool({(ANT, BEE): (20, 21)})
    seen = [(10, (ANT, BEE)), (11, (ANT, BEE))]
    draw = choose(pool, seen, random.Random(1))
    assert draw is not None
    assert draw.probability == 0.5


def test_a_pair_without_weight_is_never_drawn() -> None:
    weights = {(ANT, BEE): 0.0, (ANT, CAT): 1.0}
    pool = make_pool(TRIANGLE.prompts, Arm("adaptive", 1.0, weights))
    assert {draw.candidates for draw in draw_many(pool, 50)} == {(101, 103)}


def test_where_no_pair_of_the_plan_is_left_pairs_are_uniform() -> None:
    pool = make_pool(TRIANGLE.prompts, Arm("newcomers", 1.0, {(BEE, CAT): 1.0}))
    draw = choose(pool, [(10, (BEE, CAT))], random.Random(1))
    assert draw is not None
    assert (draw.arm, draw.probability) == ("random", draw.uniform_probability)


def test_the_pool_holds_every_pair_on_every_prompt(world: Arena) -> None:
    pool = load_pool(world)
    assert len(pool.prompts) == 3
    assert {len(prompts) for prompts in pool.prompts.values()} == {3}
    assert (pool.policy, pool.arms) == ("uniform", (Arm("random", 1.0),))


def test_a_prompt_that_one_side_failed_is_not_drawn_for_the_pair(world: Arena) -> None:
    failed = Candidate.objects.filter(competitor__name="ant").first()
    assert failed is not None
    Candidate.objects.filter(pk=failed.pk).update(status=Candidate.Status.REFUSED_OUTPUT)
    pool = load_pool(world)
    with_ant = [p for pair, p in pool.prompts.items() if failed.competitor_id in pair]
    assert [len(prompts) for prompts in with_ant] == [2, 2]


def test_the_newest_plan_replaces_the_uniform_policy(world: Arena) -> None:
    ant, bee, _ = world.competitors().order_by("name")
    for number in (1, 2):
        plan = PairPlan.objects.create(
            arena=world, number=number, rule="adjacent", shares={"random": 0.25, "adaptive": 0.75},
            watermark=0, votes=0, created_at=NOW,
        )  # fmt: skip
        PairWeight.objects.create(plan=plan, arm="adaptive", first=ant, second=bee, weight=number)
    pool = load_pool(world)
    adaptive = Arm("adaptive", 0.75, {(ant.pk, bee.pk): 2.0})
    assert (pool.policy, pool.arms) == ("adjacent-2", (Arm("random", 0.25), adaptive))


def test_a_prompt_without_a_question_is_not_drawn(world: Arena) -> None:
    Question.objects.update(category="fancy")
    asked = set(world.prompts().filter(category="fancy").values_list("pk", flat=True))
    assert {p for prompts in load_pool(world).prompts.values() for p in prompts} == asked


def test_a_withdrawn_competitor_meets_nobody(world: Arena) -> None:
    world.entries.filter(competitor__name="ant").update(withdrawn_at=NOW)
    assert len(load_pool(world).prompts) == 1
