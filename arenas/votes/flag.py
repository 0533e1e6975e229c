"""Raise and lift flags: what a rule or a person says against votes. Nothing is deleted."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, models, transaction

from arenas.battles.models import Battle
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.ledger.append import append
from arenas.raters.models import Rater
from arenas.votes.models import Flag, Vote

SUBJECTS: Mapping[type[models.Model], str] = {
    Vote: "vote",
    Rater: "rater",
    Candidate: "candidate",
    Battle: "battle",
}


class FlagRefused(ValueError):
    """A flag that cannot be raised or lifted; the message says why."""


def raise_flag(
    subject: models.Model,
    *,
    rule: str,
    reason: str,
    by: str,
    now: datetime,
    arena: Arena | None = None,
) -> Flag:
    """Flag one vote, or all votes of a rater or on a candidate or battle, past and future ones.

    A rater's votes can be flagged in one `arena` alone. It counts from the moment that the sealer
    numbers it. Raises FlagRefused.
    """
    name = _name_subject(subject)
    if arena and name != "rater":
        raise FlagRefused("only a rater can be flagged in one arena")
    said = {"rule": rule, "reason": reason, "by": by, "created_at": now}
    return append(Flag(**{name: subject}, arena=arena, **said))


def lift_flag(flag: Flag, *, reason: str, by: str, now: datetime) -> Flag:
    """Take a flag back, by another row of the ledger. Raises FlagRefused where that was done."""
    if flag.lifts_id:
        raise FlagRefused("what lifts a flag cannot be lifted: raise the flag again")
    lift = Flag(
        vote=flag.vote, rater=flag.rater, candidate=flag.candidate, battle=flag.battle,
        arena=flag.arena, rule=flag.rule, reason=reason, by=by, created_at=now, lifts=flag,
    )  # fmt: skip
    try:
        with transaction.atomic():
            return append(lift)
    except IntegrityError as error:
        raise FlagRefused("this flag was lifted already") from error


def _name_subject(subject: models.Model) -> str:
    name = SUBJECTS.get(type(subject))
    if name is None:
        raise FlagRefused("only a vote, rater, candidate or battle can be flagged")
    if not type(subject)._default_manager.filter(pk=subject.pk).exists():
        raise FlagRefused(f"this {name} does not exist")
    return name


@dataclass(frozen=True, slots=True)
class Marks:
    """The rules of the flags that stand now, by what they are on."""

    rules: Mapping[tuple[object, ...], set[str]]

    def on(self, vote: Vote) -> list[str]:
        """The rules that speak against a vote, sorted."""
        touched: list[tuple[object, ...]] = [
            ("vote", vote.pk),
            ("rater", vote.rater_id),
            ("rater", vote.rater_id, vote.arena_id),
            ("candidate", vote.candidate_a_id),
            ("candidate", vote.candidate_b_id),
            ("battle", vote.ballot.battle_id if vote.ballot else None),
            *(("candidate", pk) for pk in (vote.ballot.candidates if vote.ballot else ())),
        ]
        return sorted({rule for subject in touched for rule in self.rules.get(subject, ())})


def read_marks() -> Marks:
    """All flags that were not lifted, sealed or not."""
    rules: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for flag in Flag.objects.filter(lifts=None, lifted_by=None):
        for name in SUBJECTS.values():
            subject = getattr(flag, f"{name}_id")
            if subject is not None:
                where = (flag.arena_id,) if flag.arena_id else ()
                rules[(name, subject, *where)].add(flag.rule)
    return Marks(dict(rules))
