from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from arenas.management.arguments import add_arena, find_arena
from metrics.checks.base import check_names
from metrics.results.run import find_missing, run_check


class Command(BaseCommand):
    help = "Measure what is missing: all of the arena's checks, or those named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("checks", nargs="*", metavar="CHECK")

    def handle(self, *, arena: str, checks: list[str], **_: Any) -> None:
        found = find_arena(arena)
        for name in checks:
            if name not in check_names():
                raise CommandError(f"unknown check {name!r} (known: {', '.join(check_names())})")
        for name in checks or found.checks:
            missing = find_missing(found, name)
            for candidate in tqdm(missing, desc=name, unit="candidate", disable=None):
                run_check(name, [candidate])
            self.stdout.write(f"{name}: {len(missing)} candidates measured")
