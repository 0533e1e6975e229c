"""What is told of a run: on its page, in files, by the API and to those who are notified."""

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from metrics.regressions.history import Drifted, Flaky
from metrics.stats.verdict import Outcome

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt on which the challenger is worse, by how much, with both sides' candidates."""

    prompt: str
    prompt_id: int
    difference: float
    baseline: tuple[int, ...]
    challenger: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CriterionReport:
    """One criterion's result; numbers are positive where the challenger is better.

    One that is `replaced` is decided by people in its stead.
    """

    name: str
    measure: str
    category: str
    unit: str
    better: str
    margin: float | None
    target: float | None
    result: str
    decides: bool
    replaced: bool
    trust: str
    trust_reason: str
    sentence: str
    n: int
    mean: float | None
    plain_mean: float | None
    lower: float | None
    upper: float | None
    threshold: float
    p_pass: float
    p_fail: float
    decided_at: int | None
    detectable: float
    missing: int
    clipped: int
    drift: Drifted
    worst: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Votes:
    used: int
    budget: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that is told about a run. `asks` names the criteria that people are to decide."""

    eval: str
    run: int
    outcome: Outcome
    reason: str
    baseline: str
    challenger: str
    error_rate: float
    started_at: str
    decided_at: str
    prompts: int
    cost_usd: float
    votes: Votes
    criteria: tuple[CriterionReport, ...]
    flaky: tuple[Flaky, ...]
    notes: tuple[str, ...]
    asks: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = make_plain(self)
        return plain


def make_plain(value: Any) -> Any:
    """Dataclasses as JSON has them; what is no number is none."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: make_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, (list, tuple)):
        return [make_plain(each) for each in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value.value if isinstance(value, Outcome) else value
