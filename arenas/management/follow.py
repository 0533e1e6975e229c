"""Follow generation on a terminal until nothing moves any more."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils import timezone
from tqdm import tqdm

from arenas.candidates.models import GenerationRun
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import Progress, measure_progress, measure_run, select_moving
from arenas.candidates.resume import find_pauses
from arenas.candidates.tasks import sweep
from arenas.definitions.models import Arena

LOOK_SECONDS = 0.4


def follow(arena: Arena, run: GenerationRun | None, *, say: Callable[[str], object]) -> None:
    """Show a bar, and find lost work meanwhile as the sweeper does.

    Ends when nothing of the arena is open, or when what is open waits for another run.
    """
    moving = select_moving(select_candidates(arena))
    said: set[str] = set()
    swept = time.monotonic()
    bar: tqdm[Any]
    with tqdm(total=0, unit="candidate", disable=None) as bar:
        going_on = True
        while going_on:
            going_on = moving.exists()
            show(bar, arena, run)
            report_pauses(arena, said, say)
            if going_on and time.monotonic() - swept > settings.SWEEP_SECONDS:
                sweep()
                swept = time.monotonic()
            time.sleep(LOOK_SECONDS if going_on else 0)


def show(bar: "tqdm[Any]", arena: Arena, run: GenerationRun | None) -> None:
    if bar.disable:
        return
    progress, _ = measure_progress(arena)
    bar.total = progress.total
    bar.set_postfix_str(describe(progress, run), refresh=False)
    bar.update(progress.ended - bar.n)
    bar.refresh()


def describe(progress: Progress, run: GenerationRun | None) -> str:
    counts = f"{progress.done} done, {progress.refused} refused, {progress.failed} failed"
    cost = describe_cost(run)
    return f"{counts}, {cost}" if cost else counts


def describe_cost(run: GenerationRun | None) -> str:
    """What the run has cost, of its budget; nothing where it cost nothing."""
    if run is None:
        return ""
    progress, _ = measure_run(run)
    if not progress.cost_usd and run.budget_usd is None:
        return ""
    of_budget = f" of ${run.budget_usd:.2f}" if run.budget_usd is not None else ""
    guessed = f", ${progress.estimated_usd:.4f} of it estimated" if progress.estimated_usd else ""
    return f"${progress.cost_usd:.4f}{of_budget}{guessed}"


def report_pauses(arena: Arena, said: set[str], say: Callable[[str], object]) -> None:
    """Say of each closed service once why nothing comes from it: waiting may be long."""
    now = timezone.now()
    for pause in find_pauses(arena.competitors().filter(candidates__status="planned").distinct()):
        if pause.scope not in said and pause.until > now:
            said.add(pause.scope)
            say(f"{pause.scope} is paused until {pause.until:%H:%M} UTC: {pause.reason}")
