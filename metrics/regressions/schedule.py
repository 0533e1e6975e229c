"""When runs are due, and that each instant of a schedule has one run, whoever fires it.

A firing only says that something is due: which instant that is follows from the schedule and the
clock alone, and the database has one row for it. So neither a second beat, nor a message that
comes twice, nor a clock that jumps makes another run.
"""

import json
import logging
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Protocol

from django_celery_beat.models import (
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.shape import EvalShape
from metrics.regressions.start import RunRefused, note_refusal, start_run

logger = logging.getLogger(__name__)
TASK = "metrics.tasks.fire_regression"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FARTHEST = 8 * 366  # days; the 29th of February may be so far apart
KEYS = ("schedule", "every")


class Crontab(Protocol):
    """What Celery reads a crontab into: the numbers of each field, and its time zone."""

    minute: set[int]
    hour: set[int]
    day_of_month: set[int]
    month_of_year: set[int]
    day_of_week: set[int]
    tz: tzinfo


def set_schedule(evaluation: RegressionEval, before: dict[str, Any], *, now: datetime) -> None:
    """Have beat fire as the definition says, where that is new.

    What staff changed since stays while the file says what it said `before`.
    """
    definition = evaluation.definition
    if evaluation.periodic_task and all(definition.get(k) == before.get(k) for k in KEYS):
        return
    old, evaluation.periodic_task = evaluation.periodic_task, None
    if any(definition.get(key) for key in KEYS):
        evaluation.periodic_task = save_task(evaluation, old)
        evaluation.scheduled_since = now
    elif old:
        old.delete()


def save_task(evaluation: RegressionEval, old: PeriodicTask | None) -> PeriodicTask:
    task = old or PeriodicTask(name=f"regression eval {evaluation.name}", task=TASK)
    task.args = json.dumps([evaluation.pk])
    task.crontab, task.interval = make_schedule(EvalShape.model_validate(evaluation.definition))
    task.solar = task.clocked = None
    task.save()
    return task


def make_schedule(shape: EvalShape) -> tuple[CrontabSchedule | None, IntervalSchedule | None]:
    if shape.schedule is not None:
        minute, hour, day, month, weekday = shape.schedule.split()
        fields = {
            "minute": minute, "hour": hour, "day_of_month": day, "month_of_year": month,
            "day_of_week": weekday, "timezone": "UTC",
        }  # fmt: skip
        # Staff may have made the same more than once.
        known = CrontabSchedule.objects.filter(**fields).first()
        return known or CrontabSchedule.objects.create(**fields), None
    minutes = int((shape.period or timedelta()).total_seconds() // 60)
    same = IntervalSchedule.objects.filter(every=minutes, period="minutes").first()
    return None, same or IntervalSchedule.objects.create(every=minutes, period="minutes")


def fire(evaluation: RegressionEval, *, now: datetime) -> Run | None:
    """The run of the latest instant that is due, started where there is none; or None."""
    due_at = find_due(evaluation, now=now)
    if due_at is None:
        return None
    known = evaluation.runs.filter(due_at=due_at).first()
    if known:
        return known
    try:
        return start_run(evaluation, trigger="schedule", by="schedule", now=now, due_at=due_at)
    except RunRefused as error:
        return note_refusal(evaluation, str(error), now=now, due_at=due_at)


def fire_due(now: datetime) -> int:
    """Start what is due and nobody fired: a message may be lost, and a beat's clock be wrong."""
    scheduled = RegressionEval.objects.filter(active=True, periodic_task__isnull=False)
    fired = 0
    for evaluation in scheduled.select_related("periodic_task"):
        try:
            fired += fire(evaluation, now=now) is not None
        except Exception:
            logger.exception("whether %s is due cannot be told", evaluation.name)
    return fired


def find_due(evaluation: RegressionEval, *, now: datetime) -> datetime | None:
    """The schedule's latest instant up to now; None where none is since it was set."""
    task = evaluation.periodic_task
    if task is None or not (task.enabled and evaluation.active):
        return None
    since = max(filter(None, (evaluation.scheduled_since, task.start_time)), default=EPOCH)
    until = min(filter(None, (now, task.expires)))
    due_at = find_instant(task, until)
    return due_at if due_at and due_at > since else None


def find_instant(task: PeriodicTask, now: datetime) -> datetime | None:
    """The latest instant up to now; intervals are counted from 1970 on, in UTC."""
    if task.crontab:
        return find_crontab_instant(task.crontab.schedule, now)
    if task.interval:
        period: timedelta = task.interval.schedule.run_every
        return EPOCH + (now - EPOCH) // period * period
    if task.clocked:
        moment: datetime = task.clocked.clocked_time
        return moment if moment <= now else None
    raise ValueError(f"{task.name}: a schedule by the sun has no instants here")


def find_crontab_instant(schedule: Crontab, now: datetime) -> datetime | None:
    """The latest minute up to now that the crontab names, by its own time zone."""
    local = now.astimezone(schedule.tz)
    for days in range(FARTHEST):
        day = local.date() - timedelta(days=days)
        if not names_day(schedule, day):
            continue
        for hour in sorted(schedule.hour, reverse=True):
            for minute in sorted(schedule.minute, reverse=True):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=schedule.tz)
                instant = moment.astimezone(UTC)
                if instant <= now:
                    return instant
    return None


def names_day(schedule: Crontab, day: date) -> bool:
    """Where both days of the month and of the week are named, both must be right."""
    return (
        day.month in schedule.month_of_year
        and day.day in schedule.day_of_month
        and day.isoweekday() % 7 in schedule.day_of_week
    )
