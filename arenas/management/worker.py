"""A worker for as long as a command waits, where none runs."""

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


@contextmanager
def running_worker() -> Iterator[None]:
    """A worker that takes the queues of generation which no other worker takes."""
    missing = {QUEUE, IMAGES} - find_served()
    if not missing:
        yield
        return
    processes = str(max(2, os.cpu_count() or 1))
    worker = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "-A", "evalsite", "worker"),
            *("--queues", ",".join(sorted(missing)), "--concurrency", processes),
            *("--hostname", f"waiting{os.getpid()}@%h", "--loglevel", "WARNING"),
        ],
        env={**os.environ, "EVALSITE_LIFELINE": "1"},
        cwd=settings.ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def find_served() -> set[str]:
    """The names of the queues that workers take messages from now."""
    by_worker = current_app.control.inspect(timeout=1).active_queues() or {}
    return {queue["name"] for queues in by_worker.values() for queue in queues}
