"""The one way a rater's vote is written: exactly once per ballot and question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from arenas.battles.models import Ballot
from arenas.battles.serve import hash_token, sides
from arenas.definitions.models import Arena, Question
from arenas.ledger.append import append
from arenas.raters.models import Rater
from arenas.votes.models import Vote

TOOLS = frozenset({"keyboard", "click", "touch", "zoom", "references", "no-script"})
MAX_RESPONSE_MS = 86_400_000


class Refused(Exception):
    """A vote that is not taken; `status` is the HTTP status that says so."""

    status = 400


class UnknownBallot(Refused):
    status = 404


class ExpiredBallot(Refused):
    status = 410


class AlreadyAnswered(Refused):
    status = 409


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rater's browser sends."""

    token: str
    winner: str
    question: str = ""
    response_ms: int | None = None
    tools: tuple[str, ...] = ()


@transaction.atomic
def cast(arena: Arena, rater: Rater, answer: Answer, *, now: datetime) -> Vote:
    """Write the vote, or return it when the same answer was written before. Raises Refused."""
    if answer.winner not in arena.outcomes:
        raise Refused(f"An answer must be one of: {', '.join(arena.outcomes)}.")
    ballot = find_ballot(arena, rater, answer.token)
    votes = {vote.question_id: vote for vote in ballot.votes.filter(revised_by=None)}
    questions = questions_of(arena, ballot)
    if not questions:
        raise ExpiredBallot("Nothing is asked about this pair any more.")
    question = find_question(questions, answer.question, votes)
    if question.pk in votes:
        if votes[question.pk].winner == answer.winner:
            return votes[question.pk]
        raise AlreadyAnswered("This pair has been answered already; the first answer stands.")
    if ballot.expires_at <= now:
        raise ExpiredBallot("This pair was open for too long, so it has been put back.")
    vote = write_vote(arena, ballot, question, rater, answer, now)
    if all(asked == question or asked.pk in votes for asked in questions):
        ballot.answered_at = now
        ballot.save(update_fields=["answered_at"])
    return vote


def find_ballot(arena: Arena, rater: Rater, token: str) -> Ballot:
    """The ballot of this token, locked. Another rater's is as unknown as none at all."""
    members = ("battle__first", "battle__second", "battle__third", "battle__fourth")
    ballot = (
        Ballot.objects.select_for_update(of=("self",))
        .select_related("battle__prompt", *(f"{name}__competitor" for name in members))
        .filter(token_hash=hash_token(token), rater=rater, arena=arena)
        .first()
    )
    if ballot is None:
        raise UnknownBallot("This pair is not one that was shown to you.")
    return ballot


def questions_of(arena: Arena, ballot: Ballot) -> list[Question]:
    """The questions asked on this ballot: the arena's current ones that fit its prompt."""
    category = ballot.battle.prompt.category
    return [
        question
        for question in arena.questions.filter(retired_at=None)
        if question.category in ("", category)
    ]


def find_question(questions: Sequence[Question], key: str, votes: dict[int, Vote]) -> Question:
    """The question that the answer is about: the named one, or the first one unanswered."""
    if key:
        named = [question for question in questions if question.key == key]
        if not named:
            raise Refused("This question is not asked about this pair.")
        return named[0]
    unanswered = [question for question in questions if question.pk not in votes]
    return (unanswered or questions)[0]


def write_vote(
    arena: Arena, ballot: Ballot, question: Question, rater: Rater, answer: Answer, now: datetime
) -> Vote:
    left, right = sides(ballot)
    in_range = answer.response_ms is not None and 0 <= answer.response_ms <= MAX_RESPONSE_MS
    return append(
        Vote(
            arena=arena,
            question=question,
            ballot=ballot,
            rater=rater,
            rater_kind=rater.kind,
            prompt=ballot.battle.prompt,
            competitor_a=left.competitor,
            competitor_b=right.competitor,
            candidate_a=left,
            candidate_b=right,
            winner=answer.winner,
            source=Vote.Source.SITE,
            response_ms=answer.response_ms if in_range else None,
            tools=sorted(TOOLS.intersection(answer.tools)),
            created_at=now,
        )
    )
