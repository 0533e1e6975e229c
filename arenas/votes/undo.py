"""Take the last answer back within a short time: a row says so, and the ballot is open again."""

from datetime import timedelta

from django.utils.translation import gettext

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, can_be_answered
from arenas.battles.tokens import LIFETIME, hash_token
from arenas.ledger.append import append
from arenas.votes.cast import Refused, UnknownBallot
from arenas.votes.models import STANDING, Vote

MOST = 5  # times that the answers on one ballot can be taken back
AGAIN = (
    "arena", "question", "ballot", "rater", "rater_kind", "prompt", "competitor_a",
    "competitor_b", "candidate_a", "candidate_b", "source",
)  # fmt: skip


def undo_last(sitting: Sitting, said: str) -> Ballot:
    """Retract the rater's newest vote, on the ballot of this token, and show that ballot again.

    `said` is the token, and after a colon the beginning of the vote's digest, so that the same
    request sent twice takes one answer back. Raises Refused where that vote is not the newest, or
    too old.
    """
    token, _, mark = said.partition(":")
    vote = find_newest(sitting)
    if vote is None or vote.ballot is None or vote.ballot.token_hash != hash_token(token):
        raise UnknownBallot(gettext("Only the last answer can be taken back."))
    if mark and mark != mark_vote(vote):
        raise UnknownBallot(gettext("Only the last answer can be taken back."))
    if not can_be_answered(sitting, vote.ballot):
        raise Refused(gettext("This pair is no longer here; the answer stands."))
    if vote.ballot.undone >= MOST:
        raise Refused(gettext("This answer was taken back often enough: it counts."))
    seconds = sitting.stock.arena.voting.undo_seconds
    if sitting.now > vote.created_at + timedelta(seconds=seconds):
        raise Refused(gettext("It is too late to take this answer back: it counts."))
    retract(sitting, vote)
    return reopen(sitting, vote.ballot, vote.question_id)


def mark_vote(vote: Vote) -> str:
    """By which one of a ballot's votes is told from the others."""
    return bytes(vote.digest).hex()[:16]


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
