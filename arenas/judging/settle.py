"""Make votes of what a judge said in both orders: exactly one for each battle and question."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from arenas.competitors.judges import Judge
from arenas.definitions.models import Outcome, Question
from arenas.definitions.seats import Seat
from arenas.judging.budget import select_judgments
from arenas.judging.models import Judgment, JudgmentStatus
from arenas.judging.words import PROMPT_VERSION
from arenas.ledger.append import append
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import Vote

FIRST, SECOND = "first", "second"
RELATED = (
    "battle__arena", "battle__prompt", "battle__first__competitor", "battle__first__prompt",
    "battle__second__competitor", "battle__second__prompt",
)  # fmt: skip
# By the order of showing: whom each reply means.
MEANT: Sequence[Mapping[str, str]] = (
    {"A": FIRST, "B": SECOND, "tie": "tie"},
    {"A": SECOND, "B": FIRST, "tie": "tie"},
)


def settle(seat: Seat, *, now: datetime) -> int:
    """Write the votes that are missing; return how many."""
    questions = find_questions(seat)
    if not questions:
        return 0
    ids = [question.pk for question in questions.values()]
    rows = select_judgments(seat).filter(status=JudgmentStatus.DONE, prompt_version=PROMPT_VERSION)
    both: dict[int, list[int]] = defaultdict(list)
    for pk, battle in rows.exclude(voted__contains=ids).values_list("pk", "battle"):
        both[battle].append(pk)
    rater = find_rater(seat)
    complete = [pair for pair in both.values() if len(pair) == 2]
    return sum(settle_pair(pair, questions, rater, now=now) for pair in complete)


def find_questions(seat: Seat) -> dict[str, Question]:
    """The arena's present questions by the aspect that answers each."""
    current = {each.key: each for each in seat.arena.questions.filter(retired_at=None)}
    return {aspect: current[key] for aspect, key in seat.questions.items() if key in current}


def find_rater(seat: Seat) -> Rater:
    """The judge as a rater: another setting or other words are another one."""
    return Rater.objects.get_or_create(kind=RaterKind.JUDGE, name=name_rater(seat.judge))[0]


def name_rater(judge: Judge) -> str:
    return f"{judge.name} v{PROMPT_VERSION}"


@transaction.atomic
def settle_pair(
    pair: Sequence[int], questions: Mapping[str, Question], rater: Rater, *, now: datetime
) -> int:
    """The votes of one battle. Whoever holds the two rows writes them, nobody else."""
    rows = list(
        Judgment.objects.select_for_update(of=("self",))
        .filter(pk__in=pair)
        .select_related(*RELATED)
        .order_by("order")
    )
    written = 0
    for aspect, question in questions.items():
        if any(question.pk in row.voted for row in rows):
            continue
        winner = combine(*(row.answers.get(aspect, "") for row in rows))
        prompt = rows[0].battle.prompt
        if winner and question.category in ("", prompt.category):
            append(make_vote(rows[0], question, rater, winner, now=now))
            written += 1
    voted = sorted({*rows[0].voted, *(question.pk for question in questions.values())})
    Judgment.objects.filter(pk__in=pair).update(voted=voted)
    return written


def combine(one: str, other: str) -> str:
    """Who is better by the replies in both orders; orders that disagree are a tie.

    Nothing where the aspect was not asked.
    """
    if not one or not other:
        return ""
    meant = MEANT[0][one], MEANT[1][other]
    return meant[0] if meant[0] == meant[1] else "tie"


def make_vote(
    row: Judgment, question: Question, rater: Rater, winner: str, *, now: datetime
) -> Vote:
    """The vote, sides by lot: both orders were shown, so that neither side was first."""
    battle = row.battle
    lot = hashlib.sha256(f"{row.judge_id} {battle.pk} {question.key}".encode()).digest()[0] % 2
    sides = [(FIRST, battle.first), (SECOND, battle.second)][:: -1 if lot else 1]
    outcome = {sides[0][0]: Outcome.MODEL_A, sides[1][0]: Outcome.MODEL_B, "tie": Outcome.TIE}
    return Vote(
        arena=battle.arena,
        question=question,
        rater=rater,
        rater_kind=RaterKind.JUDGE,
        prompt=battle.prompt,
        competitor_a=sides[0][1].competitor,
        competitor_b=sides[1][1].competitor,
        candidate_a=sides[0][1],
        candidate_b=sides[1][1],
        winner=outcome[winner],
        source=Vote.Source.JUDGE,
        created_at=now,
    )
