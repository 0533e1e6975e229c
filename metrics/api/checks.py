"""Results of checks over the API."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.security import django_auth_is_staff

from arenas.definitions.models import Arena
from metrics.results.export import list_rows, select_results

router = Router(tags=["checks"])
PAGE = 500


class CheckResultsOut(Schema):
    """A row for each number, as in the export; `next_after` is None on the last page."""

    rows: list[dict[str, Any]]
    next_after: int | None


@router.get(
    "/arenas/{slug:slug}/check-results", response=CheckResultsOut, auth=django_auth_is_staff
)
def list_check_results(
    request: HttpRequest, slug: str, check: str = "", after: int = 0
) -> CheckResultsOut:
    """Results of one check or all, 500 at a time, those after the result `after`. Staff only."""
    arena = get_object_or_404(Arena, slug=slug)
    results = select_results(arena).filter(pk__gt=after)
    if check:
        results = results.filter(check_name=check)
    page = list(results[:PAGE])
    return CheckResultsOut(
        rows=[row for result in page for row in list_rows(result)],
        next_after=page[-1].pk if len(page) == PAGE else None,
    )
