"""What the page of a check or judge says, read from its newest rulings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from arenas.candidates.models import Part
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.suites.models import Prompt
from metrics.court.decide import Present, Trust, list_trust, newest_rulings
from metrics.court.models import CourtRuling
from metrics.court.subjects import Subject, select_judgments
from metrics.leaderboards.models import Rating
from metrics.results.models import CheckResult

Figures = Mapping[str, Any]
PAST = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one image, on average; each is None where nothing is recorded."""

    images: int
    seconds: float | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One category: the state now, and the figures of the ruling behind it."""

    category: str
    trust: Trust

    @property
    def figures(self) -> Figures | None:
        return self.trust.ruling.figures if self.trust.ruling else None


@dataclass(frozen=True, slots=True)
class MeasurableRow:
    """A competitor's measurable share; no name where no board shows it."""

    name: str
    measured: int
    tried: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt on whose pictures people contradict the check, for staff."""

    arena: Arena
    prompt: Prompt
    gap: float
    against: int
    votes: int


@dataclass(frozen=True, slots=True)
class Card:
    """`verdicts` begin with that of all prompts; `past` are its rulings, newest first."""

    subject: Subject
    verdicts: list[Verdict]
    past: list[CourtRuling]
    cost: Cost
    measurable: list[MeasurableRow]

    @property
    def overall(self) -> Verdict:
        return self.verdicts[0]

    @property
    def heard(self) -> bool:
        """Whether there is a ruling that rests on any vote."""
        figures = self.overall.figures
        return bool(figures and figures["measured"])

    @property
    def states(self) -> dict[str, int]:
        """How many categories are in each state."""
        found = [verdict.trust.state.value for verdict in self.verdicts[1:]]
        return {state: found.count(state) for state in dict.fromkeys(found)}


def read_card(subject: Subject, present: Present) -> Card:
    rulings = newest_rulings(subject)
    verdicts = [Verdict(name, found) for name, found in list_trust(subject, present).items()]
    return Card(
        subject,
        verdicts,
        list(rulings.filter(category="")[:PAST]),
        measure_cost(subject),
        list_measurable(verdicts[0].figures),
    )


def measure_cost(subject: Subject) -> Cost:
    """Of a check from its present version's own results, of a judge from what it was asked."""
    if subject.check is None:
        return measure_judge_cost(subject)
    results = CheckResult.objects.filter(
        check_name=subject.name, version=subject.version, copied=False
    )
    images = Part.objects.filter(
        candidate__in=results.order_by().values("candidate"), image__isnull=False, thought=False
    ).count()
    found = results.aggregate(
        seconds=Sum(Coalesce("cpu_seconds", "seconds")), usd=Sum("cost_usd", default=0)
    )
    if not images:
        return Cost(0)
    return Cost(images, found["seconds"] / images, float(found["usd"]) / images)


def measure_judge_cost(subject: Subject) -> Cost:
    """Each question shows both candidates of a pair; what was copied cost nothing."""
    asked = select_judgments(subject).filter(copied_from=None)
    found = asked.aggregate(number=Count("pk"), usd=Sum("cost_usd"))
    images = 2 * found["number"]
    return Cost(images, usd=float(found["usd"]) / images) if images else Cost(0)


def list_measurable(figures: Figures | None) -> list[MeasurableRow]:
    """The least measurable first."""
    rows = figures["missing"]["competitors"] if figures else []
    shown = find_names([row["competitor"] for row in rows])
    named = [
        MeasurableRow(
            shown.get(row["competitor"], "on no board yet"),
            *(row[key] for key in ("measured", "tried", "share", "lower", "upper")),
        )
        for row in rows
    ]
    return sorted(named, key=lambda row: (row.share, row.name))


def find_names(competitors: list[int]) -> dict[int, str]:
    """The names that a board shows: of those with votes in any snapshot."""
    rated = Rating.objects.filter(competitor__in=competitors, votes__gt=0)
    known = Competitor.objects.filter(pk__in=rated.order_by().values("competitor"))
    return dict(known.values_list("pk", "name"))


def list_examples(figures: Figures | None) -> list[Example]:
    rows = figures["disagreements"] if figures else []
    arenas = Arena.objects.in_bulk([row["arena"] for row in rows])
    prompts = Prompt.objects.in_bulk([row["prompt"] for row in rows])
    return [
        Example(
            arenas[row["arena"]], prompts[row["prompt"]], row["gap"], row["against"], row["votes"]
        )
        for row in rows
        if row["arena"] in arenas and row["prompt"] in prompts
    ]
