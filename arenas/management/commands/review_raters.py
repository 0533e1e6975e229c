from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from arenas.management.arguments import add_arena, find_arena
from arenas.quality.suspect import review_arena
from arenas.quality.table import list_rows
from arenas.votes.count import seal_and_fold


class Command(BaseCommand):
    help = "Review all raters of an arena now, flag by its rules, and say what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)

    def handle(self, *, arena: str, **_: Any) -> None:
        found = find_arena(arena)
        seal_and_fold(timezone.now())
        review_arena(found, now=timezone.now())
        rows = list_rows(found, sort="votes", falling=True)
        for row in rows:
            shares, said = row.shares, [*row.flags, *(f"{name}?" for name in row.findings)]
            self.stdout.write(
                f"{row.rater.key}  {row.figures.votes} votes, gold {shares.golds}, "
                f"repeats {shares.repeats}, mirrors {shares.mirrors}, left {shares.left}, "
                f"with others {shares.agreement}: {', '.join(said) or 'nothing'}"
            )
        if not rows:
            self.stdout.write("nobody has voted")
