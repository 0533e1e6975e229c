"""What is expected on a gold ballot: the task as its rater reads it, and the right answers."""

from django.utils.translation import gettext

from arenas.battles.models import Ballot, Gold
from arenas.battles.sitting import Sitting
from arenas.definitions.models import Outcome

INSTRUCTED = Gold.Kind.INSTRUCTED


def find_right(ballot: Ballot, kind: str) -> frozenset[str]:
    """The answers that are right beyond taste on a ballot that shows gold of this kind."""
    if kind == Gold.Kind.IDENTICAL:
        return frozenset({Outcome.TIE, Outcome.BOTH_BAD})
    if kind == INSTRUCTED:
        return frozenset({find_told(ballot)})
    return frozenset({Outcome.MODEL_A if ballot.slots[0] == 0 else Outcome.MODEL_B})


def find_told(ballot: Ballot) -> Outcome:
    """The side that an instruction names: another one from ballot to ballot."""
    return Outcome.MODEL_B if ballot.nonce.int % 2 else Outcome.MODEL_A


def list_turns(sitting: Sitting, ballot: Ballot) -> list[str]:
    """The task of one of the open ballots, turn by turn."""
    turns = list(sitting.find_prompt(ballot).turns)
    gold = sitting.stock.golds.get(ballot.gold_id or 0)
    if gold is None or gold.kind != INSTRUCTED:
        return turns
    return [instruct(ballot)] * len(turns)


def instruct(ballot: Ballot) -> str:
    side = name_side(find_told(ballot))
    return gettext(
        "This is a check that you read the task. Whatever the pictures show, please answer “%s”."
    ) % side  # fmt: skip


def name_side(side: Outcome) -> str:
    return gettext("Left") if side == Outcome.MODEL_A else gettext("Right")
