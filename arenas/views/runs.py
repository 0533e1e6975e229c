"""Generation runs: what one will cost, how it goes, and how it is stopped. Staff only."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh

from arenas.candidates.cost import Estimate
from arenas.candidates.models import GenerationRun, ServicePause
from arenas.candidates.progress import (
    Progress,
    describe_state,
    group_errors,
    is_moving,
    measure_pace,
    measure_run,
    measure_runs,
)
from arenas.candidates.resume import find_pauses, resume
from arenas.candidates.runs import (
    RunRefused,
    Wish,
    cancel_run,
    check_prices,
    estimate_run,
    find_retired,
    start_run,
)
from arenas.candidates.tasks import sweep_soon
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.views.access import staff_only

LISTED = 50
GROUPS = 20


class WishForm(forms.Form):
    """What is asked of a run."""

    budget_usd = forms.DecimalField(
        required=False, min_value=Decimal("0.01"), max_digits=12, decimal_places=6
    )
    in_batches = forms.BooleanField(required=False)
    retry_failed = forms.BooleanField(required=False)
    retry_refused = forms.BooleanField(required=False)

    @property
    def wish(self) -> Wish:
        given = self.cleaned_data
        return Wish(
            budget_usd=given["budget_usd"],
            in_batches=given["in_batches"],
            retry_failed=given["retry_failed"],
            retry_refused=given["retry_refused"],
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do; `refused` says why it cannot be started so."""

    estimates: list[Estimate]
    refused: str = ""
    retired: Sequence[Competitor] = ()

    @property
    def candidates(self) -> int:
        return sum(each.candidates for each in self.estimates)

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.estimates)

    @property
    def images(self) -> int:
        return sum(each.images for each in self.estimates)

    @property
    def usd(self) -> Decimal:
        """Of those whose price is known."""
        return sum((each.usd for each in self.estimates if each.usd is not None), Decimal(0))

    @property
    def unpriced(self) -> list[Estimate]:
        return [each for each in self.estimates if each.usd is None]


@dataclass(frozen=True, slots=True)
class Listed:
    """A run in a list."""

    run: GenerationRun
    progress: Progress
    state: str


def list_runs(arena: Arena, *, limit: int) -> list[Listed]:
    """The newest runs of the arena."""
    measured = measure_runs(list(arena.runs.all()[:limit]))
    return [Listed(run, progress, describe_state(run, progress)) for run, progress in measured]


@never_cache
@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def arena_runs(request: HttpRequest, slug: str) -> HttpResponse:
    """GET says what a run would cost, by the options in the query; POST starts it."""
    arena = get_object_or_404(Arena.objects.select_related("suite_version__suite"), slug=slug)
    if request.method == "POST":
        form = WishForm(request.POST)
        if form.is_valid():
            return begin(request, arena, form.wish)
    else:
        form = WishForm(request.GET)
    context = {
        "arena": arena,
        "form": form,
        "preview": look_ahead(arena, form.wish) if form.is_valid() else None,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "arenas/_estimate.html", context)
    context["runs"] = list_runs(arena, limit=LISTED)
    return render(
        request, "arenas/runs.html", context, status=400 if request.method == "POST" else 200
    )


def look_ahead(arena: Arena, wish: Wish) -> Preview:
    today = timezone.now().date()
    try:
        check_prices(arena, wish, today=today)
        refused = ""
    except RunRefused as error:
        refused = str(error)
    return Preview(
        estimate_run(arena, wish, today=today), refused, find_retired(arena, today=today)
    )


def begin(request: HttpRequest, arena: Arena, wish: Wish) -> HttpResponseRedirect:
    """Start the run and show it; or say why there is none."""
    try:
        run = start_run(arena, wish, by=request.user.get_username(), now=timezone.now())
    except RunRefused as error:
        messages.error(request, f"Not started: {error}.")
        return redirect("runs", arena.slug)
    if run is None:
        messages.info(request, "Nothing is missing, so there is nothing to do.")
        return redirect("runs", arena.slug)
    sweep_soon()
    messages.success(request, f"Started, with {run.candidates.count()} candidates to make.")
    return redirect("run", run.pk)


@never_cache
@vary_on_headers("HX-Request")
@require_safe
@staff_only
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """How the run goes. The page asks again for its changing part until nothing moves."""
    found = get_run(pk)
    progress, by_competitor = measure_run(found)
    moving = is_moving(found, progress)
    if request.htmx and not moving:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()
    context = {
        "run": found,
        "arena": found.arena,
        "progress": progress,
        "by_competitor": by_competitor,
        "moving": moving,
        "state": describe_state(found, progress),
        "pace": measure_pace(found, now=timezone.now()),
        "pauses": find_pauses([each for each, its in by_competitor if its.open]) if moving else [],
        "batches": found.batches.select_related("competitor").order_by("-pk")[:LISTED],
        "troubles": group_errors(found.candidates.all())[:GROUPS],
        "again": list_retries(found, progress),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "arenas/_run.html", context)
    return render(request, "arenas/run.html", context)


def get_run(pk: int) -> GenerationRun:
    """The run of this number. Raises Http404."""
    related = GenerationRun.objects.select_related("arena__suite_version__suite")
    return get_object_or_404(related, pk=min(pk, 2**63 - 1))


def list_retries(run: GenerationRun, progress: Progress) -> dict[str, str]:
    """Where the next run's estimate stands: going on, retrying failures, retrying refusals."""
    page = reverse("runs", args=[run.arena.slug])
    same = {"budget_usd": f"{run.budget_usd:f}"} if run.budget_usd is not None else {}
    same |= {"in_batches": "on"} if run.in_batches else {}
    addresses = {"on": f"{page}?{urlencode(same)}"}
    if progress.failed:
        addresses["failed"] = f"{page}?{urlencode({**same, 'retry_failed': 'on'})}"
    if progress.refused:
        addresses["refused"] = f"{page}?{urlencode({**same, 'retry_refused': 'on'})}"
    return addresses


@require_POST
@staff_only
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_run(pk)
    if cancel_run(found, now=timezone.now()):
        messages.success(request, "Cancelled. What is under way is finished and kept.")
    else:
        messages.info(request, "The run had ended before.")
    return redirect("run", found.pk)


@require_POST
@staff_only
def try_now(request: HttpRequest, pk: int, pause: int) -> HttpResponse:
    """Open a closed service; a pause that is gone already is no error."""
    found = get_run(pk)
    for each in ServicePause.objects.filter(pk=min(pause, 2**63 - 1)):
        resume(each)
        sweep_soon()
        messages.success(request, f"{each.scope} is tried again.")
    return redirect("run", found.pk)
