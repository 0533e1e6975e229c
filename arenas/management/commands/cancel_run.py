from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.candidates.models import GenerationRun
from arenas.candidates.runs import cancel_run


class Command(BaseCommand):
    help = "Begin no more calls for a generation run; what is under way is finished and kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="ID", type=int, help="its number, from `runs ARENA`")

    def handle(self, *, run: int, **_: Any) -> None:
        found = GenerationRun.objects.filter(pk=run).first() if abs(run) < 2**63 else None
        if found is None:
            raise CommandError(f"there is no run {run}")
        if cancel_run(found, now=timezone.now()):
            self.stdout.write(f"run {run} is cancelled")
        else:
            raise CommandError(f"run {run} had ended before: {found.get_state_display().lower()}")
