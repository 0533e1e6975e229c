"""Counts while many write, flag, seal and count again at the same time."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

from arenas.battles.serve import hold_ballots
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal, verify
from arenas.votes.cast import Answer, cast
from arenas.votes.count import fold_counts, recount
from arenas.votes.flag import FlagRefused, lift_flag, raise_flag
from arenas.votes.models import Flag, Vote
from tests import factories
from tests.arenas.votes.counting import counted, find_subject, folded, revise
from tests.factories import NOW, make_rater

WRITERS = 8
VOTES = 4
WINNERS = ["model_a", "model_b", "tie", "both_bad"]


def write(arena: Arena, number: int) -> None:
    """One rater's votes, with changes of mind, flags on anybody's votes, and lifts of any flag."""
    rng = random.Random(f"writer {number}")
    rater = make_rater()
    for step in range(VOTES):
        ballot = hold_ballots(arena, rater, now=NOW, rng=rng)[0]
        answer = Answer(derive_token(ballot.nonce), rng.choice(WINNERS))
        vote = cast(arena, rater, answer, now=NOW)
        if rng.random() < 0.4:
            revise(vote, rng.choice(WINNERS))
        flag_somebody(rng)
        lift_something(rng)
        seal(NOW)
        fold_counts()
        if step == VOTES // 2 and number == 0:
            recount()


def flag_somebody(rng: random.Random) -> None:
    subject = rng.choice(["vote", "rater", "candidate_a", "battle"])
    vote = rng.choice(list(Vote.objects.all()))
    raise_flag(find_subject(vote, subject), rule="manual", reason="", by="alice", now=NOW)


def lift_something(rng: random.Random) -> None:
    """Lift a flag; another writer may have been faster."""
    standing = list(Flag.objects.filter(lifts=None, lifted_by=None))
    if not standing:
        return
    with suppress(FlagRefused):
        lift_flag(rng.choice(standing), reason="", by="bob", now=NOW)


@pytest.mark.django_db(transaction=True)
def test_counts_are_right_while_eight_write_flag_and_fold(tmp_path: Path) -> None:
    arena = factories.make_world(tmp_path)

    def work(number: int) -> None:
        try:
            write(arena, number)
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(WRITERS)))
    seal(NOW)
    fold_counts()
    kept = folded()
    assert sum(sums[0] for sums in kept.values()) == WRITERS * VOTES
    assert {cell[-1] for cell in kept} == {False, True}
    assert kept == counted()
    recount()
    assert folded() == kept
    assert verify() == Vote.objects.count() + Flag.objects.count() + 3
