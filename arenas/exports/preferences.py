"""Preference pairs to train on: which of two candidates people chose, how clearly, and why."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl
from django.db.models import Q, QuerySet

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.exports.describe import PAIRS, VOTES, Describer
from arenas.exports.tally import WIN, Key, Tally, add_vote, list_meetings, make_key
from arenas.raters.models import RaterKind
from arenas.votes.flag import Marks, read_marks
from arenas.votes.models import STANDING, Vote

# There may be very many votes: nothing else is read of each.
READ = (
    "seq", "arena", "question", "prompt", "candidate_a", "candidate_b", "winner", "ranking",
    "strength", "reasons", "spots", "rater_kind", "source", "rater__key", "rater__name",
    "ballot__battle", "ballot__candidates",
)  # fmt: skip
PEOPLE = (RaterKind.PERSON.value, RaterKind.EXTERNAL.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which preferences are asked for; a row for each pair of candidates, or for each vote."""

    question: str = ""
    category: str = ""
    raters: tuple[str, ...] = PEOPLE
    least_votes: int = 1
    least_agreement: float = 0.0
    by_vote: bool = False


@dataclass(slots=True)
class Read:
    """What was read of the arena's votes, and how many did not count."""

    tallies: dict[Key, Tally] = field(default_factory=dict)
    votes: Counter[str] = field(default_factory=Counter)  # by kind of rater
    other_kinds: Counter[str] = field(default_factory=Counter)
    flagged: int = 0
    unsealed: int = 0


@dataclass(frozen=True, slots=True)
class Preferences:
    """The rows with the prompt of each, the pairs they are of, and what became of all others."""

    table: pl.DataFrame
    prompts: tuple[int, ...]
    tallies: tuple[Tally, ...]
    read: Read
    undecided: int
    below: int


def export_preferences(arena: Arena, wanted: Wanted | None = None) -> pl.DataFrame:
    """Prompt, chosen, rejected: what people decided, by default a row for each two candidates."""
    return read_preferences(arena, wanted or Wanted()).table


def read_preferences(arena: Arena, wanted: Wanted) -> Preferences:
    """What the votes that count say: standing, not flagged, of the raters asked for.

    An order of several pictures says something about each two of them. Where as many votes say
    the one as the other, there is no pair; with a row for each vote they are told all the same.
    """
    marks = read_marks()
    read = read_votes(arena, wanted, marks)
    clear = {key: each for key, each in read.tallies.items() if wanted.by_vote or each.is_decided}
    kept = {key: each for key, each in clear.items() if passes(each, wanted)}
    describe = Describer.read(arena, {each.prompt for each in kept.values()})
    if wanted.by_vote:
        votes = (vote for vote in iterate(arena, wanted) if counts(vote, wanted, marks))
        found = list(list_rows(votes, kept, describe))
    else:
        found = [(each.prompt, describe.pair(each)) for each in kept.values()]
    return Preferences(
        pl.DataFrame([row for _, row in found], schema=VOTES if wanted.by_vote else PAIRS),
        tuple(prompt for prompt, _ in found),
        tuple(kept.values()),
        read,
        undecided=len(read.tallies) - len(clear),
        below=len(clear) - len(kept),
    )


def read_votes(arena: Arena, wanted: Wanted, marks: Marks) -> Read:
    read = Read()
    for vote in iterate(arena, wanted):
        if vote.rater_kind not in wanted.raters:
            read.other_kinds[vote.rater_kind] += 1
        elif not counts(vote, wanted, marks):
            read.flagged += 1
        else:
            read.votes[vote.rater_kind] += 1
            read.unsealed += vote.seq is None
            add_vote(read.tallies, vote)
    return read


def list_rows(
    votes: Iterator[Vote], kept: Mapping[Key, Tally], describe: Describer
) -> Iterator[tuple[int, dict[str, object]]]:
    """A row for each preference of each vote, with its prompt."""
    for vote in votes:
        for better, worse, how in list_meetings(vote):
            tally = kept.get(make_key(vote, better, worse))
            if how == WIN and tally:
                yield tally.prompt, describe.vote(tally, vote, better, worse)


def counts(vote: Vote, wanted: Wanted, marks: Marks) -> bool:
    return vote.rater_kind in wanted.raters and not marks.on(vote)


def iterate(arena: Arena, wanted: Wanted) -> Iterator[Vote]:
    """The votes asked for in the order of the ledger, the unsealed ones last."""
    return select_votes(arena, wanted).order_by("seq", "pk").iterator(5000)


def select_votes(arena: Arena, wanted: Wanted) -> QuerySet[Vote]:
    """Standing votes of normal ballots, or of imports, on two candidates or more."""
    votes = Vote.objects.filter(
        STANDING,
        Q(ballot=None) | Q(ballot__kind=Ballot.Kind.NORMAL),
        ~Q(winner="") | Q(ranking__isnull=False),
        arena=arena,
        prompt__isnull=False,
        candidate_a__isnull=False,
        candidate_b__isnull=False,
    )
    if wanted.question:
        votes = votes.filter(question__key=wanted.question)
    if wanted.category:
        votes = votes.filter(prompt__category=wanted.category)
    return votes.select_related("ballot", "rater").only(*READ)


def passes(tally: Tally, wanted: Wanted) -> bool:
    return tally.votes >= wanted.least_votes and tally.agreement >= wanted.least_agreement
