"""Follow a regression run on a terminal until it is decided, taking its steps meanwhile."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone
from tqdm import tqdm

from arenas.candidates.progress import measure_progress
from arenas.candidates.tasks import sweep
from arenas.management.follow import describe as describe_progress
from arenas.management.follow import report_pauses
from arenas.management.worker import find_served, running_workers
from metrics.regressions.advance import advance
from metrics.regressions.decide import count_votes
from metrics.regressions.models import Run
from metrics.results.run import find_work, run_work

LOOK_SECONDS = 0.4
CHECKS = "checks"
# How long checks are run here before the run is looked at again.
TURN_SECONDS = 5.0
State = Run.State


def follow(run: Run, *, timeout: float | None, say: Callable[[str], object]) -> Run:
    """The run as it is when it has ended, or when the time is up.

    With workers for generation where none run; checks that no worker takes are run here.
    """
    until = None if timeout is None else time.monotonic() + timeout
    said: set[str] = set()
    swept: float | None = None
    bar: tqdm[Any]
    with running_workers(), tqdm(total=0, bar_format="{desc}", disable=None) as bar:
        alone = CHECKS not in find_served()
        while not run.has_ended and (until is None or time.monotonic() < until):
            run = advance(run, now=timezone.now())
            bar.set_description_str(f"{run}: {describe(run)}" if not bar.disable else "")
            if bar.disable and run.state not in said:
                said.add(run.state)
                say(f"{run}: {run.state}")
            if run.state == State.GENERATING and is_due(swept):
                sweep()
                swept = time.monotonic()
            if run.arena:
                report_pauses(run.arena, said, say)
            if not run.has_ended:
                help_on(run, alone=alone)
    return run


def is_due(swept: float | None) -> bool:
    return swept is None or time.monotonic() - swept > settings.SWEEP_SECONDS


def help_on(run: Run, *, alone: bool) -> None:
    """Measure what is missing where nobody else does, or let a moment pass."""
    if run.state == State.CHECKING and run.arena and alone:
        work = find_work([run.arena])
        run_work(work, until=time.monotonic() + TURN_SECONDS)
    else:
        time.sleep(LOOK_SECONDS)


def describe(run: Run) -> str:
    """How far the run is, in a line."""
    if run.state == State.GENERATING and run.arena:
        progress, _ = measure_progress(run.arena)
        return f"{progress.ended} of {progress.total} candidates, " + describe_progress(
            progress, run.generation
        )
    if run.state == State.CHECKING and run.arena:
        return f"checks are missing on {len(find_work([run.arena]))} candidates"
    if run.state == State.VOTING:
        return f"{count_votes(run)} of up to {run.shape.budget.votes} votes"
    return str(run.state)
