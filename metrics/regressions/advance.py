"""Advance runs: each step is found by looking, made once, and all of it or nothing.

A step is one transaction that holds the run's row. Who dies in it leaves nothing behind, the lock
included; who comes meanwhile passes by.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from arenas.battles.close import close_arena
from arenas.candidates import runs as generation
from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import select_moving
from arenas.candidates.tasks import sweep_soon
from arenas.definitions.lineage import find_taught
from arenas.definitions.models import Arena
from metrics.regressions.decide import decide
from metrics.regressions.models import Run
from metrics.regressions.prepare import prepare_arena
from metrics.regressions.report import Report
from metrics.results.run import PASSING, find_missing
from metrics.stats.verdict import Outcome

logger = logging.getLogger(__name__)
State = Run.State


class RunFailed(Exception):
    """A run that comes to nothing, whatever is tried; the message says why."""


def advance(run: Run, *, now: datetime) -> Run:
    """Take the run's next step if there is one to take and nobody is at it; the run as it is then.

    An error of the step's own is noted with the run and raised: the next try may do better.
    """
    try:
        take_step(run.pk, now)
    except RunFailed as error:
        fail(run.pk, str(error), now)
    except PASSING:
        raise
    except Exception as error:
        select_open().filter(pk=run.pk).update(error=f"{type(error).__name__}: {error}")
        raise
    return Run.objects.select_related("eval", "arena").get(pk=run.pk)


def advance_all(now: datetime) -> int:
    """A step of every unfinished run; one that fails is logged, and holds up no other."""
    runs = list(select_open().order_by("pk"))
    for run in runs:
        try:
            advance(run, now=now)
        except PASSING:
            raise
        except Exception:
            logger.exception("%s does not get on", run)
    return len(runs)


def select_open() -> QuerySet[Run]:
    return Run.objects.exclude(state__in=Run.ENDS)


@transaction.atomic
def take_step(pk: int, now: datetime) -> None:
    related = ("eval", "baseline", "challenger", "arena", "generation")
    rows = select_open().select_for_update(skip_locked=True, of=("self",))
    run = rows.select_related(*related).filter(pk=pk).first()
    if run is None:
        return
    run.error = ""
    STEPS[State(run.state)](run, now)
    run.save()


@transaction.atomic
def fail(pk: int, error: str, now: datetime) -> None:
    """End the run without an outcome. Nothing is made for its arena any more."""
    found = select_open().select_for_update(of=("self",)).select_related("arena").filter(pk=pk)
    for run in found:
        close(run, now)
        run.state, run.error = State.FAILED, error
        run.save(update_fields=["state", "error"])


@transaction.atomic
def cancel(run: Run, *, reason: str, now: datetime) -> bool:
    """End the run without an outcome; False where it had ended. What was made is kept."""
    found = select_open().select_for_update(of=("self",)).filter(pk=run.pk).first()
    if found is None:
        return False
    if found.generation:
        generation.cancel_run(found.generation, now=now)
    close(found, now)
    found.state, found.reason = State.CANCELLED, reason
    found.save()
    return True


def begin(run: Run, now: datetime) -> None:
    """Make the arena, and have made what is missing in it."""
    if waits(run):
        return
    if newer := find_newer(run):
        run.state, run.reason = State.CANCELLED, f"run {newer.number} was due before it began"
        return
    arena = prepare_arena(run, now=now)
    # The eval's prompts, or what the challenger learned from, may be others than at the start.
    if reason := find_taught(run.challenger, arena.prompts()):
        raise RunFailed(reason)
    budget = run.shape.budget.usd
    wish = generation.Wish(budget_usd=Decimal(str(budget)) if budget else None)
    by = f"regression eval {run.eval.name}"
    try:
        run.generation = generation.start_run(arena, wish, by=by, now=now)
    except generation.RunRefused as error:
        raise RunFailed(str(error)) from error
    run.state = State.GENERATING
    transaction.on_commit(sweep_soon)


def waits(run: Run) -> bool:
    """Whether a scheduled run's turn is yet to come: an earlier one is still being made."""
    busy = run.eval.runs.filter(state__in=(State.GENERATING, State.CHECKING))
    return run.trigger == Run.Trigger.SCHEDULE and busy.filter(number__lt=run.number).exists()


def find_newer(run: Run) -> Run | None:
    """Of scheduled runs that wait, only the newest is worth its money."""
    if run.trigger != Run.Trigger.SCHEDULE:
        return None
    later = run.eval.runs.filter(trigger=run.trigger, state=State.PLANNED, number__gt=run.number)
    return later.order_by("number").last()


def await_candidates(run: Run, now: datetime) -> None:
    """Go on when no candidate is being made any more, or the money for the rest is spent."""
    rows = select_candidates(find_arena(run))
    if select_moving(rows).exists():
        return
    for competitor in (run.baseline, run.challenger):
        own = rows.filter(competitor=competitor)
        if not own.exclude(status__in=Candidate.OPEN).exists():
            raise RunFailed(f"no picture of {competitor} was made")
    run.state = State.CHECKING
    await_checks(run, now)


def await_checks(run: Run, now: datetime) -> None:
    """Decide when every check of the criteria has looked at every candidate."""
    arena = find_arena(run)
    if any(find_missing(arena, name, limit=1) for name in arena.checks):
        return
    report = weigh(run, now)
    if report.asks and run.shape.budget.votes:
        ask_people(run, report, now)
    else:
        conclude(run, report, now)


def weigh(run: Run, now: datetime) -> Report:
    """What is known. Where that cannot be told it never will be, and later runs wait for this one.

    So it is where a check that is new by now has no such measure, or another range.
    """
    try:
        return decide(run, now=now)
    except ValueError as error:
        raise RunFailed(str(error)) from error


def ask_people(run: Run, report: Report, now: datetime) -> None:
    run.asked = list(report.asks)
    run.report, run.state = report.to_json(), State.VOTING
    people().plan_people(run, now=now)


def await_people(run: Run, now: datetime) -> None:
    """Look at the votes when there are enough new ones; the last ones end it in any case."""
    voting = people()
    voting.replace_lost(run)
    if not voting.is_time_to_look(run):
        return
    report = weigh(run, now)
    if voting.is_spent(run) or report.outcome != Outcome.NEEDS_HUMANS:
        conclude(run, report, now)
    else:
        run.report = report.to_json()


def conclude(run: Run, report: Report, now: datetime) -> None:
    """The outcome is frozen, and nobody is asked any more."""
    close(run, now)
    run.state, run.decided_at = State.DECIDED, now
    run.outcome, run.reason = report.outcome, report.reason
    run.report = report.to_json()


def close(run: Run, now: datetime) -> None:
    if run.arena:
        close_arena(run.arena, now=now)


def find_arena(run: Run) -> Arena:
    if run.arena is None:
        raise RunFailed("its arena is gone")
    return run.arena


def people() -> Any:
    return import_module("metrics.regressions.people")


Step = Callable[[Run, datetime], None]
STEPS: Mapping[State, Step] = {
    State.PLANNED: begin,
    State.GENERATING: await_candidates,
    State.CHECKING: await_checks,
    State.VOTING: await_people,
}
