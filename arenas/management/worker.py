"""Workers for as long as a command waits, where none run."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app
from django.conf import settings

from arenas.candidates.tasks import IMAGES, QUEUE

GRACE_SECONDS = 20
# Celery warns at length of running as root, which is what a container does.
QUIETLY = "ignore::UserWarning:celery.platforms"


@contextmanager
def running_workers() -> Iterator[None]:
    """A worker for each queue of generation that no other worker takes messages from.

    Waiting for services must not keep images from being opened: each has processes of its own.
    """
    workers = [start_worker(queue) for queue in sorted({QUEUE, IMAGES} - find_served())]
    try:
        yield
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            end(worker)


def start_worker(queue: str) -> "subprocess.Popen[bytes]":
    processes = str(max(2, os.cpu_count() or 1))
    return subprocess.Popen(
        [
            *(sys.executable, "-W", QUIETLY, "-m", "celery", "-A", "evalsite", "worker"),
            *("--queues", queue, "--concurrency", processes),
            *("--hostname", f"{queue}{os.getpid()}@%h", "--loglevel", "WARNING"),
        ],
        env={**os.environ, "EVALSITE_LIFELINE": "command"},
        cwd=settings.ROOT,
        stdout=subprocess.DEVNULL,
    )


def end(worker: "subprocess.Popen[bytes]") -> None:
    try:
        worker.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


def find_served() -> set[str]:
    """The names of the queues that workers take messages from now."""
    by_worker = current_app.control.inspect(timeout=1).active_queues() or {}
    return {queue["name"] for queues in by_worker.values() for queue in queues}
