from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from arenas.competitors.models import EXTERNAL
from arenas.definitions.load import load_arena
from arenas.definitions.models import Arena
from arenas.suites.read_yaml import BadFile


class Command(BaseCommand):
    help = "Load arenas from YAML files: all of them, or none where one has an error."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *, files: list[Path], **_: Any) -> None:
        try:
            with transaction.atomic():
                loaded = [load_arena(file, now=timezone.now()) for file in files]
        except BadFile as error:
            raise CommandError(str(error)) from error
        for each in loaded:
            state = "is new" if each.is_new else "has changed" if each.changed else "is unchanged"
            arena = each.arena
            self.stdout.write(
                f"{arena.slug} {state}: {arena.prompts().count()} prompts, "
                f"{arena.competitors().count()} competitors{describe_external(arena)}"
            )


def describe_external(arena: Arena) -> str:
    """How many are not generated for: a name that was meant to be known shows here."""
    external = arena.competitors().filter(provider=EXTERNAL).count()
    return f" ({external} made elsewhere)" if external else ""
