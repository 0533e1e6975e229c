from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from arenas.definitions.competitors import load_competitors
from arenas.suites.read_yaml import BadFile


class Command(BaseCommand):
    help = "Load competitors from YAML files: all of them, or none where one has an error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *, files: list[Path], **_: Any) -> None:
        try:
            with transaction.atomic():
                loaded = [load_competitors(file) for file in files]
        except BadFile as error:
            raise CommandError(str(error)) from error
        for file, counts in zip(files, loaded, strict=True):
            states = ", ".join(f"{counts[state]} {state}" for state in ("new", "changed"))
            self.stdout.write(f"{file.name}: {states}, {counts['unchanged']} unchanged competitors")
