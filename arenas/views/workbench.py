"""Researcher pages: what runs, what it made, what it cost. Staff only."""

import tempfile
from pathlib import Path

import polars as pl
from django.db.models import Count
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import measure_progress
from arenas.competitors.lineage import list_series, list_taught
from arenas.definitions.models import Arena
from arenas.definitions.stage import select_lasting
from arenas.exports import tables
from arenas.exports.release import take_preferences
from arenas.exports.write import FORMATS, write_table
from arenas.suites.models import PromptSuite
from arenas.views.access import staff_only
from arenas.views.runs import list_runs

EXPORTS = {
    "votes": tables.export_votes,
    "candidates": tables.export_candidates,
}
MIMES = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}


@require_safe
@staff_only
def workbench(request: HttpRequest) -> HttpResponse:
    arenas = [
        {"arena": arena, "progress": measure_progress(arena)[0], "votes": arena.votes.count()}
        for arena in select_lasting().select_related("suite_version__suite")
    ]
    suites = PromptSuite.objects.annotate(Count("versions"))
    context = {"arenas": arenas, "suites": suites, "series": list_series(), "taught": list_taught()}
    return render(request, "arenas/workbench.html", context)


@require_safe
@staff_only
def workbench_arena(request: HttpRequest, slug: str) -> HttpResponse:
    arena = get_object_or_404(Arena.objects.select_related("suite_version__suite"), slug=slug)
    total, by_competitor = measure_progress(arena)
    rows = select_candidates(arena).select_related("prompt", "competitor")
    troubled = rows.exclude(status__in=(*Candidate.OPEN, Candidate.Status.DONE)).order_by(
        "-finished_at"
    )
    by_source = arena.votes.order_by().values_list("source").annotate(n=Count("pk"))
    context = {
        "arena": arena,
        "total": total,
        "by_competitor": by_competitor,
        "troubled": troubled[:30],
        "by_source": sorted(by_source),
        "runs": list_runs(arena, limit=5),
        "exports": [*EXPORTS, "preferences"],
        "formats": FORMATS,
        "released": arena.preference_exports.all()[:5],
        "withdrawn": arena.entries.exclude(withdrawn_at=None).select_related("competitor"),
    }
    return render(request, "arenas/workbench_arena.html", context)


@require_safe
@staff_only
def export(request: HttpRequest, slug: str, what: str, format_name: str) -> HttpResponseBase:
    """One of the raw tables as a download."""
    arena = get_object_or_404(Arena, slug=slug)
    if what not in (*EXPORTS, "preferences") or format_name not in FORMATS:
        raise Http404("There is no such export.")
    if what in EXPORTS:
        table = EXPORTS[what](arena)
    else:
        by = request.user.get_username()
        table = take_preferences(arena, format_name, by=by, now=timezone.now())
    return send_table(table, f"{arena.slug}-{what}", format_name)


def send_table(table: pl.DataFrame, name: str, format_name: str) -> FileResponse:
    """The table as a file to be downloaded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.{format_name}"
        write_table(table, path, format_name)
        file = path.open("rb")  # stays readable after the folder is gone; FileResponse closes it
    return FileResponse(
        file, as_attachment=True, filename=path.name, content_type=MIMES[format_name]
    )
