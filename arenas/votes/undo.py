"""Take back what was done last, within a short time: the ballot is open again.

Of an answer a row says so. A pass is no row of the ledger, and taken back it leaves none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, can_be_answered
from arenas.battles.tokens import LIFETIME, derive_token, hash_token
from arenas.ledger.append import append
from arenas.votes.cast import Refused, UnknownBallot
from arenas.votes.judge import count_lapses
from arenas.votes.models import STANDING, Vote

MOST = 5  # times that answers and passes on one ballot can be taken back
AGAIN = (
    "arena", "question", "ballot", "rater", "rater_kind", "prompt", "competitor_a",
    "competitor_b", "candidate_a", "candidate_b", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Last:
    """What a rater did last: cast a vote on the ballot, or passed over it."""

    ballot: Ballot
    at: datetime
    vote: Vote | None

    @property
    def mark(self) -> str:
        """By which it is told from all else that was done on the ballot."""
        return bytes(self.vote.digest).hex()[:16] if self.vote else f"pass-{self.ballot.undone}"

    @property
    def name(self) -> str:
        """What the button that takes it back sends."""
        return f"{derive_token(self.ballot.nonce)}:{self.mark}"


def undo_last(sitting: Sitting, said: str) -> Ballot:
    """Take back the rater's newest vote or pass, on the ballot of this token, shown again.

    `said` is the token, and after a colon the mark, so that the same request sent twice takes one
    answer back. Raises Refused where that is not the newest, or too old.
    """
    token, _, mark = said.partition(":")
    last = find_last(sitting)
    if last is None or last.ballot.token_hash != hash_token(token):
        raise UnknownBallot(gettext("Only the last answer can be taken back."))
    if mark and mark != last.mark:
        raise UnknownBallot(gettext("Only the last answer can be taken back."))
    if not can_be_answered(sitting, last.ballot):
        raise Refused(gettext("This pair is no longer here; the answer stands."))
    if last.ballot.undone >= MOST:
        raise Refused(gettext("This answer was taken back often enough: it counts."))
    seconds = sitting.stock.arena.voting.undo_seconds
    if sitting.now > last.at + timedelta(seconds=seconds):
        raise Refused(gettext("It is too late to take this answer back: it counts."))
    if last.vote is None:
        drop_drawn(sitting, last.at)
    reopen(sitting, last)
    if last.vote:
        retract(sitting, last.vote)
    return last.ballot


def find_last(sitting: Sitting) -> Last | None:
    """The newest vote that stands, or the pass after it."""
    vote = find_newest(sitting)
    passes = Ballot.objects.filter(rater=sitting.rater, arena=sitting.stock.arena)
    passes = passes.exclude(skipped="")
    if vote:
        passes = passes.filter(answered_at__gt=vote.created_at)
    passed = passes.order_by("-answered_at", "-pk").first()
    if passed and passed.answered_at:
        return Last(passed, passed.answered_at, None)
    return Last(vote.ballot, vote.created_at, vote) if vote and vote.ballot else None


def find_newest(sitting: Sitting) -> Vote | None:
    mine = Vote.objects.filter(STANDING, rater=sitting.rater, arena=sitting.stock.arena)
    return mine.select_related(*Vote.related).order_by("-pk").first()


def retract(sitting: Sitting, vote: Vote) -> Vote:
    """Write the row that takes it back; a lapse goes with its vote."""
    same = {name: getattr(vote, name) for name in AGAIN}
    row = append(
        Vote(
            **same,
            retracted=True,
            revises=vote,
            revision=vote.revision + 1,
            created_at=sitting.now,
        )
    )
    if sitting.participation.lapses:
        count_lapses(sitting)
    return row


def drop_drawn(sitting: Sitting, since: datetime) -> None:
    """Let go of what was drawn in the place of a pass: with it, too many would be answered."""
    drawn = [ballot for ballot in sitting.open if ballot.served_at >= since]
    Ballot.objects.filter(pk__in=[ballot.pk for ballot in drawn]).update(expires_at=sitting.now)
    sitting.open = [ballot for ballot in sitting.open if ballot not in drawn]


def reopen(sitting: Sitting, last: Last) -> None:
    """Put the ballot before the ones that the rater holds; after a pass all is asked again."""
    ballot = last.ballot
    if ballot in sitting.open:
        sitting.open[sitting.open.index(ballot)] = ballot  # as it is now
    else:
        sitting.take_back(ballot)
    if last.vote:
        ballot.questions_answered.remove(last.vote.question_id)
    ballot.skipped, ballot.answered_at = "", None
    ballot.undone += 1
    ballot.expires_at = sitting.now + LIFETIME
    changed = ["questions_answered", "skipped", "answered_at", "undone", "expires_at"]
    ballot.save(update_fields=changed)
