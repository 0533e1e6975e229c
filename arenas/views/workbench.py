"""Researcher pages: what runs, what it made, what it cost. Staff only."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from django.db.models import Count, Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.exports import tables
from arenas.exports.write import FORMATS, write_table
from arenas.suites.models import PromptSuite
from arenas.views.access import staff_only

EXPORTS = {
    "votes": tables.export_votes,
    "candidates": tables.export_candidates,
    "preferences": tables.export_preferences,
}
MIMES = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}
OPEN = (Candidate.Status.PLANNED, Candidate.Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a set of candidates is, and what it cost."""

    counts: Counter[str]
    cost_usd: Decimal

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def ended(self) -> int:
        return self.total - sum(self.counts[status] for status in OPEN)

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 0

    @property
    def done(self) -> int:
        return self.counts[Candidate.Status.DONE]

    @property
    def refused(self) -> int:
        status = Candidate.Status
        return self.counts[status.REFUSED_PROMPT] + self.counts[status.REFUSED_OUTPUT]

    @property
    def failed(self) -> int:
        status = Candidate.Status
        return sum(self.counts[s] for s in (status.NO_IMAGE, status.MALFORMED, status.FAILED))


def measure_progress(arena: Arena) -> tuple[Progress, list[tuple[Competitor, Progress]]]:
    """The arena's progress as a whole and by competitor."""
    rows = (
        select_candidates(arena)
        .values_list("competitor_id", "status")
        .annotate(n=Count("pk"), cost=Sum("cost_usd"))
        .order_by()
    )
    counts: dict[int, Counter[str]] = {}
    costs: dict[int, Decimal] = {}
    for competitor, status, n, cost in rows:
        counts.setdefault(competitor, Counter())[status] += n
        costs[competitor] = costs.get(competitor, Decimal(0)) + (cost or 0)
    total: Counter[str] = Counter()
    for count in counts.values():
        total.update(count)
    by_competitor = [
        (c, Progress(counts.get(c.pk, Counter()), costs.get(c.pk, Decimal(0))))
        for c in arena.competitors()
    ]
    return Progress(total, sum(costs.values(), Decimal(0))), by_competitor


@require_safe
@staff_only
def workbench(request: HttpRequest) -> HttpResponse:
    arenas = [
        {"arena": arena, "progress": measure_progress(arena)[0], "votes": arena.votes.count()}
        for arena in Arena.objects.select_related("suite_version__suite")
    ]
    suites = PromptSuite.objects.annotate(Count("versions"))
    return render(request, "arenas/workbench.html", {"arenas": arenas, "suites": suites})


@require_safe
@staff_only
def workbench_arena(request: HttpRequest, slug: str) -> HttpResponse:
    arena = get_object_or_404(Arena.objects.select_related("suite_version__suite"), slug=slug)
    total, by_competitor = measure_progress(arena)
    rows = select_candidates(arena).select_related("prompt", "competitor")
    troubled = rows.exclude(status__in=(*OPEN, Candidate.Status.DONE)).order_by("-finished_at")
    by_source = arena.votes.order_by().values_list("source").annotate(n=Count("pk"))
    context = {
        "arena": arena,
        "total": total,
        "by_competitor": by_competitor,
        "troubled": troubled[:30],
        "by_source": sorted(by_source),
        "exports": list(EXPORTS),
        "formats": FORMATS,
        "withdrawn": arena.entries.exclude(withdrawn_at=None).select_related("competitor"),
    }
    return render(request, "arenas/workbench_arena.html", context)


@require_safe
@staff_only
def export(request: HttpRequest, slug: str, what: str, format_name: str) -> HttpResponseBase:
    """One of the raw tables as a download."""
    arena = get_object_or_404(Arena, slug=slug)
    if what not in EXPORTS or format_name not in FORMATS:
        raise Http404("There is no such export.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{arena.slug}-{what}.{format_name}"
        write_table(EXPORTS[what](arena), path, format_name)
        file = path.open("rb")  # stays readable after the folder is gone; FileResponse closes it
    return FileResponse(
        file, as_attachment=True, filename=path.name, content_type=MIMES[format_name]
    )
