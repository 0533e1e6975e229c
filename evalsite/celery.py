"""The Celery application, and everything that happens by itself, as one table."""

import os
import signal
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init, worker_process_init

from evalsite.embedded import provide
from evalsite.lifeline import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalsite.settings")
provide()

from django.conf import settings  # noqa: E402  (the services' addresses must be known first)

# Generation begins calls for a minute; then one may wait for a place, and take its time.
LIMIT = round(240 + 2 * settings.CALL_SECONDS)

app = Celery("evalsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    task_soft_time_limit=LIMIT,
    task_time_limit=LIMIT + 60,
    # A message that nobody acknowledged comes back after this long. The sweeper re-queues from
    # the database sooner, and claiming a row twice is impossible, so a late copy does nothing.
    broker_transport_options={"visibility_timeout": LIMIT + 120, "socket_timeout": 30},
    broker_connection_retry_on_startup=True,
    # What waits for answers has paid for them: a broker that restarts must not end it.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    task_default_queue="default",
    task_routes={
        "arenas.candidates.tasks.generate": {"queue": "generate"},
        "arenas.candidates.tasks.send_batches": {"queue": "generate"},
        "arenas.candidates.tasks.follow_batches": {"queue": "generate"},
        "arenas.candidates.tasks.open_images": {"queue": "images"},
        "arenas.judging.tasks.ask": {"queue": "judge"},
        "arenas.judging.tasks.send_batches": {"queue": "judge"},
        "arenas.judging.tasks.follow_batches": {"queue": "judge"},
        "metrics.tasks.run_checks": {"queue": "checks"},
    },
    beat_schedule={
        # name                task                                     every, seconds
        "find lost work": {
            "task": "arenas.candidates.tasks.sweep",
            "schedule": settings.SWEEP_SECONDS,
        },
        "seal the ledger": {
            "task": "arenas.votes.tasks.seal",
            "schedule": settings.REFRESH_SECONDS,
        },
        "clear away what came to nothing": {
            "task": "arenas.votes.tasks.prune",
            "schedule": 3600,
        },
        "have judges asked": {
            "task": "arenas.judging.tasks.sweep",
            "schedule": settings.SWEEP_SECONDS,
        },
        "make gold": {
            "task": "arenas.quality.tasks.make_gold",
            "schedule": settings.SWEEP_SECONDS,
        },
        "review raters": {
            "task": "arenas.quality.tasks.review",
            "schedule": settings.SWEEP_SECONDS,
        },
        "refresh leaderboards": {
            "task": "metrics.tasks.refresh_leaderboards",
            "schedule": settings.REFRESH_SECONDS,
        },
        "complete leaderboards": {
            "task": "metrics.tasks.complete_leaderboards",
            "schedule": settings.REFRESH_SECONDS,
        },
        "analyse leaderboards": {
            "task": "metrics.tasks.analyse_leaderboards",
            "schedule": settings.SWEEP_SECONDS,
        },
        "hold court over checks and judges": {
            "task": "metrics.tasks.hold_court",
            "schedule": settings.SWEEP_SECONDS,
        },
        "plan the next pairs": {
            "task": "metrics.tasks.plan_pairs",
            "schedule": settings.REFRESH_SECONDS,
        },
        "find missing check results": {
            "task": "metrics.tasks.find_missing_checks",
            "schedule": settings.SWEEP_SECONDS,
        },
        "advance regression runs": {
            "task": "metrics.tasks.advance_regressions",
            "schedule": settings.SWEEP_SECONDS,
        },
        "send notices of regression runs": {
            "task": "metrics.tasks.send_notices",
            "schedule": settings.SWEEP_SECONDS,
        },
    },
)
# Beat keeps its table in the database, beside the schedules of regression evals: what stands here
# is written there whenever it starts, and what stood here once is taken out.
OWN = "a row of evalsite/celery.py"
for entry in app.conf.beat_schedule.values():
    # A firing that waited longer than its period is worthless: the next one does the same work.
    entry |= {"description": OWN, "options": {"expire_seconds": entry["schedule"]}}
app.conf.imports = [
    "arenas.candidates.tasks",
    "arenas.judging.tasks",
    "arenas.quality.tasks",
    "arenas.votes.tasks",
    "metrics.tasks",
]


@worker_init.connect
def load_providers(sender: Any, **_: object) -> None:
    """A worker that generates loads its providers' libraries once, for all its processes."""
    if "generate" in sender.app.amqp.queues.consume_from:
        import_module("arenas.candidates.cost").load_providers()


@beat_init.connect
def forget_rows(**_: object) -> None:
    """What is no row of the table any more is not fired any more."""
    tasks = import_module("django_celery_beat.models").PeriodicTask.objects
    tasks.filter(description=OWN).exclude(name__in=app.conf.beat_schedule).delete()


@worker_init.connect
def follow_command(**_: object) -> None:
    """A worker that a command brought ends with it, however that ends; what runs is finished."""
    if os.environ.get("EVALSITE_LIFELINE") == "command":
        die_with_parent(signal.SIGTERM)


@worker_process_init.connect
def follow_master(**_: object) -> None:
    """A child of a killed worker must not go on alone."""
    if os.environ.get("EVALSITE_LIFELINE"):
        die_with_parent()
