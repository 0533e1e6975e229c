"""What the export commands share: an arena, a format, a file."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from django.core.management.base import BaseCommand, CommandError

from arenas.definitions.models import Arena
from arenas.exports.write import FORMATS, write_table
from arenas.management.arguments import add_arena, find_arena


class ExportCommand(BaseCommand):
    export: Callable[[Arena], pl.DataFrame]

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("--format", choices=FORMATS, required=True, dest="format_name")
        parser.add_argument("--output", type=Path, required=True, metavar="F")

    def handle(self, *, arena: str, format_name: str, output: Path, **_: Any) -> None:
        table = self.export(find_arena(arena))
        try:
            write_table(table, output, format_name)
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{len(table)} rows written to {output}")
