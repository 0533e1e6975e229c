"""Celery's door to checks and leaderboards. Metrics asks; arenas never tells."""

from celery import shared_task
from django.utils import timezone

from arenas.candidates.tasks import count_waiting
from arenas.definitions.models import Arena
from metrics.leaderboards.analyse import analyse_missing
from metrics.leaderboards.refresh import complete_boards, refresh_arena
from metrics.pairing import plan
from metrics.results import run

QUEUE = "checks"
BATCH = 8
WINDOW = 800


@shared_task(name="metrics.tasks.run_checks")
def run_checks(name: str, candidates: list[int]) -> None:
    run.run_check(name, candidates)


@shared_task(name="metrics.tasks.find_missing_checks")
def find_missing_checks() -> int:
    """Queue what no present version of a check has measured, unless the queue is still busy."""
    if count_waiting(QUEUE) > 0:
        return 0
    queued: set[tuple[str, int]] = set()
    for arena in Arena.objects.all():
        for name in arena.checks:
            missing = run.find_missing(arena, name, limit=WINDOW)
            fresh = [pk for pk in missing if (name, pk) not in queued]
            for start in range(0, len(fresh), BATCH):
                run_checks.delay(name, fresh[start : start + BATCH])
            queued.update((name, pk) for pk in fresh)
    return len(queued)


@shared_task(name="metrics.tasks.refresh_leaderboards")
def refresh_leaderboards() -> int:
    return sum(refresh_arena(arena) for arena in Arena.objects.select_related("suite_version"))


@shared_task(name="metrics.tasks.complete_leaderboards")
def complete_leaderboards() -> int:
    return complete_boards()


@shared_task(name="metrics.tasks.analyse_leaderboards")
def analyse_leaderboards() -> int:
    return analyse_missing()


@shared_task(name="metrics.tasks.plan_pairs")
def plan_pairs() -> int:
    plans = [plan.plan_pairs(arena, now=timezone.now()) for arena in Arena.objects.all()]
    return len(plans) - plans.count(None)
