from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.raters.models import Rater
from arenas.votes.withdraw import withdraw


class Command(BaseCommand):
    help = "Erase the person behind a rater, as the rater's own page does; votes stay, nameless."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("key", nargs="?", metavar="KEY", help="the rater's key, or its beginning")
        who.add_argument("--participant", metavar="ID", help="a crowd platform's identifier")
        who.add_argument("--user", metavar="NAME", help="an account's name")
        parser.add_argument("--platform", metavar="NAME", help="where several have the ID")
        parser.add_argument(
            "--leave-out", action="store_true", help="take the votes off the boards, too"
        )

    def handle(self, *, leave_out: bool, **options: Any) -> None:
        rater = find_rater(options)
        if withdraw(rater, keep_votes=not leave_out, now=timezone.now()):
            self.stdout.write(f"the person behind {rater.key[:8]} is erased")
        else:
            self.stdout.write(f"{rater.key[:8]} had withdrawn before; nothing was changed")


def find_rater(options: dict[str, Any]) -> Rater:
    """The one rater that is meant. Raises CommandError."""
    names = {
        "key__startswith": options["key"],
        "person__participant": options["participant"],
        "person__platform": options["platform"],
        "person__user__username": options["user"],
    }
    wanted = {field: value for field, value in names.items() if value is not None}
    found = Rater.objects.filter(**wanted)[:2]
    if len(found) != 1 or "" in wanted.values():
        raise CommandError("more than one rater is that" if len(found) > 1 else "no rater is that")
    return found[0]
