"""Celery's door to checks and leaderboards. Metrics asks; arenas never tells."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from celery import shared_task
from django.utils import timezone

from arenas.battles.models import PairPlan
from arenas.candidates.tasks import count_waiting
from arenas.definitions.models import Arena
from arenas.definitions.stage import select_lasting
from metrics.court.decide import hold_due
from metrics.leaderboards.analyse import analyse_missing
from metrics.leaderboards.refresh import complete_boards, refresh_arena
from metrics.pairing import plan
from metrics.regressions.advance import advance_all
from metrics.regressions.models import RegressionEval
from metrics.regressions.notify import notify_all
from metrics.regressions.schedule import fire, fire_due
from metrics.results.run import PASSING, Work, find_work, run_work

logger = logging.getLogger(__name__)

QUEUE = "checks"
BATCH = 8
WINDOW = 800
TURN_SECONDS = 120.0
Made = TypeVar("Made")


@shared_task(name="metrics.tasks.run_checks")
def run_checks(work: list[tuple[int, list[str]]]) -> None:
    """Measure for a while; what is left then waits its turn again."""
    asked = [Work(pk, tuple(names)) for pk, names in work]
    if left := run_work(asked, until=time.monotonic() + TURN_SECONDS):
        queue_checks(left)


def queue_checks(work: Sequence[Work]) -> None:
    for start in range(0, len(work), BATCH):
        batch = work[start : start + BATCH]
        run_checks.delay([(each.candidate, list(each.checks)) for each in batch])


@shared_task(name="metrics.tasks.find_missing_checks")
def find_missing_checks() -> int:
    """Queue what no present version of a check has measured, unless the queue is still busy."""
    if count_waiting(QUEUE) > 0:
        return 0
    work = find_work(select_lasting(), limit=WINDOW)
    queue_checks(work)
    return len(work)


@shared_task(name="metrics.tasks.refresh_leaderboards")
def refresh_leaderboards() -> int:
    return sum(do_for_each(refresh_arena))


@shared_task(name="metrics.tasks.complete_leaderboards")
def complete_leaderboards() -> int:
    return complete_boards()


@shared_task(name="metrics.tasks.analyse_leaderboards")
def analyse_leaderboards() -> int:
    return analyse_missing()


@shared_task(name="metrics.tasks.hold_court")
def hold_court() -> int:
    return hold_due()


@shared_task(name="metrics.tasks.plan_pairs")
def plan_pairs() -> int:
    plans = do_for_each(plan_lasting)
    return len(plans) - plans.count(None)


def plan_lasting(arena: Arena) -> PairPlan | None:
    """An arena that is there for a while has battles of its own, if any, and no plan of pairs."""
    return None if arena.temporary else plan.plan_pairs(arena, now=timezone.now())


@shared_task(name="metrics.tasks.fire_regression")
def fire_regression(eval_pk: int) -> None:
    """What beat sends for an eval's schedule: which instant is due, the clock here says."""
    evaluation = RegressionEval.objects.select_related("periodic_task").filter(pk=eval_pk).first()
    if evaluation:
        fire(evaluation, now=timezone.now())


@shared_task(name="metrics.tasks.advance_regressions")
def advance_regressions() -> int:
    """Start what is due and was not fired, and take a step of every run that is not finished."""
    fire_due(timezone.now())
    return advance_all(timezone.now())


@shared_task(name="metrics.tasks.send_notices")
def send_notices() -> int:
    return notify_all(timezone.now)


def do_for_each(make: Callable[[Arena], Made]) -> list[Made]:
    """What is made for each arena; one that fails is logged and holds up no other."""
    made = []
    for arena in select_lasting().select_related("suite_version"):
        try:
            made.append(make(arena))
        except PASSING:
            raise
        except Exception:
            logger.exception("nothing is made for %s", arena.slug)
    return made
