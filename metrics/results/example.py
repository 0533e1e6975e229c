"""The candidates on which a check says the best and the worst, and why it could not measure."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import FloatField, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Measure
from metrics.results.models import CheckResult
from metrics.results.summarise import find_headline

EXAMPLES, REASONS = 4, 8


@dataclass(frozen=True, slots=True)
class Example:
    """A result with the value of the headline measure."""

    result: CheckResult
    measure: Measure
    value: float


def select_results(
    arena: Arena, name: str, check: BaseCheck, category: str = ""
) -> QuerySet[CheckResult]:
    """What the present version says of the arena's candidates."""
    rows = select_candidates(arena)
    if category:
        rows = rows.filter(prompt__category=category)
    return CheckResult.objects.filter(
        check_name=name, version=check.version, candidate__in=rows.order_by().values("pk")
    )


def list_extremes(
    results: QuerySet[CheckResult], check: BaseCheck
) -> tuple[list[Example], list[Example]]:
    """The worst and the best, each with the most extreme first; none is in both.

    Where neither more nor less is better, the lowest and the highest.
    """
    measure = find_headline(check)
    found = (
        results.filter(not_measurable="")
        .annotate(value=Cast(KT(f"values__{measure.name}"), FloatField()))
        .exclude(Q(value=None))
        .select_related("candidate__competitor", "candidate__prompt")
        .prefetch_related("candidate__parts__image")
    )
    least = list(found.order_by("value", "pk")[:EXAMPLES])
    most = list(
        found.exclude(pk__in=[each.pk for each in least]).order_by("-value", "pk")[:EXAMPLES]
    )
    worst, best = (most, least) if measure.better < 0 else (least, most)
    return (
        [Example(each, measure, each.value) for each in worst],
        [Example(each, measure, each.value) for each in best],
    )


def count_reasons(results: QuerySet[CheckResult]) -> list[tuple[str, int]]:
    """The commonest reasons why something was not measurable."""
    reasons = results.exclude(not_measurable="").values_list("not_measurable", flat=True)
    return Counter(reasons).most_common(REASONS)
