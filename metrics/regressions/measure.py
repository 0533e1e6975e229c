"""What a run's criteria measured: one increment per prompt, in an order fixed beforehand."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from statistics import fmean

import numpy as np

from metrics.checks.base import BaseCheck, Measure
from metrics.court.decide import Trust, find_trust
from metrics.court.present import Present, read_present
from metrics.regressions.gather import Gathered, Pictured, Row, gather
from metrics.regressions.models import Run
from metrics.regressions.shape import COSTS, HUMAN, RATES, CriterionShape
from metrics.results.asking import make_check
from metrics.results.summarise import find_headline
from metrics.stats.asking import compare_relatively, elo_to_points
from metrics.stats.betting import Aim, Bounds
from metrics.stats.comparisons import FloatArray
from metrics.stats.explain import Wording

PERCENT = 100.0
# What the court held against votes is a check's headline; this is one less that, to the letter.
AS_HEADLINE = frozenset({"text.cer"})
# The standard deviation expected of an increment, as a share of its farthest bound.
SPREAD = 1 / 3
HUMAN_SPREAD = 45.0  # points; of one vote per prompt
RATE_SPREAD = 20.0  # points


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One criterion's increments (n,), positive where the challenger is better.

    They are in the unit of `aim`, clipped to its bounds, one for each of `prompts` in the order
    fixed beforehand; `plain` are the same before they were clipped. `missing` counts prompts
    that the criterion is about and that could not be compared. Where `decides` is false it is
    advice, for `trust_reason`. `trust` is the check's state, or nothing where it needs none.
    """

    criterion: CriterionShape
    increments: FloatArray
    plain: FloatArray
    prompts: Sequence[Pictured]
    aim: Aim
    wording: Wording
    decides: bool = True
    trust: str = ""
    trust_reason: str = ""
    missing: int = 0
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.criterion.name


def collect(run: Run) -> list[Measured]:
    """What the run's criteria measured so far, in the order of its definition.

    Where nobody else decides, people do: a criterion for them comes last, if the file has none.
    """
    gathered = gather(run)
    present = read_present()
    return [measure(run, each, gathered, present) for each in list_criteria(run)]


def list_criteria(run: Run) -> list[CriterionShape]:
    """The file's, and those of people who decide in a check's stead, each for a category."""
    shape = run.shape
    criteria = list(shape.criteria)
    for category in sorted({each.category for each in criteria if each.check_name}):
        about = ("", category)
        if not any(each.is_human and each.category in about for each in criteria):
            margin = shape.humans.margin
            criteria.append(CriterionShape(measure=HUMAN, margin=margin, category=category))
    return criteria


def measure(run: Run, criterion: CriterionShape, gathered: Gathered, present: Present) -> Measured:
    if criterion.is_human:
        return measure_people(run, criterion)
    if criterion.check_name:
        return measure_check(criterion, gathered, present)
    if criterion.measure in RATES:
        return measure_rate(criterion, gathered)
    return measure_cost(criterion, gathered)


def measure_people(run: Run, criterion: CriterionShape) -> Measured:
    """What people's votes say, once they were asked."""
    if run.asked:
        found: Measured = import_module("metrics.regressions.people").collect_people(run, criterion)
        return found
    bounds = Bounds(-PERCENT / 2, PERCENT / 2)
    return make_measured(criterion, [], [], aim_at_people(criterion, bounds))


def aim_at_people(criterion: CriterionShape, bounds: Bounds) -> Aim:
    """In points of win rate above a half, whatever the file's unit."""
    threshold, detect = criterion.threshold, criterion.distance
    if criterion.unit == "elo":
        threshold = PERCENT * elo_to_points(threshold)
        detect = PERCENT * elo_to_points(detect)
    return Aim(threshold, detect, HUMAN_SPREAD, bounds)


def measure_check(criterion: CriterionShape, gathered: Gathered, present: Present) -> Measured:
    """Means over the samples that could be measured; prompts without any on a side are missing."""
    check = make_check(criterion.check_name)
    kind = find_measure(check, criterion)
    values = gathered.read_values(criterion.check_name, check.version, kind.name)
    within = gathered.select(criterion.category)
    asked = [each for each in within if check.applies(gathered.facts[each.prompt])]
    prompts, differences = compare(
        asked,
        gathered,
        lambda row: values.get(row.pk),
        lambda b, c: kind.better * (fmean(c) - fmean(b)),
    )
    trust = find_trust(criterion.check_name, criterion.category, present=present)
    gates, reason = judge_trust(criterion, trust, find_headline(check))
    return make_measured(
        criterion,
        prompts,
        differences,
        aim_at_numbers(criterion, kind.high - kind.low),
        kind=kind,
        decides=gates,
        trust=trust.state.name.lower(),
        trust_reason=reason,
        missing=len(asked) - len(prompts),
        notes=note_missing(criterion, asked, gathered, values),
    )


def find_measure(check: BaseCheck, criterion: CriterionShape) -> Measure:
    """Raises ValueError where the check's present version has no such measure any more."""
    for each in check.measures:
        if each.name == criterion.check_measure:
            return each
    raise ValueError(f"version {check.version} of the check gives no {criterion.measure}")


