"""Take the last answer back within a short time: a row says so, and the ballot is open again."""

from datetime import timedelta

from django.utils.translation import gettext

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting
from arenas.battles.tokens import LIFETIME, hash_token
from arenas.ledger.append import append
from arenas.votes.cast import Refused, UnknownBallot
from arenas.votes.models import STANDING, Vote

AGAIN = (
    "arena", "question", "ballot", "rater", "rater_kind", "prompt", "competitor_a",
    "competitor_b", "candidate_a", "candidate_b", "source",
)  # fmt: skip


def undo_last(sitting: Sitting, token: str) -> Ballot:
    """Retract the rater's newest vote, on the ballot of this token, and show that ballot again.

    Raises Refused where it is not the newest, or too old.
    """
    vote = find_newest(sitting)
    if vote is None or vote.ballot is None or vote.ballot.token_hash != hash_token(token):
        raise UnknownBallot(gettext("Only the last answer can be taken back."))
    seconds = sitting.stock.arena.voting.undo_seconds
    if sitting.now > vote.created_at + timedelta(seconds=seconds):
        raise Refused(gettext("It is too late to take this answer back: it counts."))
    retract(sitting, vote)
    return reopen(sitting, vote.ballot, vote.question_id)


def find_newest(sitting: Sitting) -> Vote | None:
    mine = Vote.objects.filter(STANDING, rater=sitting.rater, arena=sitting.stock.arena)
    return mine.select_related(*Vote.related).order_by("-pk").first()


def retract(sitting: Sitting, vote: Vote) -> Vote:
    same = {name: getattr(vote, name) for name in AGAIN}
    return append(
        Vote(
            **same,
            retracted=True,
            revises=vote,
            revision=vote.revision + 1,
            created_at=sitting.now,
        )
    )


def reopen(sitting: Sitting, ballot: Ballot, question: int) -> Ballot:
    """Put the ballot before the ones that the rater holds."""
    ballot.questions_answered.remove(question)
    ballot.answered_at = None
    ballot.undone += 1
    ballot.expires_at = sitting.now + LIFETIME
    ballot.save(update_fields=["questions_answered", "answered_at", "undone", "expires_at"])
    return ballot
