"""Regression evals: which there are, how they went, and what they ask. Staff only."""

from dataclasses import dataclass
from datetime import datetime

import yaml
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from arenas.candidates.tasks import sweep_soon
from arenas.suites.read_yaml import BadFile
from arenas.views.access import staff_only
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.promote import PromotionRefused, promote
from metrics.regressions.rewrite import rewrite
from metrics.regressions.start import RunRefused, find_or_start
from metrics.regressions.upcoming import find_next
from metrics.regressions.webhook import read_secret
from metrics.views.regression_plot import Seen, draw_trends

# Runs in the table, and in the plots.
LISTED, DRAWN = 30, 40
EXAMPLE = """\
name: nightly
suite: demo-core
baseline: house-v3
challenger: house-v4
criteria:
  - {measure: refusal_rate, margin: 2}
  - {measure: human, margin: 5}
schedule: "0 3 * * *"
budget: {usd: 5, votes: 400}
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """An eval with its newest runs: the last that came to an outcome, and what goes on now."""

    evaluation: RegressionEval
    last: Run | None
    now: Run | None
    next_at: datetime | None


class DefinitionForm(forms.Form):
    """An eval's file, as text; `revision` is that which the text was made from."""

    text = forms.CharField(max_length=100_000, strip=False)
    revision = forms.IntegerField(required=False, min_value=0)


class BlessForm(forms.Form):
    run = forms.IntegerField(min_value=1)
    reason = forms.CharField(max_length=2000)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def evals(request: HttpRequest) -> HttpResponse:
    """GET lists them; POST adds one from a text."""
    text, error = EXAMPLE, ""
    if request.method == "POST":
        text = request.POST.get("text", "")
        error, saved = save(DefinitionForm(request.POST), None)
        if saved:
            messages.success(request, f"{saved.name} is new.")
            return redirect("regression_eval", saved.name)
    context = {"listed": list_evals(timezone.now()), "text": text, "error": error}
    return render(request, "metrics/regressions.html", context, status=400 if error else 200)


def list_evals(now: datetime) -> list[Listed]:
    related = ("baseline", "challenger", "periodic_task__crontab", "periodic_task__interval")
    return [
        Listed(
            each,
            last=each.runs.exclude(outcome="").defer("report").first(),
            now=each.runs.exclude(state__in=Run.ENDS).defer("report").first(),
            next_at=find_next(each, now=now),
        )
        for each in RegressionEval.objects.select_related(*related)
    ]


@never_cache
@require_safe
@staff_only
def evaluation(request: HttpRequest, name: str) -> HttpResponse:
    return show(request, get_eval(name))


def show(
    request: HttpRequest, found: RegressionEval, *, text: str = "", error: str = ""
) -> HttpResponse:
    runs = found.runs.select_related("baseline", "challenger").defer("report", "definition")
    decided = [run for run in runs[:LISTED] if run.outcome]
    context = {
        "eval": found,
        "runs": runs[:LISTED],
        "last": next(iter(decided), None),
        "decided": decided,
        "chosen": request.GET.get("run", ""),
        "trends": draw_trends(read_history(found)),
        "promotions": found.promotions.select_related("before", "after", "run"),
        "next_at": find_next(found, now=timezone.now()),
        "text": text or write_definition(found),
        "error": error,
        "secret": read_secret() if found.shape.notify.webhook else "",
    }
    return render(request, "metrics/regression_eval.html", context, status=400 if error else 200)


def get_eval(name: str) -> RegressionEval:
    """Raises Http404."""
    related = ("baseline", "challenger", "suite_version__suite", "periodic_task")
    return get_object_or_404(RegressionEval.objects.select_related(*related), name=name)


def read_history(found: RegressionEval) -> dict[str, list[Seen]]:
    """By criterion, what the newest runs found, the oldest first."""
    decided = found.runs.exclude(outcome="").order_by("-number")
    rows = decided.values_list("number", "baseline__name", "report__criteria")[:DRAWN]
    seen: dict[str, list[Seen]] = {}
    for number, baseline, criteria in reversed(rows):
        for row in criteria or []:
            if row["mean"] is not None:
                seen.setdefault(row["name"], []).append(Seen(number, baseline, row))
    return seen


def write_definition(found: RegressionEval) -> str:
    """As a file would have it now: in its order, and with the baseline that is in force."""
    definition = found.shape.model_dump(mode="json", exclude_unset=True)
    definition["baseline"] = found.baseline.name
    return str(yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=88))


@require_POST
@staff_only
def start(request: HttpRequest, name: str) -> HttpResponse:
    try:
        run, is_new = find_or_start(
            get_eval(name),
            trigger=Run.Trigger.PAGE,
            by=request.user.get_username(),
            now=timezone.now(),
        )
    except RunRefused as error:
        messages.error(request, f"Not started: {error}.")
        return redirect("regression_eval", name)
    sweep_soon()
    if not is_new:
        messages.info(request, "This run is under way already.")
    return redirect("regression_run", name, run.number)


@require_POST
@staff_only
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """A new revision, or the text again with what is wrong in it."""
    found = get_eval(name)
    error, saved = save(DefinitionForm(request.POST), found)
    if saved is None:
        return show(request, found, text=request.POST.get("text", ""), error=error)
    if saved.revision == found.revision:
        messages.info(request, "Nothing has changed.")
    else:
        messages.success(request, f"Saved as revision {saved.revision}. Its next run goes by it.")
    return redirect("regression_eval", name)


def save(form: DefinitionForm, found: RegressionEval | None) -> tuple[str, RegressionEval | None]:
    """What is wrong, or the eval as it is now."""
    if not form.is_valid():
        return "A definition is expected.", None
    given = form.cleaned_data
    try:
        return "", rewrite(given["text"], found, revision=given["revision"], now=timezone.now())
    except BadFile as error:
        return str(error), None


@require_POST
@staff_only
def bless(request: HttpRequest, name: str) -> HttpResponse:
    """A run's challenger becomes the baseline."""
    found, form = get_eval(name), BlessForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say which run speaks for it, and why.")
        return redirect("regression_eval", name)
    given = form.cleaned_data
    run = get_object_or_404(found.runs.select_related("eval", "challenger"), number=given["run"])
    try:
        promotion = promote(
            found, run.challenger, by=request.user.get_username(), reason=given["reason"],
            now=timezone.now(), run=run,
        )  # fmt: skip
        messages.success(request, f"The baseline is {promotion.after} from the next run on.")
    except PromotionRefused as error:
        messages.error(request, f"Not changed: {error}.")
    return redirect("regression_eval", name)
