"""The figures of an arena's raters side by side, as shares with intervals."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields

from django.db.models import Count, F, Q

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena, Outcome
from arenas.quality.measure import Figures
from arenas.quality.models import RaterReview
from arenas.quality.say import say_share
from arenas.raters.models import Rater
from arenas.votes.models import STANDING, Flag, Vote
from metrics.stats.shares import wilson_bounds

LEVEL = 0.95
KNOWN = {field.name for field in fields(Figures)}


@dataclass(frozen=True, slots=True)
class Proportion:
    """How often something happened in so many cases; without any, nothing is known."""

    times: int
    cases: int

    @property
    def share(self) -> float | None:
        return self.times / self.cases if self.cases else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The 95 % interval, taking the cases as independent."""
        share = self.share
        return None if share is None else wilson_bounds(share, self.cases, LEVEL)

    def __str__(self) -> str:
        return "–" if self.share is None else say_share(self.share)

    @property
    def interval(self) -> str:
        return "" if self.bounds is None else " to ".join(map(say_share, self.bounds))


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares that a rater's figures make, in the order of the table's columns."""

    figures: Figures
    total: int

    @property
    def votes(self) -> Proportion:
        return Proportion(self.figures.votes, max(self.total, self.figures.votes))

    @property
    def fast(self) -> Proportion:
        return Proportion(self.figures.fast, self.figures.timed)

    @property
    def golds(self) -> Proportion:
        return Proportion(self.figures.golds_right, self.figures.golds)

    @property
    def repeats(self) -> Proportion:
        return Proportion(self.figures.repeats_agreeing, self.figures.repeats)

    @property
    def mirrors(self) -> Proportion:
        return Proportion(self.figures.mirrors_agreeing, self.figures.mirrors)

    @property
    def contrary(self) -> Proportion:
        return Proportion(self.figures.contrary, self.figures.decided)

    @property
    def left(self) -> Proportion:
        return Proportion(self.figures.left, self.figures.left + self.figures.right)

    @property
    def agreement(self) -> Proportion:
        return Proportion(self.figures.agreeing, self.figures.compared)

    @property
    def ties(self) -> Proportion:
        figures = self.figures
        return Proportion(figures.undecided, figures.left + figures.right + figures.undecided)


@dataclass(frozen=True, slots=True)
class Row:
    """A rater in the table: figures as of the latest review, and the rules that speak or flag."""

    review: RaterReview
    shares: Shares
    flags: Collection[str]

    @property
    def rater(self) -> Rater:
        return self.review.rater

    @property
    def figures(self) -> Figures:
        return self.shares.figures

    @property
    def findings(self) -> list[str]:
        """The rules that speak against the votes without having flagged them."""
        return sorted(set(self.review.findings) - set(self.flags))


Sort = Callable[[Row], float | None]
SORTS: Mapping[str, Sort] = {
    "votes": lambda row: row.figures.votes,
    "seconds": lambda row: row.figures.median_seconds,
    "gold": lambda row: row.shares.golds.share,
    "repeats": lambda row: row.shares.repeats.share,
    "mirrors": lambda row: row.shares.mirrors.share,
    "left": lambda row: row.shares.left.share,
    "agreement": lambda row: row.shares.agreement.share,
    "ties": lambda row: row.shares.ties.share,
    "skips": lambda row: row.figures.skips,
    "lapses": lambda row: row.figures.lapses,
    "flags": lambda row: len(row.flags) + len(row.findings) / 100,
}


def list_rows(arena: Arena, *, sort: str, falling: bool) -> list[Row]:
    """The arena's raters by one of SORTS; who has no such figure comes last."""
    flags = read_flags(arena)
    reviews = list(RaterReview.objects.filter(arena=arena).select_related("rater").order_by("pk"))
    figures = [read_figures(review) for review in reviews]
    total = sum(each.votes for each in figures)
    rows = [
        Row(review, Shares(each, total), flags.get(review.rater_id, ()))
        for review, each in zip(reviews, figures, strict=True)
    ]
    known = [row for row in rows if SORTS[sort](row) is not None]
    unknown = [row for row in rows if SORTS[sort](row) is None]
    return sorted(known, key=lambda row: SORTS[sort](row) or 0, reverse=falling) + unknown


def read_figures(review: RaterReview) -> Figures:
    """The figures as they were kept; those that have been added since are zero."""
    return Figures(**{name: value for name, value in review.figures.items() if name in KNOWN})


def read_flags(arena: Arena) -> dict[int, list[str]]:
    """By rater the rules of the flags that stand there."""
    rules: dict[int, list[str]] = defaultdict(list)
    raters = RaterReview.objects.filter(arena=arena).values("rater")
    here = Q(arena=None) | Q(arena=arena)
    flags = Flag.objects.filter(here, rater__in=raters, lifts=None, lifted_by=None)
    for rater, rule in flags.order_by("rule").values_list("rater", "rule").distinct():
        rules[rater or 0].append(rule)
    return rules


@dataclass(frozen=True, slots=True)
class Noise:
    """What was answered where two samples of one competitor met: nothing but noise and habit."""

    decided: Proportion
    left: Proportion
    ties: Proportion


def measure_noise(arena: Arena) -> Noise:
    votes = Vote.objects.filter(
        STANDING, arena=arena, ballot__kind=Ballot.Kind.NORMAL, competitor_a=F("competitor_b")
    ).exclude(winner="")
    number = dict(votes.values_list("winner").annotate(number=Count("pk")))
    left, cast = number.get(Outcome.MODEL_A, 0), sum(number.values())
    decided = left + number.get(Outcome.MODEL_B, 0)
    return Noise(
        Proportion(decided, cast), Proportion(left, decided), Proportion(cast - decided, cast)
    )
