"""What a rater says before the first pair: consent to taking part, and answers that screen."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from arenas.definitions.voting import Voting
from arenas.raters.finish import end
from arenas.raters.models import Participation

State = Participation.State


def hash_text(text: str) -> str:
    """By which the text that somebody agreed to can be told later."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_suitable(voting: Voting, answers: Mapping[str, str]) -> bool:
    """Whether every screening question has one of its accepted answers."""
    return all(answers.get(asked.id) in asked.accepted for asked in voting.screening)


def lacks_consent(participation: Participation, voting: Voting) -> bool:
    """Whether the arena asks for a consent that was never given, as one added later is not."""
    return voting.consent is not None and participation.consented_at is None


def is_asked(participation: Participation, voting: Voting) -> bool:
    """Whether the start page comes before the next ballot."""
    if participation.state == State.VOTING:
        return lacks_consent(participation, voting)
    return participation.state == State.ARRIVED


def start(
    participation: Participation, *, consent: str, answers: Mapping[str, str], now: datetime
) -> None:
    """Let a rater who has arrived vote, or end their part; whoever began before goes on.

    `consent` is the text that was shown and agreed to; the participation must be locked.
    """
    voting, began = participation.arena.voting, participation.state == State.VOTING
    if not is_asked(participation, voting):
        return
    if consent:
        participation.consented_at, participation.consent = now, hash_text(consent)
    participation.state = State.VOTING
    participation.save(update_fields=["state", "consented_at", "consent"])
    if not began and not is_suitable(voting, answers):
        end(participation, State.SCREENED_OUT, now=now)


def decline(participation: Participation, *, now: datetime) -> None:
    """End the part of a rater who is asked whether to begin, or to go on, and does not want to."""
    if is_asked(participation, participation.arena.voting):
        end(participation, State.DECLINED, now=now)


def reconsider(participation: Participation) -> None:
    """Take a decline back: who had begun goes on, all others are asked as when they arrived."""
    if participation.state != State.DECLINED:
        return
    began = participation.rater.ballots.filter(arena=participation.arena_id).exists()
    participation.state = State.VOTING if began else State.ARRIVED
    participation.ended_at = None
    participation.save(update_fields=["state", "ended_at"])
