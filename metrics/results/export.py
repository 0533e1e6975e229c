"""Check results as a table: one row for each measured number, or for each reason without one."""

from collections.abc import Iterator

import polars as pl
from django.db.models import QuerySet

from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.checks.base import check_names, make_check
from metrics.results.models import CheckResult

CHECKS = {
    "prompt": pl.String,
    "category": pl.String,
    "model": pl.String,
    "sample": pl.Int64,
    "check": pl.String,
    "version": pl.String,
    "measure": pl.String,
    "value": pl.Float64,
    "unit": pl.String,
    "not_measurable": pl.String,
    "copied": pl.Boolean,
    "seconds": pl.Float64,
    "cpu_seconds": pl.Float64,
    "cost_usd": pl.Float64,
    "created_at": pl.String,
}


def export_checks(arena: Arena) -> pl.DataFrame:
    """All results on the arena's candidates, of earlier versions too.

    Seconds and cost are of the whole result, and stand in each of its rows.
    """
    rows = select_results(arena)
    return pl.DataFrame(
        (row for result in rows.iterator(2000) for row in list_rows(result)), schema=CHECKS
    )


def select_results(arena: Arena) -> QuerySet[CheckResult]:
    return (
        CheckResult.objects.filter(candidate__in=select_candidates(arena).order_by().values("pk"))
        .select_related("candidate__prompt", "candidate__competitor")
        .order_by("pk")
    )


def list_rows(result: CheckResult) -> Iterator[dict[str, object]]:
    candidate = result.candidate
    same = {
        "prompt": candidate.prompt.key,
        "category": candidate.prompt.category,
        "model": candidate.competitor.name,
        "sample": candidate.sample,
        "check": result.check_name,
        "version": result.version,
        "not_measurable": result.not_measurable,
        "copied": result.copied,
        "seconds": result.seconds,
        "cpu_seconds": result.cpu_seconds,
        "cost_usd": None if result.cost_usd is None else float(result.cost_usd),
        "created_at": result.created_at.isoformat(),
    }
    if result.not_measurable:
        yield {**same, "measure": None, "value": None, "unit": None}
    units = find_units(result.check_name)
    for name, value in result.values.items():
        yield {**same, "measure": name, "value": float(value), "unit": units.get(name)}


def find_units(check: str) -> dict[str, str]:
    """The units of the check's measures; nothing for a check that is there no more."""
    if check not in check_names():
        return {}
    return {measure.name: measure.unit for measure in make_check(check).measures}
