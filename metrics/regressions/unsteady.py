"""Prompts on which a baseline's own samples disagree so much that one draw decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metrics.regressions.gather import Gathered, gather
from metrics.regressions.models import Run
from metrics.regressions.shape import CriterionShape
from metrics.results.read import find_check

LISTED = 10


@dataclass(frozen=True, slots=True)
class Unsteady:
    """A prompt whose baseline samples' `values` differ by more than the criterion's threshold.

    `times` says by how much more. Had one of them been the challenger's, another would have made
    it better or worse by more than the margin.
    """

    prompt: str
    prompt_id: int
    criterion: str
    values: tuple[float, ...]
    times: float


def find_unsteady(run: Run) -> list[Unsteady]:
    """By the checks of the run's criteria, those that disagree most first."""
    if run.arena is None:
        return []
    gathered = gather(run)
    criteria = [each for each in run.shape.criteria if each.check_name]
    found = [each for criterion in criteria for each in look(criterion, gathered)]
    return sorted(found, key=lambda each: (-each.times, each.prompt))[:LISTED]


def look(criterion: CriterionShape, gathered: Gathered) -> Iterator[Unsteady]:
    name, check = criterion.check_name, find_check(criterion.check_name)
    if check is None:
        return
    known = gathered.read_values(name, check.version, criterion.check_measure)
    for each in gathered.select(criterion.category):
        rows = gathered.baseline[each.prompt]
        values = tuple(v for row in rows if (v := known.get(row.pk)) is not None)
        times = spread(values) / abs(criterion.threshold)
        if times > 1:
            yield Unsteady(each.key, each.prompt, criterion.name, values, times)


def spread(values: Sequence[float]) -> float:
    return max(values) - min(values) if values else 0.0
