"""Regression evals over the API: start a run, and read what came of it."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router, Schema, Status

from arenas.candidates.tasks import sweep_soon
from arenas.competitors.models import Competitor
from metrics.api.tokens import STAFF, find_caller
from metrics.regressions.address import find_address
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.start import RunRefused, find_or_start

router = Router(tags=["regressions"], auth=STAFF)
LISTED = 100


class EvalOut(Schema):
    """An eval, and the outcome of its newest run that has one."""

    name: str
    title: str
    revision: int
    active: bool
    baseline: str
    challenger: str | None
    series: str | None
    schedule: str | None
    every: str | None
    outcome: str | None


class RunOut(Schema):
    """A run and where it stands; `outcome` is `pass`, `fail`, `needs_humans`, or none yet."""

    eval: str
    number: int
    state: str
    outcome: str | None
    reason: str
    error: str
    baseline: str
    challenger: str
    trigger: str
    started_at: str
    decided_at: str | None
    address: str


class EvalDetailOut(EvalOut):
    definition: dict[str, Any]
    runs: list[RunOut]


class RunDetailOut(RunOut):
    """`report` is complete once there is an outcome, and as of the last look before."""

    report: dict[str, Any]


class StartIn(Schema):
    challenger: str | None = None


class Problem(Schema):
    detail: str


@router.get("/regressions", response=list[EvalOut])
def list_evals(request: HttpRequest) -> list[dict[str, Any]]:
    """All regression evals. Staff only."""
    evals = RegressionEval.objects.select_related("baseline", "challenger")
    return [describe_eval(each) for each in evals]


@router.get("/regressions/{slug:name}", response=EvalDetailOut)
def show_eval(request: HttpRequest, name: str) -> dict[str, Any]:
    """One eval with its newest runs, up to 100. Staff only."""
    found = find_eval(name)
    runs = found.runs.select_related("eval", "baseline", "challenger").defer("report")[:LISTED]
    return {
        **describe_eval(found),
        "definition": found.definition,
        "runs": [describe_run(run) for run in runs],
    }


@router.get("/regressions/{slug:name}/runs/{int:number}", response=RunDetailOut)
def show_run(request: HttpRequest, name: str, number: int) -> dict[str, Any]:
    """A run with its report. Staff only."""
    runs = Run.objects.select_related("eval", "baseline", "challenger")
    run = get_object_or_404(runs, eval__name=name, number=number)
    return {**describe_run(run), "report": run.report}


@router.post("/regressions/{slug:name}/runs", response={202: RunOut, 404: Problem, 409: Problem})
def start(request: HttpRequest, name: str, wanted: StartIn | None = None) -> Any:
    """Start a run, or name the unfinished one of the same challenger. Staff only."""
    evaluation = find_eval(name)
    asked = wanted.challenger if wanted else None
    challenger = Competitor.objects.filter(name=asked).first() if asked else None
    if asked and challenger is None:
        return Status(404, {"detail": f"there is no competitor {asked!r}"})
    try:
        run, _ = find_or_start(
            evaluation,
            trigger=Run.Trigger.API,
            by=find_caller(request),
            now=timezone.now(),
            challenger=challenger,
        )
    except RunRefused as error:
        return Status(409, {"detail": str(error)})
    sweep_soon()
    return Status(202, describe_run(run))


def find_eval(name: str) -> RegressionEval:
    evals = RegressionEval.objects.select_related("baseline", "challenger")
    return get_object_or_404(evals, name=name)


def describe_eval(found: RegressionEval) -> dict[str, Any]:
    last = found.runs.exclude(outcome="").order_by("-number").values_list("outcome", flat=True)
    return {
        "name": found.name,
        "title": found.title,
        "revision": found.revision,
        "active": found.active,
        "baseline": found.baseline.name,
        "challenger": found.challenger.name if found.challenger else None,
        "series": found.series or None,
        "schedule": found.definition.get("schedule"),
        "every": found.definition.get("every"),
        "outcome": last.first(),
    }


def describe_run(run: Run) -> dict[str, Any]:
    return {
        "eval": run.eval.name,
        "number": run.number,
        "state": run.state,
        "outcome": run.outcome or None,
        "reason": run.reason,
        "error": run.error,
        "baseline": run.baseline.name,
        "challenger": run.challenger.name,
        "trigger": run.trigger,
        "started_at": run.started_at.isoformat(),
        "decided_at": run.decided_at.isoformat() if run.decided_at else None,
        "address": find_address(run),
    }
