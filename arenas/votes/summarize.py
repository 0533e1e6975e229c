"""What a rater may know of their own work: how much, how fast, and, at the end, for whom."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from django.db.models import Max, QuerySet, Sum

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena, Outcome
from arenas.raters.models import Rater
from arenas.votes.models import STANDING, Vote

# An answer about a pair as places, like an order of more pictures.
PLACES: Mapping[str, tuple[int, int]] = {
    Outcome.MODEL_A: (1, 2),
    Outcome.MODEL_B: (2, 1),
    Outcome.TIE: (1, 1),
    Outcome.BOTH_BAD: (1, 1),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """How many pairs were answered and passed over; the median seconds for one, where measured."""

    answered: int
    skipped: int
    seconds: float | None
    last_at: datetime | None

    @property
    def skipped_percent(self) -> float:
        return 100 * self.skipped / max(1, self.answered + self.skipped)


@dataclass(frozen=True, slots=True)
class OwnRow:
    """How a competitor did in one rater's answers."""

    name: str
    wins: int
    losses: int
    ties: int

    @property
    def share(self) -> float:
        """Of all comparisons, those won, a tie as a half."""
        return (self.wins + self.ties / 2) / (self.wins + self.losses + self.ties)


def summarize(sitting: Sitting) -> Summary:
    votes = select_own(sitting.stock.arena, sitting.rater)
    measured = votes.exclude(response_ms=None).values("ballot").order_by()
    spent = measured.annotate(spent=Sum("response_ms")).values_list("spent", flat=True)
    work = [past for past in sitting.past if past.kind != Ballot.Kind.PRACTICE]
    return Summary(
        answered=sitting.answered,
        skipped=sum(past.skipped for past in work),
        seconds=median(spent) / 1000 if spent else None,
        last_at=votes.aggregate(Max("created_at"))["created_at__max"],
    )


def select_own(arena: Arena, rater: Rater) -> QuerySet[Vote]:
    """The rater's answers that stand, without practice."""
    mine = Vote.objects.filter(STANDING, arena=arena, rater=rater)
    return mine.exclude(ballot__kind=Ballot.Kind.PRACTICE)


def list_own_board(arena: Arena, rater: Rater) -> list[OwnRow]:
    """The competitors by the rater's own answers on battles, the best first."""
    votes = select_own(arena, rater).filter(ballot__kind=Ballot.Kind.NORMAL, answers=None)
    shown = [(vote, vote.ballot) for vote in votes.select_related("ballot") if vote.ballot]
    wanted = {pk for _, ballot in shown for pk in ballot.candidates}
    names = dict(Candidate.objects.filter(pk__in=wanted).values_list("pk", "competitor__name"))
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for vote, ballot in shown:
        places = vote.ranking or PLACES[vote.winner]
        count_places([names[pk] for pk in ballot.candidates], places, tallies)
    rows = [OwnRow(name, *(row[key] for key in KEYS)) for name, row in tallies.items()]
    return sorted(rows, key=lambda row: (-row.share, row.name))


KEYS = ("wins", "losses", "ties")


def count_places(
    names: list[str], places: tuple[int, ...] | list[int], tallies: Mapping[str, Counter[str]]
) -> None:
    """Add every two of an order to the tallies; a competitor does not meet itself."""
    for (a, place_a), (b, place_b) in itertools.combinations(zip(names, places, strict=True), 2):
        if a == b:
            continue
        if place_a == place_b:
            tallies[a]["ties"] += 1
            tallies[b]["ties"] += 1
        else:
            tallies[a if place_a < place_b else b]["wins"] += 1
            tallies[b if place_a < place_b else a]["losses"] += 1
