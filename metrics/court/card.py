"""What the page of a check or judge says, read from its newest rulings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from arenas.definitions.models import Arena
from arenas.suites.models import Prompt
from metrics.court.cost import Cost, measure_judge_cost
from metrics.court.decide import Trust, list_trust, newest_rulings
from metrics.court.models import CourtRuling
from metrics.court.present import Present
from metrics.court.subjects import Subject

Figures = Mapping[str, Any]
PAST = 8


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
    cost: Cost | None
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
        read_cost(subject, verdicts[0].figures),
        list_measurable(verdicts[0].figures, present.names),
    )


def read_cost(subject: Subject, figures: Figures | None) -> Cost | None:
    """As it was when the court last sat; before that of a judge what it has cost by now.

    A check's results are too many to be summed up for each visit.
    """
    found = figures.get("cost") if figures else None
    if found:
        return Cost(**found)
    return measure_judge_cost(subject) if subject.rater else None


def list_measurable(figures: Figures | None, shown: Mapping[int, str]) -> list[MeasurableRow]:
    """The least measurable first; `shown` has the names that may be said."""
    rows = figures["missing"]["competitors"] if figures else []
    named = [
        MeasurableRow(
            shown.get(row["competitor"], "on no board yet"),
            *(row[key] for key in ("measured", "tried", "share", "lower", "upper")),
        )
        for row in rows
    ]
    return sorted(named, key=lambda row: (row.share, row.name))


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
