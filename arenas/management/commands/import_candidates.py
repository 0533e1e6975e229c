from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.candidates.import_ import BadImport, import_candidates
from arenas.management.arguments import add_arena, find_arena


class Command(BaseCommand):
    help = "Import images made elsewhere: a folder, a zip archive or a JSON lines manifest."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("path", type=Path, metavar="PATH")

    def handle(self, *, arena: str, path: Path, **_: Any) -> None:
        try:
            done = import_candidates(find_arena(arena), path, now=timezone.now())
        except BadImport as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.new} candidates imported, {done.known} were here already")
        if done.joined:
            self.stdout.write(f"joined: {', '.join(c.name for c in done.joined)}")
