"""Runs that have come to ask people, and raters who answer what the site serves them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from arenas.battles.models import Ballot
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.raters.models import Rater
from arenas.votes.models import Vote
from metrics.regressions.inclusion import Inclusion, read_inclusion
from metrics.regressions.models import Run
from tests import factories
from tests.factories import NOW
from tests.metrics.regressions.nights import answer, begin, make_night, settle, shift

HUMAN = {"measure": "human", "margin": 10}
CHALLENGER, BASELINE = "house-v4", "house-v3"


def ask(folder: Path, *, votes: int = 400, prompts: int = 20, **settings: Any) -> Run:
    """A run whose people's criterion alone is to decide; its arena is open."""
    settings = {"criteria": [HUMAN], "budget": {"votes": votes}, **settings}
    run = begin(make_night(folder, prompts=prompts, **settings))
    answer(run, shift(0))
    return settle(run)


def find_arena(run: Run) -> Arena:
    return Arena.objects.get(regression_run=run)


def read(run: Run) -> Inclusion:
    return read_inclusion(Run.objects.get(pk=run.pk))


def choose(ballot: Ballot, best: str | None) -> str:
    """The answer that says that this competitor's picture is better; none: a tie."""
    if best is None:
        return "tie"
    makers = Candidate.objects.in_bulk(ballot.candidates)
    left = makers[ballot.candidates[0]].competitor.name
    return "model_a" if left == best else "model_b"


def vote(
    run: Run,
    number: int,
    best: str | Callable[[Ballot], str | None] | None = None,
    *,
    rater: Rater | None = None,
) -> list[Vote]:
    """Up to so many votes by one rater, each on what is served."""
    arena, rater = find_arena(run), rater or factories.make_rater()
    votes: list[Vote] = []
    while len(votes) < number and (held := factories.hold(arena, rater)):
        preferred = best(held[0]) if callable(best) else best
        winner = choose(held[0], preferred)
        votes.append(factories.answer(arena, rater, held[0], winner))
    drop_held(arena, rater)
    return votes


def drop_held(arena: Arena, rater: Rater) -> None:
    """What the rater leaves unanswered is free at once."""
    Ballot.objects.filter(arena=arena, rater=rater, answered_at=None).update(expires_at=NOW)


def points(values: Iterable[float]) -> list[float]:
    return [round(float(value), 6) for value in values]
