from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from arenas.candidates.progress import describe_state, measure_runs
from arenas.management.arguments import add_arena, find_arena


class Command(BaseCommand):
    help = "List the arena's generation runs, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)

    def handle(self, *, arena: str, **_: Any) -> None:
        measured = measure_runs(list(find_arena(arena).runs.all()))
        for run, progress in measured:
            budget = f" of ${run.budget_usd:.2f}" if run.budget_usd is not None else ""
            self.stdout.write(
                f"{run.pk}  {run.started_at:%Y-%m-%d %H:%M}  {describe_state(run, progress)}: "
                f"{progress.ended} of {progress.total} ended, {progress.failed} failed, "
                f"${progress.cost_usd:.4f}{budget}, started by {run.started_by or 'nobody'}"
            )
        if not measured:
            self.stdout.write("no run has been started")
