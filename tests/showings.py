"""Votes whose story is known, without the vote page; and gold, and who sits before it."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from arenas.battles.models import Ballot, Battle, Gold
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import find_stock
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.ledger.append import append_all
from arenas.quality.gold import make_missing
from arenas.raters.admit import begin, lock_participation
from arenas.raters.models import Rater
from arenas.votes.models import Vote
from tests import factories
from tests.factories import NOW

OPPOSITE = {"model_a": "model_b", "model_b": "model_a", "tie": "tie", "both_bad": "both_bad"}


@dataclass(frozen=True, slots=True)
class Showing:
    """Two candidates as they were shown, and the answer."""

    left: Candidate
    right: Candidate
    winner: str
    kind: str = "normal"
    repeats: Ballot | None = None
    gold: Gold | None = None
    slots: tuple[int, int] = (0, 1)
    ms: int | None = 4000


def record(
    arena: Arena, rater: Rater, showings: Sequence[Showing], *, every: float = 60
) -> list[Vote]:
    """The rater's votes on these showings, so many seconds apart."""
    begin(arena, rater)
    question = arena.questions.filter(retired_at=None)[0]
    ballots = [make_ballot(arena, rater, each) for each in showings]
    Ballot.objects.bulk_create(ballots)
    first = NOW + timedelta(days=rater.votes.count())
    return append_all(
        [
            Vote(
                arena=arena, question=question, ballot=ballot, rater=rater, rater_kind=rater.kind,
                prompt=each.left.prompt, competitor_a=each.left.competitor,
                competitor_b=each.right.competitor, candidate_a=each.left,
                candidate_b=each.right, winner=each.winner, source=Vote.Source.SITE,
                response_ms=each.ms, created_at=first + timedelta(seconds=every * number),
            )
            for number, (each, ballot) in enumerate(zip(showings, ballots, strict=True))
        ]
    )  # fmt: skip


def make_ballot(arena: Arena, rater: Rater, showing: Showing) -> Ballot:
    pair = sorted([showing.left, showing.right], key=lambda candidate: candidate.pk)
    battle = None
    if showing.gold is None:
        battle, _ = Battle.objects.get_or_create(
            arena=arena, prompt=pair[0].prompt, first=pair[0], second=pair[1]
        )
    return Ballot(
        arena=arena, rater=rater, battle=battle, gold=showing.gold, kind=showing.kind,
        repeats=showing.repeats, slots=list(showing.slots),
        candidates=[showing.left.pk, showing.right.pk], nonce=uuid.uuid4(),
        token_hash=uuid.uuid4().hex, policy="uniform", arm="random", probability=1,
        served_at=NOW, expires_at=NOW, answered_at=NOW,
    )  # fmt: skip


def list_pairs(arena: Arena) -> list[tuple[Candidate, Candidate]]:
    """Every pair of candidates of one prompt, in a fixed order."""
    found = Candidate.objects.filter(competitor__entries__arena=arena).order_by("pk")
    candidates = list(found.select_related("prompt", "competitor"))
    return [
        (one, other)
        for one in candidates
        for other in candidates
        if one.prompt_id == other.prompt_id and one.pk < other.pk
    ]


def show_pairs(arena: Arena, winners: Sequence[str], *, seed: int = 0) -> list[Showing]:
    """One pair after another with these answers, sides drawn; a side says who stands there."""
    rng = random.Random(seed)
    pairs = [rng.sample(pair, 2) for pair in list_pairs(arena)]
    return [
        Showing(left, right, winner) for (left, right), winner in zip(pairs, winners, strict=False)
    ]


def make_gold() -> int:
    """All the gold that arenas ask for."""
    return make_missing(most=200, rng=np.random.default_rng(1))


def make_with_gold(folder: Path, prompts: int = 4, **voting: Any) -> Arena:
    """A world whose voting goes as said, with the gold that it asks for."""
    arena = factories.make_world(folder, prompts, voting_settings=voting)
    make_gold()
    return arena


def answer_some(arena: Arena, rater: Rater, number: int) -> list[Ballot]:
    """So many ballots, as they are served, answered a minute after one another."""
    answered = []
    for n in range(number):
        now = NOW + timedelta(minutes=Ballot.objects.count())
        ballot = factories.hold(arena, rater, seed=n, now=now)[0]
        factories.answer(arena, rater, ballot, now=now)
        answered.append(ballot)
    return answered


def sit(arena: Arena, rater: Rater, minute: int) -> Sitting:
    """The rater at the arena's table, to see what would be drawn."""
    part = lock_participation(arena, rater)
    return sit_down(find_stock(arena.slug), part, now=NOW + timedelta(minutes=minute))
