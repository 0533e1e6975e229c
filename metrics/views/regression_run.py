"""One run of a regression eval: its verdict, why, and the pictures behind it. Staff only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from arenas.candidates.progress import Progress, measure_progress
from arenas.views.access import staff_only
from metrics.regressions.address import find_address
from metrics.regressions.advance import cancel
from metrics.regressions.decide import count_votes
from metrics.regressions.models import Run
from metrics.regressions.reports.junit import write_junit
from metrics.regressions.reports.markdown import write_markdown
from metrics.regressions.reports.words import say_open
from metrics.regressions.unsteady import find_unsteady
from metrics.results.run import find_missing
from metrics.views.regression_pictures import list_worst
from metrics.views.regression_plot import Mark, mark

Row = Mapping[str, Any]
MIMES = {"json": "application/json", "xml": "application/xml", "md": "text/markdown"}


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion in the table: its row of the report, its interval, and why it is open."""

    row: Row
    mark: Mark | None
    open: str

    @property
    def check(self) -> str:
        """The check that it is measured by, or nothing."""
        name, _, measure = str(self.row["measure"]).partition(".")
        return name if measure else ""


@dataclass(frozen=True, slots=True)
class Asking:
    """How far people are, and where they vote."""

    used: int
    budget: int
    address: str

    @property
    def percent(self) -> int:
        return min(100 * self.used // self.budget, 100) if self.budget else 0


@never_cache
@vary_on_headers("HX-Request")
@require_safe
@staff_only
def run(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The page asks again for its changing part until there is an outcome."""
    found = get_run(name, number)
    moving = {
        "run": found,
        "progress": measure(found),
        "unchecked": count_unchecked(found),
        "asking": describe_asking(found),
    }
    if request.htmx:  # type: ignore[attr-defined]
        if found.has_ended or request.GET.get("state") != found.state:
            return HttpResponseClientRefresh()
        return render(request, "metrics/_regression_moving.html", moving)
    rows = found.report.get("criteria", [])
    context = {
        **moving,
        "report": found.report,
        "why": found.reason or found.report.get("reason") or found.error,
        "lines": [Line(row, mark(row), say_open(row)) for row in rows],
        "worst": list_worst(found, rows),
        "unsteady": find_unsteady(found) if rows else [],
        "notices": found.notices.all(),
        "generation": found.generation,
        "downloads": list(MIMES) if rows else [],
    }
    return render(request, "metrics/regression_run.html", context)


def get_run(name: str, number: int) -> Run:
    """Raises Http404."""
    related = ("eval", "baseline", "challenger", "arena", "generation")
    runs = Run.objects.select_related(*related)
    return get_object_or_404(runs, eval__name=name, number=min(number, 2**31 - 1))


def measure(found: Run) -> Progress | None:
    """How many candidates are made, while they are."""
    busy = found.state in (Run.State.GENERATING, Run.State.CHECKING)
    return measure_progress(found.arena)[0] if found.arena and busy else None


def count_unchecked(found: Run) -> int | None:
    """How many check results are still to come, once the pictures are made."""
    if found.state != Run.State.CHECKING or found.arena is None:
        return None
    arena = found.arena
    return sum(len(find_missing(arena, name)) for name in arena.checks)


def describe_asking(found: Run) -> Asking | None:
    if found.state != Run.State.VOTING or found.arena is None:
        return None
    address = settings.SITE_URL + reverse("vote", args=[found.arena.slug])
    return Asking(count_votes(found), found.shape.budget.votes, address)


@require_safe
@staff_only
def download(request: HttpRequest, name: str, number: int, form: str) -> HttpResponse:
    """The report as a file; as it stands at the last look where there is no outcome yet."""
    found = get_run(name, number)
    if form not in MIMES or not found.report:
        raise Http404("There is no such report.")
    response = HttpResponse(write(found, form), content_type=f"{MIMES[form]}; charset=utf-8")
    file = f"{name}-{number}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def write(found: Run, form: str) -> str:
    if form == "xml":
        return write_junit(found.report)
    if form == "md":
        return write_markdown(found.report, address=find_address(found))
    return json.dumps(found.report, indent=1, ensure_ascii=False) + "\n"


@require_POST
@staff_only
def cancel_run(request: HttpRequest, name: str, number: int) -> HttpResponse:
    found = get_run(name, number)
    by = request.user.get_username()
    if cancel(found, reason=f"cancelled by {by}", now=timezone.now()):
        messages.success(request, "Cancelled. What was made is kept.")
    else:
        messages.info(request, "The run had ended before.")
    return redirect("regression_run", name, number)
