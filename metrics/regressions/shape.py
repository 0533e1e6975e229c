"""What a regression eval's YAML file may say."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from celery.schedules import crontab
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from arenas.definitions.shape import Category, Wording
from arenas.definitions.voting import Address
from arenas.suites.load import Text
from arenas.suites.read_yaml import Strict

HUMAN = "human"
# Measured on every site, without a check.
RATES = ("refusal_rate", "failure_rate")
COSTS = ("seconds", "cost_usd")
PLAIN = (*RATES, *COSTS)
# What a difference is below, in points and per cent.
MOST = {
    HUMAN: 50.0,
    "refusal_rate": 100.0,
    "failure_rate": 100.0,
    "seconds": 200.0,
    "cost_usd": 200.0,
}
MOST_ELO = 1000
UNITS = {"min": "minutes", "h": "hours", "d": "days"}

Name = Annotated[Text, StringConstraints(max_length=150)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
Distance = Annotated[float, Field(gt=0, le=1e6)]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$", max_length=320)]


class SamplesShape(Strict):
    """How many samples of each are compared. One lucky draw of a baseline must not fail nights."""

    baseline: Annotated[int, Field(ge=3, le=100)] = 3
    challenger: Annotated[int, Field(ge=1, le=100)] = 1


def make_crontab(text: str) -> Any:
    """Raises ValueError unless these are the five fields of a crontab."""
    fields = text.split()
    if len(fields) != 5:
        raise ValueError('five fields are expected, as in "0 3 * * *"')
    minute, hour, day, month, weekday = fields
    try:
        return crontab(minute, hour, weekday, day_of_month=day, month_of_year=month)
    except Exception as error:
        raise ValueError(f"{text!r} is no crontab ({error})") from error


def check_crontab(text: str) -> str:
    make_crontab(text)
    return text


class CriterionShape(Strict):
    """One thing that must not get worse than by `margin`, or must get better by `target`.

    Both are in the measure's own unit: percentage points of rates and of people's win rate (or
    Elo), per cent of seconds and of USD. `detect` is the distance from the threshold for which
    the test is at its best, and `most` what a single prompt counts at the most.
    """

    measure: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
    margin: Distance | None = None
    target: Distance | None = None
    category: Category = ""
    most: Distance | None = None
    detect: Distance | None = None
    question: Literal["overall"] = "overall"
    unit: Literal["points", "elo"] = "points"

    @model_validator(mode="after")
    def check(self) -> Self:
        if (self.margin is None) == (self.target is None):
            raise ValueError("a criterion has either a margin or a target")
        if not self.check_name and self.measure not in (HUMAN, *PLAIN):
            raise ValueError(
                f"unknown measure {self.measure!r} (known: {', '.join((HUMAN, *PLAIN))}, and "
                "CHECK.MEASURE)"
            )
        if not self.is_human and self.model_fields_set & {"question", "unit"}:
            raise ValueError("question and unit go with `measure: human`")
        if self.unit == "points" and abs(self.threshold) >= MOST.get(self.measure, float("inf")):
            raise ValueError(f"{self.measure} cannot differ by {abs(self.threshold):g}")
        if self.unit == "elo" and abs(self.threshold) > MOST_ELO:
            raise ValueError(f"nobody is {abs(self.threshold):g} Elo ahead (at most {MOST_ELO})")
        if self.most is not None and not self.is_clipped:
            raise ValueError("`most` goes with checks, seconds and cost_usd")
        if self.most is not None and self.most <= abs(self.threshold):
            raise ValueError("`most` must be above the margin or target")
        return self

    @property
    def name(self) -> str:
        """What the criterion is called: its measure, and its category if there is one."""
        return f"{self.measure} in {self.category}" if self.category else self.measure

    @property
    def is_human(self) -> bool:
        return self.measure == HUMAN

    @property
    def check_name(self) -> str:
        """The check that it is measured by, or nothing."""
        return self.measure.partition(".")[0] if "." in self.measure else ""

    @property
    def check_measure(self) -> str:
        return self.measure.partition(".")[2]

    @property
    def is_clipped(self) -> bool:
        return bool(self.check_name) or self.measure in COSTS

    @property
    def threshold(self) -> float:
        """What the mean difference must be above, positive being better."""
        return self.target if self.target is not None else -(self.margin or 0)

    @property
    def distance(self) -> float:
        return self.detect or abs(self.threshold)


class HumansShape(Strict):
    """How people are asked where nothing else decides; `margin` in points of win rate."""

    margin: Annotated[float, Field(gt=0, lt=50)] = 5
    votes_per_prompt: Annotated[int, Field(ge=1, le=20)] = 1
    look: Annotated[int, Field(ge=1, le=10_000)] = 20
    repeat_share: Annotated[float, Field(ge=0, le=0.3)] = 0.05
    access: Literal["open", "invitation", "account"] = "open"
    question: Wording = "Which picture is better?"
    simulated: bool = False  # whether simulated raters' answers count, for demonstrations and tests


class BudgetShape(Strict):
    usd: Annotated[float, Field(gt=0, le=1e6)] | None = None
    votes: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class NotifyShape(Strict):
    """Who is told how a run ended: where that has changed, or `always`."""

    email: tuple[Mail, ...] = ()
    webhook: tuple[Address, ...] = ()
    always: bool = False


class EvalShape(Strict):
    name: Slug
    title: Annotated[str, StringConstraints(max_length=150)] = ""
    suite: str | None = None
    tags: tuple[Text, ...] = ()
    baseline: Name
    challenger: Name | None = None
    series: Annotated[Text, StringConstraints(max_length=100)] | None = None
    samples: SamplesShape = SamplesShape()
    criteria: Annotated[tuple[CriterionShape, ...], Field(min_length=1, max_length=50)]
    humans: HumansShape = HumansShape()
    schedule: Annotated[str, AfterValidator(check_crontab)] | None = None
    every: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,4} (min|h|d)$")] | None = None
    budget: BudgetShape = BudgetShape()
    error_rate: Annotated[float, Field(ge=0.0001, le=0.2)] = 0.01
    notify: NotifyShape = NotifyShape()

    @model_validator(mode="after")
    def check(self) -> Self:
        if (self.challenger is None) == (self.series is None):
            raise ValueError("either a challenger or a series is to be named")
        if self.suite is None and not self.tags:
            raise ValueError("a suite or tags are to be named")
        if self.schedule is not None and self.every is not None:
            raise ValueError("either `schedule` or `every`")
        names = [criterion.name for criterion in self.criteria]
        if len(set(names)) < len(names):
            raise ValueError(f"the criterion {max(names, key=names.count)!r} is given twice")
        return self

    @property
    def period(self) -> timedelta | None:
        """Of `every`."""
        if self.every is None:
            return None
        number, unit = self.every.split()
        return timedelta(**{UNITS[unit]: int(number)})

    @property
    def checks(self) -> list[str]:
        """The checks that the criteria are measured by, each once."""
        return list(dict.fromkeys(each.check_name for each in self.criteria if each.check_name))
