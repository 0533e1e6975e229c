"""A ledger with a row of every kind, in several blocks."""

from datetime import timedelta

from arenas.battles.sitting import sit_down
from arenas.battles.stock import find_stock
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena
from arenas.ledger.append import append
from arenas.ledger.seal import seal
from arenas.raters.admit import lock_participation
from arenas.raters.models import Rater, Withdrawal
from arenas.votes.flag import lift_flag, raise_flag
from arenas.votes.models import Flag, Vote
from arenas.votes.undo import undo_last
from tests.factories import NOW, add_votes, answer, cast_votes, make_rater


def write_ledger(arena: Arena) -> None:
    """Votes, a change of mind, flags and a lift, competitors that joined, and a withdrawal."""
    alice, bob, charlie = make_rater(), make_rater(), make_rater()
    cast_votes(arena, alice, ["model_a", "tie", "both_bad"])
    change_mind(arena, alice)
    seal(NOW)
    votes = cast_votes(arena, bob, ["model_b", "model_a"], seed=50)
    say(votes[0], "a slip")
    flag = say(bob, "a script")
    seal(NOW)
    lift_flag(flag, reason="it was none", by="alice", now=NOW)
    say(alice, "another script")
    add_votes(arena, [("ant", "bee", "model_a"), ("cat", "bee", "tie")])
    cast_votes(arena, charlie, ["model_b"], seed=90)
    append(Withdrawal(rater=charlie, votes_kept=True, created_at=NOW))
    seal(NOW)


def say(subject: Vote | Rater, reason: str) -> Flag:
    return raise_flag(subject, rule="manual", reason=reason, by="alice", now=NOW)


def change_mind(arena: Arena, rater: Rater) -> None:
    """Take the last answer back, and give another one."""
    last = Vote.objects.order_by("pk").last()
    sitting = sit_down(find_stock(arena.slug), lock_participation(arena, rater), now=NOW)
    ballot = undo_last(sitting, derive_token(last.ballot.nonce))
    answer(arena, rater, ballot, "model_b", now=NOW + timedelta(seconds=9))
