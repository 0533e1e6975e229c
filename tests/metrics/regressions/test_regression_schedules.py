"""Each instant of a schedule has one run: with two beats, late messages and jumping clocks."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from arenas.competitors.models import Competitor
from evalsite.celery import OWN, app, forget_rows
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.schedule import find_due, find_instant, fire, fire_due
from metrics.tasks import advance_regressions, fire_regression
from tests.factories import NOW
from tests.metrics.regressions.nights import make_night, small_canvas

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
PERIOD = timedelta(minutes=10)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("crontab", "now", "instant"),
    [
        ("0 3 * * *", "2026-03-02T02:59", "2026-03-01T03:00"),
        ("0 3 * * *", "2026-03-02T03:00", "2026-03-02T03:00"),
        ("*/15 8-17 * * 1-5", "2026-03-02T07:00", "2026-02-27T17:45"),
        ("30 0 29 2 *", "2026-03-01T00:00", "2024-02-29T00:30"),
        ("0 0 1 1 *", "2026-12-31T23:59", "2026-01-01T00:00"),
        ("* * * * *", "2026-03-01T12:34", "2026-03-01T12:34"),
        ("0 3 * * 0", "2026-03-06T12:00", "2026-03-01T03:00"),
    ],
)
def test_the_latest_instant_of_a_crontab(crontab, now, instant):
    minute, hour, day, month, weekday = crontab.split()
    row = CrontabSchedule(
        minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday,
        timezone=ZoneInfo("UTC"),
    )  # fmt: skip
    assert find_instant(PeriodicTask(crontab=row), at(now)) == at(instant)


def test_a_crontab_in_another_zone_has_one_instant_a_day_when_clocks_change():
    row = CrontabSchedule(minute="30", hour="2", timezone=ZoneInfo("Europe/Berlin"))
    task = PeriodicTask(crontab=row)
    hours = [at("2026-10-24T00:00") + timedelta(hours=n) for n in range(73)]
    found = {find_instant(task, now) for now in hours}
    assert len(found) == 4
    hours = [at("2026-03-28T00:00") + timedelta(hours=n) for n in range(73)]
    assert len({find_instant(task, now) for now in hours}) == 4


def test_the_instants_of_an_interval_do_not_depend_on_who_fires_when():
    task = PeriodicTask(interval=IntervalSchedule(every=6, period="hours"))
    assert find_instant(task, at("2026-03-01T17:59")) == at("2026-03-01T12:00")
    assert find_instant(task, at("2026-03-01T18:00")) == at("2026-03-01T18:00")


def test_nothing_is_due_from_before_the_schedule_or_while_it_is_off(tmp_path):
    evaluation = make_night(tmp_path, schedule="0 3 * * *")
    assert find_due(evaluation, now=NOW) is None
    tomorrow = NOW + timedelta(days=1)
    assert find_due(evaluation, now=tomorrow) == at("2026-03-02T03:00")
    evaluation.periodic_task.enabled = False
    assert find_due(evaluation, now=tomorrow) is None
    evaluation.periodic_task.enabled, evaluation.active = True, False
    assert find_due(evaluation, now=tomorrow) is None


def test_a_message_that_comes_twice_makes_one_run(tmp_path):
    evaluation = make_night(tmp_path, every="6 h")
    late = NOW + timedelta(hours=7)
    first, second = fire(evaluation, now=late), fire(evaluation, now=late + timedelta(hours=1))
    assert first == second
    assert (first.trigger, first.due_at) == ("schedule", NOW + timedelta(hours=6))


def test_what_nobody_fired_is_started_by_the_sweep(tmp_path):
    make_night(tmp_path, every="6 h")
    assert [fire_due(NOW + timedelta(hours=6)) for _ in range(2)] == [1, 1]
    assert Run.objects.count() == 1


def test_what_the_table_of_beat_names_starts_runs_and_gets_them_on(tmp_path):
    make_night(tmp_path, prompts=1, every="1 min")
    RegressionEval.objects.update(scheduled_since=timezone.now() - timedelta(days=1))
    small_canvas()
    assert app.conf.beat_schedule["advance regression runs"]["task"] == advance_regressions.name
    assert advance_regressions() == 1
    assert Run.objects.get().state == "generating"


def test_a_refusal_at_an_instant_is_kept_with_it(tmp_path):
    evaluation = make_night(tmp_path, every="6 h")
    Competitor.objects.filter(name="house-v4").update(trained_on=["small"])
    later = NOW + timedelta(hours=6)
    run = fire(evaluation, now=later)
    assert (run.state, run.due_at) == ("failed", later)
    assert "was trained on an export of suite small" in run.error
    assert fire(evaluation, now=later) == run


@pytest.mark.django_db(transaction=True)
def test_a_hundred_instants_have_a_hundred_runs_with_two_beats_and_a_clock_that_jumps(tmp_path):
    """Both beats fire ten minutes long; one's clock is an hour ahead from the 30th to the 50th.

    Each message is taken in by a worker on the beat's own host, by the clock there, and every
    seventh comes twice.
    """
    evaluation = make_night(tmp_path, prompts=1, every="10 min")
    ticks = [NOW + n * PERIOD for n in range(1, 101)]

    def ahead(now: datetime) -> datetime:
        return now + timedelta(hours=1) if ticks[30] <= now < ticks[50] else now

    together = threading.Barrier(2)
    beats = [
        threading.Thread(target=run_beat, args=(evaluation, ticks, clock, together))
        for clock in (lambda now: now, ahead)
    ]
    for each in beats:
        each.start()
    for each in beats:
        each.join(60)
    runs = Run.objects.order_by("due_at")
    assert [run.due_at for run in runs] == ticks
    assert sorted(run.number for run in runs) == list(range(1, 101))


def run_beat(
    evaluation: RegressionEval,
    ticks: list[datetime],
    clock: Callable[[datetime], datetime],
    together: threading.Barrier,
) -> None:
    try:
        together.wait(30)
        for n, tick in enumerate(ticks):
            for _ in range(2 if n % 7 == 0 else 1):
                fire(evaluation, now=clock(tick))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)  # beat would close the connection of an open one
def test_two_real_beats_fire_an_instant_twice_and_it_has_one_run(tmp_path):
    evaluation = make_night(tmp_path, prompts=1, schedule="* * * * *")
    long_ago = timezone.now() - timedelta(days=1)
    RegressionEval.objects.update(scheduled_since=long_ago)
    PeriodicTask.objects.filter(pk=evaluation.periodic_task.pk).update(last_run_at=long_ago)
    fired = [task for beat in (Beat(app=app), Beat(app=app)) for task in beat.tick_for_a_while()]
    assert fired == ["metrics.tasks.fire_regression"] * 2
    instants = set(Run.objects.values_list("due_at", flat=True))
    assert Run.objects.count() == len(instants) <= 2  # a minute may begin in between


class Beat(DatabaseScheduler):  # type: ignore[misc]  # untyped
    """The scheduler that the site uses, whose messages are taken in at once."""

    def tick_for_a_while(self):
        self._finalize.cancel()  # it would write when the tests' database is gone
        self.fired: list[str] = []
        for _ in range(len(self.schedule) + 1):
            self.tick()
        return self.fired

    def apply_async(self, entry, producer=None, advance=True, **kwargs):
        assert entry.task == "metrics.tasks.fire_regression"
        fire_regression(*entry.args)
        self.fired.append(entry.task)


@pytest.mark.django_db(transaction=True)
def test_beat_takes_the_table_of_the_code_into_its_database():
    PeriodicTask.objects.create(
        name="of old", task="gone", description=OWN, interval=IntervalSchedule.objects.create(
            every=1, period="days"
        ),
    )  # fmt: skip
    beat = DatabaseScheduler(app=app)
    beat._finalize.cancel()
    forget_rows()
    rows = {row.name: row for row in PeriodicTask.objects.filter(description=OWN)}
    assert set(rows) == set(app.conf.beat_schedule) <= set(beat.schedule)
    lost = rows["find lost work"]
    assert (lost.interval.schedule.run_every.total_seconds(), lost.expire_seconds) == (1, 1)
    assert "advance regression runs" in rows


def test_beat_uses_the_scheduler_whose_schedules_staff_edit():
    assert app.conf.beat_scheduler == "django_celery_beat.schedulers:DatabaseScheduler"
