"""The worst prompts of a run: a picture of each side, with what the check found drawn on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arenas.candidates.models import Candidate, Part
from arenas.suites.models import Prompt
from metrics.checks.base import BaseCheck, Measure
from metrics.regressions.models import Run
from metrics.regressions.reports.words import is_failure
from metrics.results.models import CheckResult
from metrics.results.read import find_check
from metrics.templatetags.checks_format import with_unit
from metrics.templatetags.metrics_format import seconds, usd
from metrics.views.evidence import Picture, draw, draw_parts

Row = Mapping[str, Any]
# Prompts shown of a criterion, by its result.
MOST = {"failed": 6, "undecided": 4, "passed": 2}
# Differences below this share of the threshold are no news.
LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Side:
    """One sample of a competitor: what it made, and what was measured of it, in words.

    `others` are the values of the competitor's other samples.
    """

    candidate: Candidate
    picture: Picture | None
    text: str
    value: str
    others: str


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt on which the challenger is worse by `difference`."""

    prompt: Prompt
    difference: float
    baseline: Side | None
    challenger: Side | None
    references: list[tuple[str, Picture]]


@dataclass(frozen=True, slots=True)
class Worst:
    """A criterion's row of the report, with its worst prompts.

    `open` are those that the page begins with, and not the same again in a category.
    """

    row: Row
    examples: list[Example]
    open: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """How a criterion's value of a candidate is found and written."""

    name: str
    check: BaseCheck | None = None
    measure: Measure | None = None

    @classmethod
    def of(cls, name: str) -> "Reading":
        check_name, _, measure_name = name.partition(".")
        check = find_check(check_name) if measure_name else None
        found = [each for each in check.measures if each.name == measure_name] if check else []
        return cls(name, check, found[0] if found else None)

    @property
    def better(self) -> int:
        return self.measure.better if self.measure else -1

    def find_result(self, candidate: Candidate) -> CheckResult | None:
        if self.check is None:
            return None
        name, version = self.name.partition(".")[0], self.check.version
        results = candidate.check_results.all()
        return next((r for r in results if (r.check_name, r.version) == (name, version)), None)

    def value(self, candidate: Candidate) -> float | None:
        if self.measure:
            result = self.find_result(candidate)
            return result.values.get(self.measure.name) if result else None
        if self.name == "cost_usd":
            return None if candidate.cost_usd is None else float(candidate.cost_usd)
        return candidate.seconds if self.name == "seconds" else None

    def write(self, candidate: Candidate) -> str:
        value = self.value(candidate)
        if self.measure:
            return with_unit(value, self.measure) if value is not None else "not measurable"
        if self.name in ("refusal_rate", "failure_rate"):
            return str(candidate.get_status_display())
        if self.name == "cost_usd":
            return usd(value)
        return seconds(value) if self.name == "seconds" else ""


def list_worst(run: Run, rows: Sequence[Row]) -> list[Worst]:
    """Of each criterion with any, failed ones first."""
    shown = [row for row in rows if list_shown(row)]
    shown.sort(key=lambda row: (not is_failure(row), list(MOST).index(row["result"])))
    prompts = {each["prompt_id"] for row in shown for each in list_shown(row)}
    made = read_candidates(run, prompts)
    opened = {row["measure"]: row["name"] for row in reversed(shown) if is_failure(row)}
    first = {shown[0]["measure"]: shown[0]["name"]} if shown else {}
    return [
        Worst(row, show_row(run, row, made), row["name"] in (opened or first).values())
        for row in shown
    ]


def list_shown(row: Row) -> list[Row]:
    """The report's examples that tell something, and not too many."""
    least = LEAST * abs(row["threshold"])
    telling = [each for each in row["worst"] if abs(each["difference"]) > least]
    return telling[: MOST[row["result"]]]


def read_candidates(run: Run, prompts: set[int]) -> dict[int, list[Candidate]]:
    """By prompt, both competitors' candidates."""
    rows = Candidate.objects.filter(
        prompt__in=prompts, competitor__in=(run.baseline_id, run.challenger_id)
    )
    made: dict[int, list[Candidate]] = {}
    related = ("parts__image", "check_results", "prompt__references__image")
    for row in rows.select_related("prompt", "competitor").prefetch_related(*related):
        made.setdefault(row.prompt_id, []).append(row)
    return made


def show_row(run: Run, row: Row, made: Mapping[int, list[Candidate]]) -> list[Example]:
    reading = Reading.of(row["measure"])
    return [
        show(run, each, reading, made[each["prompt_id"]])
        for each in list_shown(row)
        if made.get(each["prompt_id"])
    ]


def show(run: Run, said: Row, reading: Reading, made: Sequence[Candidate]) -> Example:
    baseline = select(made, run.baseline_id, run.baseline_samples, said["baseline"])
    challenger = select(made, run.challenger_id, run.challenger_samples, said["challenger"])
    side = choose_worst(challenger, reading)
    return Example(
        made[0].prompt,
        said["difference"],
        show_side(choose_middle(baseline, reading), baseline, reading),
        show_side(side, challenger, reading),
        show_references(side, reading) if side else [],
    )


def select(
    made: Sequence[Candidate], competitor: int, samples: range, named: Sequence[int]
) -> list[Candidate]:
    """The side's candidates that the report names; where it names none, all that took part."""
    own = [each for each in made if each.competitor_id == competitor and each.sample in samples]
    return [each for each in own if each.pk in named] or own


def choose_middle(rows: Sequence[Candidate], reading: Reading) -> Candidate | None:
    """The sample of the middle value: neither a lucky draw nor an unlucky one."""
    known = sorted((v, each.sample) for each in rows if (v := reading.value(each)) is not None)
    if not known:
        return rows[0] if rows else None
    sample = known[len(known) // 2][1]
    return next(each for each in rows if each.sample == sample)


def choose_worst(rows: Sequence[Candidate], reading: Reading) -> Candidate | None:
    known = [
        (reading.better * value, n)
        for n, each in enumerate(rows)
        if (value := reading.value(each)) is not None
    ]
    return rows[min(known)[1]] if known else rows[0] if rows else None


def show_side(
    candidate: Candidate | None, rows: Sequence[Candidate], reading: Reading
) -> Side | None:
    if candidate is None:
        return None
    parts = draw_parts(candidate, [reading.find_result(candidate)])
    others = [reading.write(each) for each in rows if each.pk != candidate.pk]
    return Side(
        candidate,
        choose_picture(parts),
        next((part.text for part, picture in parts if part.text and not picture), ""),
        reading.write(candidate),
        ", ".join(other for other in others if other),
    )


def choose_picture(parts: Sequence[tuple[Part, Picture | None]]) -> Picture | None:
    """The last one with evidence on it, or else the last one."""
    pictures = [picture for _, picture in parts if picture]
    marked = [picture for picture in pictures if picture.layers]
    return next(reversed(marked or pictures), None)


def show_references(candidate: Candidate, reading: Reading) -> list[tuple[str, Picture]]:
    """The prompt's references, with what the check found on them for the challenger."""
    found = [reading.find_result(candidate)]
    return [
        (each.key, draw(each.image, found, f"reference:{each.key}"))
        for each in candidate.prompt.references.all()
    ]
