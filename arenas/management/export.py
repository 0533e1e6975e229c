"""What the export commands share: an arena, a format, a file."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        add_export(parser)

    def handle(self, *, arena: str, format_name: str, output: Path, **_: Any) -> None:
        table = self.export(find_arena(arena))
        with refuse_unwritable(output):
            write_table(table, output, format_name)
        self.stdout.write(f"{len(table)} rows written to {output}")


def add_export(parser: ArgumentParser) -> None:
    add_arena(parser)
    parser.add_argument("--format", choices=FORMATS, required=True, dest="format_name")
    parser.add_argument("--output", type=Path, required=True, metavar="F")


@contextmanager
def refuse_unwritable(output: Path) -> Iterator[None]:
    """Raises CommandError where the file cannot be written."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
