"""The one way a rater's vote is written: exactly once per ballot and question."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from django.db import transaction
from django.utils.translation import gettext

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import find_stock
from arenas.battles.tokens import hash_token
from arenas.definitions.models import Arena, Outcome, Question
from arenas.ledger.append import append
from arenas.prepare import fetch
from arenas.raters.admit import lock_participation
from arenas.raters.models import Rater
from arenas.votes.judge import attend
from arenas.votes.models import Comment, Vote
from arenas.votes.tidy import Spot, tidy_comment, tidy_reasons, tidy_spots

TOOLS = frozenset(
    {"keyboard", "click", "touch", "zoom", "pan", "flicker", "wipe", "difference", "references"}
    | {"fullscreen", "stepper", "filmstrip", "swap", "no-script"}
)
MAX_RESPONSE_MS = 86_400_000
STRENGTHS = (1, 2, 3)
DECIDED = (Outcome.MODEL_A, Outcome.MODEL_B)  # what can be so slightly, clearly or by far


class Refused(Exception):
    """A vote that is not taken; `status` is the HTTP status that says so."""

    status = 400


class UnknownBallot(Refused):
    status = 404


class ExpiredBallot(Refused):
    status = 410


class AlreadyAnswered(Refused):
    status = 409


class TooFast(Refused):
    status = 429


class NotOpen(Refused):
    status = 410


@dataclass(frozen=True, slots=True)
class Viewport:
    """What was looked through: a window's size in CSS pixels, device pixels for one, the device."""

    width: int
    height: int
    ratio: float
    kind: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rater's browser sends about one question.

    About a pair it is `winner`, of three or four pictures `ranking` (a tier for each slot, 1 is
    best), about each picture `answers` by slot. `reasons` are (slot, reason) pairs, `spots`
    (slot, turn, part, x, y) with x and y from 0 to 1; `strength` is 1, 2 or 3.
    """

    token: str
    winner: str = ""
    question: str = ""
    response_ms: int | None = None
    tools: tuple[str, ...] = ()
    ranking: tuple[int, ...] = ()
    answers: tuple[str, ...] = ()
    strength: int | None = None
    reasons: tuple[tuple[int, str], ...] = ()
    spots: tuple[Spot, ...] = ()
    comment: str = ""
    viewport: Viewport | None = None


@transaction.atomic
def cast(arena: Arena, rater: Rater, answer: Answer, *, now: datetime) -> Vote:
    """Write the vote, or return it when the same answer was written before. Raises Refused."""
    participation = lock_participation(arena, rater)
    return cast_in(sit_down(find_stock(arena.slug), participation, now=now), answer)


def cast_in(sitting: Sitting, answer: Answer) -> Vote:
    """The same for a rater who sits already. Nothing is written where it raises Refused."""
    if sitting.stock.arena.stage != Arena.Stage.OPEN:
        raise NotOpen(gettext("There is nothing to answer here any more. Thank you!"))
    ballot = find_open(sitting, answer.token)
    if ballot is None:
        return recall_vote(sitting, answer)
    questions = sitting.questions_on(ballot)
    question = find_question(questions, answer.question, ballot.questions_answered)
    check_answer(sitting, ballot, question, answer)
    if question.pk in ballot.questions_answered:
        return find_same(ballot, question, answer)
    check_pace(sitting)
    vote = write_vote(sitting, ballot, question, answer)
    ballot.questions_answered.append(question.pk)
    if all(asked.pk in ballot.questions_answered for asked in questions):
        ballot.answered_at = sitting.now
        sitting.finish(ballot)
    if answer.viewport:
        ballot.viewport = asdict(answer.viewport)
    note_answer(ballot)
    if ballot.gold_id and ballot.answered_at:
        attend(sitting, ballot)
    return vote


def note_answer(ballot: Ballot) -> None:
    viewport = json.dumps(ballot.viewport) if ballot.viewport else None
    fetch(
        "UPDATE arenas_ballot SET questions_answered = %s, answered_at = %s, viewport = %s"
        " WHERE id = %s RETURNING id",
        [ballot.questions_answered, ballot.answered_at, viewport, ballot.pk],
    )


def check_pace(sitting: Sitting) -> None:
    """Raise TooFast for more answers within a minute than the arena takes of one rater."""
    most = sitting.stock.arena.voting.quality.votes_per_minute
    if most is None:
        return
    mine = Vote.objects.filter(rater=sitting.rater, arena=sitting.stock.arena)
    if mine.filter(created_at__gt=sitting.now - timedelta(minutes=1)).count() >= most:
        raise TooFast(
            gettext("That was faster than anybody can look. Wait a little, then answer again.")
        )


def find_open(sitting: Sitting, token: str) -> Ballot | None:
    wanted = hash_token(token)
    return next((each for each in sitting.open if each.token_hash == wanted), None)


def recall_vote(sitting: Sitting, answer: Answer) -> Vote:
    """What was answered on a ballot that is not open: the same answer again is the same vote.

    Raises Refused. Another rater's ballot is as unknown as none at all.
    """
    ballot = (
        Ballot.objects.select_related("battle__prompt", "gold__prompt")
        .filter(token_hash=hash_token(answer.token), rater=sitting.rater, arena=sitting.stock.arena)
        .first()
    )
    if ballot is None:
        raise UnknownBallot(gettext("This pair is not one that was shown to you."))
    if ballot.answered_at is None:
        refuse_unanswered(sitting, ballot)
    questions = list(sitting.stock.arena.questions.filter(pk__in=ballot.questions_answered))
    if not questions:
        raise AlreadyAnswered(gettext("This pair has been passed over already."))
    question = find_question(questions, answer.question, ballot.questions_answered)
    check_answer(sitting, ballot, question, answer)
    return find_same(ballot, question, answer)


def refuse_unanswered(sitting: Sitting, ballot: Ballot) -> NoReturn:
    if ballot.expires_at <= sitting.now:
        raise ExpiredBallot(gettext("This pair was open for too long, so it has been put back."))
    raise ExpiredBallot(gettext("Nothing is asked about this pair any more."))


def find_question(questions: Sequence[Question], key: str, answered: Sequence[int]) -> Question:
    """The question that the answer is about: the named one, or the first one unanswered."""
    if key:
        named = [question for question in questions if question.key == key]
        if not named:
            raise Refused(gettext("This question is not asked about this pair."))
        return named[0]
    unanswered = [question for question in questions if question.pk not in answered]
    return (unanswered or questions)[0]


def find_same(ballot: Ballot, question: Question, answer: Answer) -> Vote:
    """The vote that stands on the ballot, if it says the same. Raises AlreadyAnswered."""
    vote = ballot.votes.filter(question=question, revised_by=None).first()
    if vote and (vote.winner, tuple(vote.ranking or ()), tuple(vote.answers or ())) == (
        answer.winner, answer.ranking, answer.answers,
    ):  # fmt: skip
        return vote
    raise AlreadyAnswered(gettext("This pair has been answered already; the first answer stands."))


def check_answer(sitting: Sitting, ballot: Ballot, question: Question, answer: Answer) -> None:
    """Raise Refused for what the question does not offer."""
    number = len(ballot.candidates)
    if question.form == Question.Form.EACH:
        known = [option.id for option in question.choices]
        if len(answer.answers) != number or not set(answer.answers) <= set(known):
            raise Refused(gettext("Each picture needs one of: %s.") % ", ".join(known))
    elif number > 2:
        check_ranking(answer.ranking, number)
    elif answer.winner not in sitting.stock.arena.outcomes:
        known = sitting.stock.arena.outcomes
        raise Refused(gettext("An answer must be one of: %s.") % ", ".join(known))
    if answer.strength not in (None, *STRENGTHS):
        raise Refused(gettext("The strength of an answer is 1, 2 or 3."))
    given = (bool(answer.winner), bool(answer.ranking), bool(answer.answers))
    if sum(given) != 1:
        raise Refused(gettext("One question takes one kind of answer."))


def check_ranking(ranking: Sequence[int], number: int) -> None:
    """Tiers without gaps: 1, 2, 2, 3 is one; 1, 3, 3, 4 is none."""
    tiers = sorted(set(ranking))
    if len(ranking) != number or tiers != list(range(1, len(tiers) + 1)):
        said = gettext("An order gives each of the %s pictures a place, from 1 without gaps.")
        raise Refused(said % number)


def write_vote(sitting: Sitting, ballot: Ballot, question: Question, answer: Answer) -> Vote:
    """Insert the vote with all that came with it; what makes no sense beside it is left out."""
    stock, now = sitting.stock, sitting.now
    shown = [stock.recall(pk) for pk in ballot.candidates]
    salt = secrets.token_bytes(16)
    comment = tidy_comment(answer.comment) if stock.arena.voting.comments else ""
    in_range = answer.response_ms is not None and 0 <= answer.response_ms <= MAX_RESPONSE_MS
    if ballot.gold_id:
        ballot.gold = stock.golds[ballot.gold_id]  # the digest names it
    revised = find_retracted(ballot, question) if ballot.undone else None
    vote = append(
        Vote(
            arena=stock.arena,
            question=question,
            ballot=ballot,
            revision=revised.revision + 1 if revised else 0,
            revises=revised,
            rater=sitting.rater,
            rater_kind=sitting.rater.kind,
            prompt=sitting.find_prompt(ballot),
            competitor_a=shown[0].competitor,
            competitor_b=shown[1].competitor,
            candidate_a=shown[0],
            candidate_b=shown[1],
            winner=answer.winner,
            ranking=list(answer.ranking) or None,
            answers=list(answer.answers) or None,
            strength=answer.strength if question.strength and answer.winner in DECIDED else None,
            reasons=tidy_reasons(sitting, ballot, answer.reasons),
            spots=tidy_spots(sitting, ballot, answer.spots),
            comment_hash=Comment(text=comment, salt=salt).hash() if comment else "",
            source=Vote.Source.SITE,
            response_ms=answer.response_ms if in_range else None,
            tools=sorted(TOOLS.intersection(answer.tools)),
            created_at=now,
        )
    )
    if comment:
        Comment.objects.create(vote=vote, text=comment, salt=salt)
    return vote


def find_retracted(ballot: Ballot, question: Question) -> Vote | None:
    """The row that took an earlier answer back, which the new one revises."""
    return ballot.votes.filter(question=question, revised_by=None, retracted=True).first()
