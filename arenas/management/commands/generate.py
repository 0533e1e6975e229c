import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from arenas.candidates.models import Candidate
from arenas.candidates.plan import plan_candidates, select_candidates
from arenas.candidates.tasks import sweep
from arenas.definitions.models import Arena
from arenas.management.arguments import add_arena, find_arena

UNFINISHED = (Candidate.Status.PLANNED, Candidate.Status.RUNNING)


class Command(BaseCommand):
    help = "Plan the arena's missing candidates and let workers generate them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument(
            "--wait",
            action="store_true",
            help="show progress until all are done, with a worker of its own where none runs",
        )

    def handle(self, *, arena: str, wait: bool, **_: Any) -> None:
        found = find_arena(arena)
        planned = plan_candidates(found)
        queued = sweep()
        self.stdout.write(f"{planned} candidates planned, {queued} queued")
        if not wait:
            return
        with running_worker():
            wait_for_all(found)
        self.report(found)

    def report(self, arena: Arena) -> None:
        """Say how all ended; exit 1 when some failed."""
        rows = select_candidates(arena)
        counts = Counter(rows.values_list("status", flat=True))
        self.stdout.write(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
        failed = rows.filter(status=Candidate.Status.FAILED).select_related("prompt", "competitor")
        for candidate in failed[:10]:
            self.stderr.write(f"{candidate} failed: {candidate.reason}")
        if counts[Candidate.Status.FAILED]:
            sys.exit(1)


def wait_for_all(arena: Arena) -> None:
    """Follow the rows until none is open, and find lost work meanwhile as the sweeper does."""
    rows = select_candidates(arena)
    total = rows.count()
    swept = time.monotonic()
    with tqdm(total=total, unit="candidate", disable=None) as bar:
        while open_rows := rows.filter(status__in=UNFINISHED).count():
            bar.update(total - open_rows - bar.n)
            if time.monotonic() - swept > settings.SWEEP_SECONDS:
                sweep()
                swept = time.monotonic()
            time.sleep(0.3)
        bar.update(total - bar.n)


@contextmanager
def running_worker() -> Iterator[None]:
    """A worker for as long as this lasts, unless one answers already."""
    if current_app.control.ping(timeout=1):
        yield
        return
    command = [sys.executable, "-m", "celery", "-A", "evalsite", "worker", "-Q", "generate"]
    worker = subprocess.Popen(
        [*command, "--loglevel", "WARNING", "--concurrency", str(os.cpu_count() or 1)],
        env={**os.environ, "EVALSITE_LIFELINE": "1"},
        cwd=settings.ROOT,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(timeout=20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
