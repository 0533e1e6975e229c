from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from arenas.exports.write import write_whole
from arenas.ledger.export import write_lines


class Command(BaseCommand):
    help = (
        "Write the sealed ledger as lines of JSON. `python -m arenas.ledger F` checks the file and "
        "counts from it, without this site."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, required=True, metavar="F")

    def handle(self, *, output: Path, **_: Any) -> None:
        try:
            number = write_whole(output, write_lines())
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{number} lines written to {output}")