def judge_trust(criterion: CriterionShape, trust: Trust, headline: Measure) -> tuple[bool, str]:
    """Whether the criterion decides alone, and why it does not. Votes prove a headline alone."""
    if not trust.may_gate:
        return False, "; ".join(trust.reasons)
    if criterion.check_measure == headline.name or criterion.measure in AS_HEADLINE:
        return True, ""
    shown = f"{criterion.check_name}.{headline.name}"
    return False, f"votes have shown that {shown} may gate, which says nothing of this measure"


def note_missing(
    criterion: CriterionShape,
    asked: Sequence[Pictured],
    gathered: Gathered,
    values: Mapping[int, float | None],
) -> tuple[str, ...]:
    """Where more of the challenger's candidates cannot be measured, what is compared is kinder."""
    lost = [
        sum(not any(values.get(row.pk) is not None for row in side[each.prompt]) for each in asked)
        for side in (gathered.baseline, gathered.challenger)
    ]
    if lost[1] <= lost[0]:
        return ()
    return (
        f"{criterion.name} has nothing of the challenger on {lost[1]} of {len(asked)} prompts, and "
        f"nothing of the baseline on {lost[0]}: only prompts with both are compared",
    )


def measure_rate(criterion: CriterionShape, gathered: Gathered) -> Measured:
    """The difference in the share of samples that were refused, or failed, of those that ended."""
    refused = criterion.measure == "refusal_rate"
    asked = gathered.select(criterion.category)
    prompts, differences = compare(
        asked,
        gathered,
        lambda row: None if row.is_open else float(row.is_refusal if refused else row.is_failure),
        lambda b, c: PERCENT * (fmean(b) - fmean(c)),
    )
    bounds = Bounds(-PERCENT, PERCENT)
    aim = Aim(criterion.threshold, criterion.distance, RATE_SPREAD, bounds)
    missing = len(asked) - len(prompts)
    return make_measured(criterion, prompts, differences, aim, missing=missing)


def measure_cost(criterion: CriterionShape, gathered: Gathered) -> Measured:
    """The relative difference in seconds or USD of what was made, in per cent."""
    read = read_seconds if criterion.measure == "seconds" else read_usd
    asked = gathered.select(criterion.category)
    prompts, differences = compare(
        asked,
        gathered,
        lambda row: read(row) if row.is_done else None,
        compare_pairs,
    )
    aim = aim_at_numbers(criterion, 2 * PERCENT)
    missing = len(asked) - len(prompts)
    return make_measured(criterion, prompts, differences, aim, missing=missing)


def compare_pairs(baseline: Sequence[float], challenger: Sequence[float]) -> float:
    """The mean over all pairs of samples, in per cent.

    Of means it would favour the side with fewer samples: by 7 % where they scatter by a half.
    """
    pairs = compare_relatively(np.array(challenger)[:, None], np.array(baseline))
    return PERCENT * float(pairs.mean())


def read_seconds(row: Row) -> float | None:
    return row.seconds


def read_usd(row: Row) -> float | None:
    return None if row.cost_usd is None else float(row.cost_usd)


def compare(
    asked: Sequence[Pictured],
    gathered: Gathered,
    read: Callable[[Row], float | None],
    subtract: Callable[[Sequence[float], Sequence[float]], float],
) -> tuple[list[Pictured], list[float]]:
    """The prompts with values on both sides, and how these differ."""
    prompts, differences = [], []
    for each in asked:
        values = [
            [value for row in side[each.prompt] if (value := read(row)) is not None]
            for side in (gathered.baseline, gathered.challenger)
        ]
        if all(values):
            prompts.append(each)
            differences.append(subtract(*values))
    return prompts, differences


def aim_at_numbers(criterion: CriterionShape, widest: float) -> Aim:
    """`widest` is the farthest that two values can lie apart: cut to less only where a file asks.

    Cutting by itself would hide rare catastrophes, and let a challenger pass that has them.
    """
    limit = min(criterion.most or widest, widest)
    bounds = Bounds(-limit, limit)
    return Aim(criterion.threshold, criterion.distance, SPREAD * limit, bounds)


def make_measured(
    criterion: CriterionShape,
    prompts: Sequence[Pictured],
    differences: Sequence[float],
    aim: Aim,
    *,
    kind: Measure | None = None,
    decides: bool = True,
    trust: str = "",
    trust_reason: str = "",
    missing: int = 0,
    notes: tuple[str, ...] = (),
) -> Measured:
    plain = np.array(differences, dtype=np.float64)
    return Measured(
        criterion,
        np.clip(plain, aim.bounds.low, aim.bounds.high),
        plain,
        prompts,
        aim,
        word(criterion, kind),
        decides,
        trust,
        trust_reason,
        missing,
        notes,
    )


def word(criterion: CriterionShape, kind: Measure | None = None) -> Wording:
    """How the criterion is spoken of, with a digit more than its margin has."""
    unit = find_unit(criterion, kind)
    what = "margin" if criterion.target is None else "target"
    size = abs(criterion.threshold)
    given = "Elo" if criterion.unit == "elo" else unit
    return Wording(
        name=criterion.name,
        unit=unit,
        decimals=max(0, math.ceil(-math.log10(size))) + 1,
        better="higher" if criterion.is_human or (kind and kind.better > 0) else "lower",
        margin_words=f"the {what} of {size:g} {given}".rstrip(),
    )


def find_unit(criterion: CriterionShape, kind: Measure | None) -> str:
    if kind:
        return "" if kind.unit == "share" else kind.unit
    return "%" if criterion.measure in COSTS else "points"
