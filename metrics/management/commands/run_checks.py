from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from arenas.management.arguments import add_arena, find_arena
from metrics.checks.base import check_names
from metrics.results.run import find_work, forget_troubles, run_work


class Command(BaseCommand):
    help = "Measure what is missing: all of the arena's checks, or those named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("checks", nargs="*", metavar="CHECK")
        parser.add_argument(
            "--retry", action="store_true", help="also where a check failed or took too long"
        )

    def handle(self, *, arena: str, checks: list[str], retry: bool, **_: Any) -> None:
        found = find_arena(arena)
        for name in checks:
            if name not in check_names():
                raise CommandError(f"unknown check {name!r} (known: {', '.join(check_names())})")
        if retry:
            forget_troubles(found, checks)
        made: Counter[str] = Counter()
        for work in tqdm(find_work([found], checks), unit="candidate", disable=None):
            run_work([work])
            made.update(work.checks)
        for name in checks or found.checks:
            self.stdout.write(f"{name}: {made[name]} candidates measured")
