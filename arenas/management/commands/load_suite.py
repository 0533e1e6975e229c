from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from arenas.suites.load import load_suite
from arenas.suites.read_yaml import BadFile


class Command(BaseCommand):
    help = "Load prompt suites from YAML files: all of them, or none where one has an error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *, files: list[Path], **_: Any) -> None:
        try:
            with transaction.atomic():
                loaded = [load_suite(file) for file in files]
        except BadFile as error:
            raise CommandError(str(error)) from error
        for each in loaded:
            state = "is new" if each.is_new else "is unchanged"
            prompts = each.version.entries.count()
            self.stdout.write(f"{each.version} {state}: {prompts} prompts")
            newest = each.version.suite.versions.latest("number")
            if newest != each.version:
                pin = f"{each.version.suite.name}@{each.version.number}"
                self.stdout.write(f"{newest} is newer; an arena pins this one as `suite: {pin}`")
