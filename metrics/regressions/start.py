"""The one way in which a run of a regression eval comes to be."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from arenas.competitors.models import Competitor
from arenas.definitions.lineage import find_taught
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.prompts import list_prompts


class RunRefused(ValueError):
    """A run that cannot be started so; the message says why."""


@transaction.atomic
def start_run(
    evaluation: RegressionEval,
    *,
    trigger: str,
    by: str,
    now: datetime,
    due_at: datetime | None = None,
    challenger: Competitor | None = None,
) -> Run:
    """A new run, with everything frozen that it is decided by. Raises RunRefused.

    For an instant that has a run already it is that one.
    """
    evaluation = lock(evaluation)
    if due_at and (known := evaluation.runs.filter(due_at=due_at).first()):
        return known
    chosen = challenger or find_challenger(evaluation)
    refuse_taught(evaluation, chosen)
    return create_run(
        evaluation, chosen, trigger=trigger, started_by=by, started_at=now, due_at=due_at
    )


def find_or_start(
    evaluation: RegressionEval,
    *,
    trigger: str,
    by: str,
    now: datetime,
    challenger: Competitor | None = None,
) -> tuple[Run, bool]:
    """The unfinished run of the same challenger, or a new one; and whether it is new."""
    chosen = challenger or find_challenger(evaluation)
    with transaction.atomic():
        same = lock(evaluation).runs.filter(challenger=chosen).exclude(state__in=Run.ENDS)
        if known := same.order_by("number").last():
            return known, False
        return start_run(evaluation, trigger=trigger, by=by, now=now, challenger=chosen), True


@transaction.atomic
def note_refusal(evaluation: RegressionEval, error: str, *, now: datetime, due_at: datetime) -> Run:
    """A failed run that says why nothing was done at the instant."""
    evaluation = lock(evaluation)
    if known := evaluation.runs.filter(due_at=due_at).first():
        return known
    return create_run(
        evaluation,
        find_challenger(evaluation),
        trigger=Run.Trigger.SCHEDULE,
        started_by="schedule",
        started_at=now,
        due_at=due_at,
        state=Run.State.FAILED,
        error=error,
    )


def lock(evaluation: RegressionEval) -> RegressionEval:
    """Runs of an eval are numbered one at a time."""
    return RegressionEval.objects.select_for_update().get(pk=evaluation.pk)


def create_run(evaluation: RegressionEval, challenger: Competitor, **fields: Any) -> Run:
    newest = evaluation.runs.order_by("number").last()
    return Run.objects.create(
        eval=evaluation,
        number=newest.number + 1 if newest else 1,
        definition={**evaluation.definition, "baseline": evaluation.baseline.name},
        baseline=evaluation.baseline,
        challenger=challenger,
        **fields,
    )


def find_challenger(evaluation: RegressionEval) -> Competitor:
    """The one that is named, or the series' newest: of the last step, or else the last one made."""
    if evaluation.challenger:
        return evaluation.challenger
    members = Competitor.objects.filter(series=evaluation.series)
    newest = members.order_by(F("step").desc(nulls_last=True), "-created_at", "-pk").first()
    if newest is None:
        raise RunRefused(f"no competitor is of the series {evaluation.series!r}")
    return newest


def refuse_taught(evaluation: RegressionEval, challenger: Competitor) -> None:
    """What has learned from a prompt is not tested by it. Raises RunRefused."""
    if reason := find_taught(challenger, list_prompts(evaluation.suite_version, evaluation.tags)):
        raise RunRefused(reason)
