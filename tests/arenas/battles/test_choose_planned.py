"""Where battles are planned one by one: which is drawn when, and never more often than wanted."""

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections

from arenas.battles.close import close_arena, open_arena
from arenas.battles.draw import save_battles
from arenas.battles.models import Ballot, Battle, PlannedBattle
from arenas.battles.serve import hold_ballots
from arenas.battles.tokens import derive_token
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.raters.models import Rater
from arenas.votes.cast import Answer, ExpiredBallot, NotOpen, cast
from arenas.votes.models import Vote
from tests.factories import NOW, answer, hold, make_rater, make_world


def plan(arena: Arena, wanted: Sequence[int]) -> list[PlannedBattle]:
    """A battle of ant and bee on each prompt, in the prompts' order."""
    made = []
    for position, (prompt, number) in enumerate(zip(arena.prompts(), wanted, strict=False)):
        ant, bee = (
            Candidate.objects.get(prompt=prompt, competitor__name=name) for name in ("ant", "bee")
        )
        battle = Battle(arena=arena, prompt=prompt, first=ant, second=bee)
        save_battles([battle])
        made.append(
            PlannedBattle.objects.create(
                arena=arena, position=position, battle=battle, wanted=number, probability=0.5
            )
        )
    return made


def list_battles(held: Sequence[Ballot]) -> list[int | None]:
    return [ballot.battle_id for ballot in held]


def test_only_planned_battles_are_drawn_the_lowest_position_first(world: Arena) -> None:
    plans = plan(world, [1, 1])
    held = hold(world, make_rater())
    assert list_battles(held) == [each.battle_id for each in plans]
    assert {(each.policy, each.arm, each.probability) for each in held} == {
        ("planned", "planned", 0.5)
    }


def test_a_vote_is_weighted_back_by_the_probability_of_its_prompt(world: Arena) -> None:
    plan(world, [1])
    [ballot] = hold(world, make_rater())
    assert (ballot.uniform_probability or 0) / ballot.probability == 2


def test_what_another_rater_holds_is_not_served_again(world: Arena) -> None:
    plans = plan(world, [1, 1, 1])
    hold(world, make_rater())
    assert list_battles(hold(world, make_rater())) == [plans[2].battle_id]
    assert hold(world, make_rater()) == []


def test_votes_on_one_battle_are_by_different_raters(world: Arena) -> None:
    plan(world, [2])
    alice, bob, charlie = make_rater(), make_rater(), make_rater()
    answer(world, alice, hold(world, alice)[0])
    assert hold(world, alice) == []
    answer(world, bob, hold(world, bob)[0])
    assert hold(world, charlie) == []


def test_a_battle_that_was_passed_over_waits_for_somebody_else(world: Arena) -> None:
    [only] = plan(world, [1])
    alice = make_rater()
    [ballot] = hold(world, alice)
    Ballot.objects.filter(pk=ballot.pk).update(answered_at=NOW, skipped="cannot_tell")
    assert hold(world, alice) == []
    assert list_battles(hold(world, make_rater())) == [only.battle_id]


def test_a_battle_that_nobody_answered_is_served_again_soon(world: Arena) -> None:
    [only] = plan(world, [1])
    hold(world, make_rater())
    later = NOW + timedelta(minutes=15)
    assert list_battles(hold(world, make_rater(), now=later)) == [only.battle_id]


def test_where_all_planned_votes_are_cast_nothing_else_is_drawn(world: Arena) -> None:
    plan(world, [1])
    answer(world, alice := make_rater(), hold(world, alice)[0])
    assert hold(world, make_rater()) == []


def test_a_planned_battle_without_its_pictures_is_left_out(world: Arena) -> None:
    first, second, _ = plan(world, [1, 1, 1])
    Candidate.objects.filter(pk=first.battle.first_id).update(status=Candidate.Status.FAILED)
    Candidate.objects.filter(pk=second.battle.first_id).update(status=Candidate.Status.FAILED)
    assert len(hold(world, make_rater())) == 1


def test_repeats_mix_in_and_count_for_no_planned_vote(db: None, tmp_path: Path) -> None:
    arena = make_world(tmp_path, prompts=8, voting_settings={"repeat_share": 0.5, "aa_share": 0})
    plan(arena, [1] * 8)
    alice = make_rater()
    while held := hold(arena, alice):
        answer(arena, alice, held[0])
    kinds = Counter(Ballot.objects.values_list("kind", flat=True))
    assert kinds["normal"] == 8
    assert kinds["repeat"] > 0


@pytest.mark.django_db(transaction=True)
def test_raters_at_the_same_moment_are_not_served_more_than_is_wanted(tmp_path: Path) -> None:
    arena = make_world(tmp_path, prompts=6)
    plan(arena, [1, 2, 1, 2, 1, 2])
    raters = [make_rater() for _ in range(12)]

    def draw(seed: int) -> None:
        try:
            hold_ballots(arena, raters[seed], now=NOW, rng=random.Random(seed))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(draw, range(12)))
    served = Counter(Ballot.objects.values_list("battle", flat=True))
    wanted = dict(PlannedBattle.objects.values_list("battle", "wanted"))
    assert all(served[battle] <= number for battle, number in wanted.items())
    for seed in range(12):  # whom a lock turned away finds what is left
        draw(seed)
    assert Counter(Ballot.objects.values_list("battle", flat=True)) == wanted


def test_a_closed_arena_serves_and_takes_nothing(world: Arena) -> None:
    rater = make_rater()
    [ballot, _] = hold(world, rater)
    close_arena(world, now=NOW)
    with pytest.raises(NotOpen):
        send(world, rater, ballot)
    assert hold(world, rater) == []
    assert not Vote.objects.exists()


def test_what_was_held_when_an_arena_closed_is_open_no_more(world: Arena) -> None:
    """Also for a process that has the arena in mind as it was."""
    rater = make_rater()
    [ballot, _] = hold(world, rater)
    close_arena(world, now=NOW)
    open_arena(world)
    with pytest.raises(ExpiredBallot):
        send(world, rater, ballot)


def test_a_prepared_arena_serves_nothing(world: Arena) -> None:
    Arena.objects.update(stage=Arena.Stage.PREPARED)
    assert hold(world, make_rater()) == []


def send(arena: Arena, rater: Rater, ballot: Ballot) -> Vote:
    return cast(arena, rater, Answer(derive_token(ballot.nonce), "tie"), now=NOW)
