"""Drawing: small pools, where every probability can be worked out by hand."""

import itertools
import random
from collections import Counter
from collections.abc import Mapping

import pytest

from arenas.battles.choose import Draw, Pair, Pool, choose, load_pool
from arenas.battles.models import PairPlan, PairWeight
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena, Question
from tests.factories import NOW

ANT, BEE, CAT = 1, 2, 3


def make_pool(
    prompts: Mapping[Pair, tuple[int, ...]], weights: Mapping[Pair, float] | None = None
) -> Pool:
    """A pool in which competitor 2 made candidate 102 for prompt 10, and so on."""
    made = {
        (prompt, competitor): (prompt * 10 + competitor,)
        for pair, shared in prompts.items()
        for prompt, competitor in itertools.product(shared, pair)
    }
    return Pool(made, prompts, weights or dict.fromkeys(prompts, 1.0), "uniform", "random")


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
    pool = make_pool(TRIANGLE.prompts, {(ANT, BEE): 3.0, (ANT, CAT): 1.0, (BEE, CAT): 0.0})
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


def test_the_probability_is_of_what_is_left() -> None:
    seen = [(10, (ANT, BEE)), (10, (ANT, CAT))]
    draws = [choose(TRIANGLE, seen, random.Random(n)) for n in range(20)]
    assert {(draw.prompt, draw.probability) for draw in draws if draw} == {(10, 0.5), (11, 0.5)}


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
    pool = make_pool({(ANT, BEE): (10,)}, {(ANT, BEE): 0.0})
    assert choose(pool, (), random.Random(1)) is None


def test_the_pool_holds_every_pair_on_every_prompt(world: Arena) -> None:
    pool = load_pool(world)
    assert len(pool.prompts) == 3
    assert {len(prompts) for prompts in pool.prompts.values()} == {3}
    assert (pool.policy, pool.arm) == ("uniform", "random")


def test_a_prompt_that_one_side_failed_is_not_drawn_for_the_pair(world: Arena) -> None:
    failed = Candidate.objects.filter(competitor__name="ant").first()
    assert failed is not None
    Candidate.objects.filter(pk=failed.pk).update(status=Candidate.Status.REFUSED_OUTPUT)
    pool = load_pool(world)
    with_ant = [p for pair, p in pool.prompts.items() if failed.competitor_id in pair]
    assert [len(prompts) for prompts in with_ant] == [2, 2]


def test_weights_in_the_table_replace_the_uniform_policy(world: Arena) -> None:
    ant, bee, cat = world.competitors().order_by("name")
    plan = PairPlan.objects.create(
        arena=world, number=1, rule="adjacent", shares={"adaptive": 1}, watermark=0, votes=0,
        created_at=NOW,
    )  # fmt: skip
    PairWeight.objects.create(plan=plan, arm="adaptive", first=ant, second=bee, weight=2)
    pool = load_pool(world)
    assert pool.weights[ant.pk, bee.pk] == 2
    assert pool.weights[ant.pk, cat.pk] == 0
    assert (pool.policy, pool.arm) == ("adjacent-1", "adaptive")


def test_a_prompt_without_a_question_is_not_drawn(world: Arena) -> None:
    Question.objects.update(category="fancy")
    asked = set(world.prompts().filter(category="fancy").values_list("pk", flat=True))
    assert {p for prompts in load_pool(world).prompts.values() for p in prompts} == asked


def test_a_withdrawn_competitor_meets_nobody(world: Arena) -> None:
    world.entries.filter(competitor__name="ant").update(withdrawn_at=NOW)
    assert len(load_pool(world).prompts) == 1
