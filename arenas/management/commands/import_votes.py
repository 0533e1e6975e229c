from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.management.arguments import add_arena
from arenas.votes.files import VoteFileError
from arenas.votes.import_ import import_votes


class Command(BaseCommand):
    help = "Import votes from a CSV, JSON, JSON lines or Parquet file: all of them or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--create",
            action="store_true",
            help="make the arena, competitors, prompts and questions that are missing",
        )
        parser.add_argument(
            "--where",
            action="append",
            default=[],
            metavar="COLUMN=VALUE",
            help="only rows with this value; may be given more than once",
        )

    def handle(self, *, arena: str, file: Path, create: bool, where: list[str], **_: Any) -> None:
        try:
            done = import_votes(arena, file, create=create, where=where, now=timezone.now())
        except VoteFileError as error:
            raise CommandError(f"{file.name}: {error}") from error
        if done.is_repeat:
            self.stdout.write(f"{file.name} was imported before: nothing added")
        else:
            self.stdout.write(f"{done.added} votes imported into {done.arena.slug}")
