"""When an eval's schedule fires next."""

from datetime import UTC, datetime, timedelta

from django_celery_beat.models import PeriodicTask

from metrics.regressions.models import RegressionEval
from metrics.regressions.schedule import EPOCH, FARTHEST, Crontab, names_day


def find_next(evaluation: RegressionEval, *, now: datetime) -> datetime | None:
    """The schedule's first instant after now; None where it starts nothing."""
    task = evaluation.periodic_task
    if task is None or not (task.enabled and evaluation.active):
        return None
    found = find_instant_after(task, max(now, task.start_time or now))
    return None if found and task.expires and found > task.expires else found


def find_instant_after(task: PeriodicTask, now: datetime) -> datetime | None:
    if task.crontab:
        return find_crontab_instant_after(task.crontab.schedule, now)
    if task.interval:
        period: timedelta = task.interval.schedule.run_every
        return EPOCH + ((now - EPOCH) // period + 1) * period
    if task.clocked and task.clocked.clocked_time > now:
        moment: datetime = task.clocked.clocked_time
        return moment
    return None


def find_crontab_instant_after(schedule: Crontab, now: datetime) -> datetime | None:
    """The first minute after now that the crontab names, by its own time zone."""
    local = now.astimezone(schedule.tz)
    for days in range(FARTHEST):
        day = local.date() + timedelta(days=days)
        if not names_day(schedule, day):
            continue
        for hour in sorted(schedule.hour):
            for minute in sorted(schedule.minute):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=schedule.tz)
                if moment.astimezone(UTC) > now:
                    return moment.astimezone(UTC)
    return None
