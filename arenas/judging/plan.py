"""Say which battles a judge is to see: those that people voted on first, then others."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from arenas.battles.choose import Pool, load_pool
from arenas.battles.models import Battle
from arenas.definitions.models import Arena
from arenas.definitions.seats import Seat
from arenas.judging.budget import select_judgments
from arenas.judging.models import Judgment, JudgmentStatus
from arenas.judging.words import PROMPT_VERSION
from arenas.raters.models import RaterKind
from arenas.votes.models import STANDING, Flag, Vote

ORDERS = (0, 1)
PEOPLE = (RaterKind.PERSON, RaterKind.EXTERNAL)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two candidates that could meet; the battle is written when it is chosen."""

    prompt: int
    first: int
    second: int


def plan_judgments(seat: Seat, *, now: datetime, most: int | None = None) -> int:
    """Plan what is missing up to the seat's number of battles; return how many are new.

    `most` stands in for the seat's own number. What was planned once is not planned again.
    """
    pool = load_pool(seat.arena)
    wanted = find_wanted(seat, pool) if most is None else most
    rows = select_judgments(seat).filter(prompt_version=PROMPT_VERSION)
    judged = set(rows.values_list("battle", flat=True))
    chosen = choose_battles(seat.arena, pool, judged, number=wanted - len(judged))
    Judgment.objects.bulk_create(
        (
            Judgment(
                judge=seat.judge, battle=battle, order=order,
                prompt_version=PROMPT_VERSION, planned_at=now,
            )
            for battle in chosen
            for order in ORDERS
        ),
        ignore_conflicts=True,
    )  # fmt: skip
    return len(chosen)


def find_wanted(seat: Seat, pool: Pool) -> int:
    """How many battles the seat asks for."""
    if seat.most is not None:
        return seat.most
    return ceil((seat.share or 0) * sum(map(len, pool.prompts.values())))


def choose_battles(arena: Arena, pool: Pool, judged: set[int], *, number: int) -> list[Battle]:
    if number <= 0:
        return []
    voted = list(select_voted(arena).exclude(pk__in=judged)[:number])
    known = {(b.first_id, b.second_id) for b in Battle.objects.filter(pk__in=judged)}
    known |= {(battle.first_id, battle.second_id) for battle in voted}
    fresh = (each for each in spread(arena, pool) if (each.first, each.second) not in known)
    others = itertools.islice(fresh, number - len(voted))
    return voted + [find_battle(arena, meeting) for meeting in others]


def select_voted(arena: Arena) -> QuerySet[Battle]:
    """Pairs of two competitors on which people's votes stand unflagged, the most voted first."""
    on_show = Q(first__prompt__in=arena.prompts().order_by().values("pk"))
    votes = select_votes(arena)
    by_people = votes.filter(ballot__battle=OuterRef("pk"))
    pairs = Battle.objects.filter(on_show, Exists(by_people), arena=arena, third=None)
    different = pairs.exclude(first__competitor=F("second__competitor"))
    counted = Count("ballots__votes", filter=Q(ballots__votes__in=votes.values("pk")))
    return different.annotate(n=counted).order_by("-n", "pk")


def select_votes(arena: Arena) -> QuerySet[Vote]:
    """People's votes there that stand under no flag, on battles shown for the first time."""
    marks = Flag.objects.filter(Q(arena=None) | Q(arena=arena), lifts=None, lifted_by=None)

    def marked(name: str) -> QuerySet[Any]:
        there: QuerySet[Any] = marks.filter(**{f"{name}__isnull": False}).values(name)
        return there

    return Vote.objects.filter(
        STANDING,
        ~Q(pk__in=marked("vote")),
        ~Q(rater__in=marked("rater")),
        ~Q(candidate_a__in=marked("candidate")),
        ~Q(candidate_b__in=marked("candidate")),
        ~Q(ballot__battle__in=marked("battle")),
        arena=arena,
        ballot__kind="normal",
        rater_kind__in=PEOPLE,
    )


def spread(arena: Arena, pool: Pool) -> Iterator[Meeting]:
    """All that could meet, in an order of its own for each arena that favours no pair or prompt."""
    meetings = [(prompt, pair) for pair, prompts in pool.prompts.items() for prompt in prompts]
    random.Random(arena.slug).shuffle(meetings)
    for prompt, pair in meetings:
        low, high = sorted(min(pool.candidates[prompt, each]) for each in pair)
        yield Meeting(prompt, low, high)


def find_battle(arena: Arena, meeting: Meeting) -> Battle:
    battle, _ = Battle.objects.get_or_create(
        arena=arena,
        first_id=meeting.first,
        second_id=meeting.second,
        third=None,
        fourth=None,
        defaults={"prompt_id": meeting.prompt},
    )
    return battle


def drop_unasked(seat: Seat) -> int:
    """Take off the list what a judge that left was never asked."""
    rows = select_judgments(seat).filter(status=JudgmentStatus.PLANNED, tries={})
    return rows.delete()[0]
