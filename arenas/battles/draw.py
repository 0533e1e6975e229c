"""Draw what a rater is shown next, and write it down: a ballot on a battle, or on gold."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from django.db import transaction

from arenas.battles.choose import Drawn, choose
from arenas.battles.choose_planned import LIFETIME, choose_planned
from arenas.battles.choose_set import choose_samples, choose_set
from arenas.battles.limit import exceeds_share, find_pool
from arenas.battles.models import Ballot, Battle
from arenas.battles.sitting import Sitting
from arenas.battles.tokens import address
from arenas.battles.vary import (
    draw_attention,
    draw_gold,
    draw_mirror,
    draw_practice,
    draw_repeat,
)
from arenas.prepare import insert

Drawer = Callable[[Sitting, random.Random], Ballot | None]
MOST_BATTLES = 200_000  # known by heart, of each arena; some 30 MB


def draw_ballot(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """The next ballot for the rater, not saved; None when nothing is left to show.

    Its kind is drawn by the arena's shares; where none of that kind can be made, it is normal.
    """
    if exceeds_share(sitting):
        return None
    if practice := draw_practice(sitting, rng):
        return practice
    drawer = pick_drawer(sitting, rng)
    return (drawer and drawer(sitting, rng)) or draw_normal(sitting, rng)


def pick_drawer(sitting: Sitting, rng: random.Random) -> Drawer | None:
    """How the next ballot is drawn, if it is not to be a normal one."""
    voting, roll = sitting.stock.arena.voting, rng.random()
    for name, drawer in DRAWERS.items():
        roll -= getattr(voting, name)
        if roll < 0:
            return drawer
    return None


def draw_normal(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """A ballot on a set or a pair that the rater has not seen, drawn as the arena's plan says.

    Where battles are planned one by one, on nothing else.
    """
    if sitting.stock.planned is not None:
        return draw_planned(sitting, rng)
    draw = draw_set(sitting, rng) or choose(find_pool(sitting), sitting.find_seen(), rng)
    return make_ballot(sitting, draw, rng) if draw else None


def draw_planned(sitting: Sitting, rng: random.Random) -> Ballot | None:
    draw = choose_planned(sitting)
    if draw is None:
        return None
    ballot = make_ballot(sitting, draw, rng)
    ballot.expires_at = sitting.now + LIFETIME
    return ballot


def draw_set(sitting: Sitting, rng: random.Random) -> Drawn | None:
    """Three or four pictures to put in order, as often as the arena asks for that."""
    voting = sitting.stock.arena.voting
    if voting.pictures == 2 or rng.random() >= voting.pictures_share:
        return None
    return choose_set(find_pool(sitting), sitting.find_met(), rng, size=voting.pictures)


def draw_samples(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """A ballot on two samples of one competitor: what is decided there is noise."""
    draw = choose_samples(find_pool(sitting), sitting.find_met(), rng)
    return make_ballot(sitting, draw, rng) if draw else None


# What is shown beside normal ballots, by the setting that says how often.
DRAWERS: Mapping[str, Drawer] = {
    "aa_share": draw_samples,
    "gold_share": draw_gold,
    "attention_share": draw_attention,
    "repeat_share": draw_repeat,
    "mirror_share": draw_mirror,
}


def make_ballot(sitting: Sitting, draw: Drawn, rng: random.Random) -> Ballot:
    """A ballot for the drawn battle, with its sides drawn at random."""
    slots = list(range(len(draw.candidates)))
    rng.shuffle(slots)
    battle = Battle(arena=sitting.stock.arena, prompt_id=draw.prompt, **name_members(draw))
    return Ballot(
        **address(sitting, rng),
        battle=battle,
        slots=slots,
        candidates=[draw.candidates[slot] for slot in slots],
        policy=draw.policy,
        arm=draw.arm,
        probability=draw.probability,
        uniform_probability=draw.uniform_probability,
    )


def name_members(draw: Drawn) -> dict[str, int]:
    names = ("first_id", "second_id", "third_id", "fourth_id")
    return dict(zip(names, draw.candidates, strict=False))


def save_ballots(sitting: Sitting, drawn: Sequence[Ballot]) -> None:
    """Insert new battles and the ballots on them."""
    # Two raters who draw the same new battles must make them in the same order: each waits for
    # the other's otherwise.
    battles = [ballot.battle for ballot in drawn if ballot.battle and not ballot.battle_id]
    save_battles(sorted(battles, key=number_members))
    for ballot in drawn:
        ballot.battle = ballot.battle  # Django takes note of the number that it has now
        insert(ballot)


def number_members(battle: Battle) -> tuple[int, ...]:
    return battle.first_id, battle.second_id, battle.third_id or 0, battle.fourth_id or 0


# A row that is there already gives its number only where something is written to it.
KNOWN = """
    ON CONFLICT (arena_id, first_id, second_id, third_id, fourth_id)
    DO UPDATE SET prompt_id = excluded.prompt_id
"""


@lru_cache
def recall_battles(arena: int) -> dict[tuple[int, ...], int]:
    """The numbers of battles that this process has met: they never change, and none is deleted."""
    return {}


def save_battles(battles: Sequence[Battle]) -> None:
    """Give each battle its number, whether or not it was there before."""
    new = []
    for battle in battles:
        known = recall_battles(battle.arena_id).get(number_members(battle))
        if known is None:
            insert(battle, conflict=KNOWN)
            new.append(battle)
        else:
            battle.pk = known
    if not new:
        return
    # Not before the commit: a number that was rolled back names nothing.
    numbers = {number_members(battle): battle.pk for battle in new}
    transaction.on_commit(lambda: remember_battles(new[0].arena_id, numbers))


def remember_battles(arena: int, numbers: Mapping[tuple[int, ...], int]) -> None:
    known = recall_battles(arena)
    if len(known) > MOST_BATTLES:
        known.clear()
    known.update(numbers)
