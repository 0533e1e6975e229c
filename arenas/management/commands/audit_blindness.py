import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.blindness.audit import audit
from arenas.blindness.describe import describe
from arenas.blindness.guess import TooFewPrompts
from arenas.blindness.play import NothingShown
from arenas.management.arguments import add_arena, find_arena


class Command(BaseCommand):
    help = "Try to tell an arena's competitors apart as a script in a rater's browser could."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("--serves", type=int, default=2000, help="ballots to be shown")
        parser.add_argument("--seed", type=int, default=1, help="of the attackers")

    def handle(self, *, arena: str, serves: int, seed: int, **_: Any) -> None:
        if serves < 1:
            raise CommandError("--serves must be 1 or more")
        try:
            found = audit(find_arena(arena), serves, seed=seed, now=timezone.now())
        except (NothingShown, TooFewPrompts) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(describe(found))
        if found.gives_away:
            sys.exit(1)
