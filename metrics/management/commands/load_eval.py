from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from arenas.suites.read_yaml import BadFile
from metrics.regressions.load import load_eval
from metrics.regressions.prompts import list_prompts


class Command(BaseCommand):
    help = "Load regression evals from YAML files: all of them, or none where one has an error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *, files: list[Path], **_: Any) -> None:
        try:
            with transaction.atomic():
                loaded = [load_eval(file, now=timezone.now()) for file in files]
        except BadFile as error:
            raise CommandError(str(error)) from error
        for each in loaded:
            state = "is new" if each.is_new else "has changed" if each.changed else "is unchanged"
            found = each.evaluation
            prompts = len(list_prompts(found.suite_version, found.tags))
            against = found.challenger or f"the newest of {found.series}"
            self.stdout.write(
                f"{found.name} {state}: {prompts} prompts, {len(found.shape.criteria)} criteria, "
                f"{against} against {found.baseline}"
            )
