from argparse import ArgumentParser
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model, Q
from django.utils import timezone

from arenas.battles.models import Battle
from arenas.candidates.models import Candidate
from arenas.raters.models import Rater
from arenas.votes.flag import FlagRefused, lift_flag, raise_flag
from arenas.votes.models import Flag, Vote

Row = TypeVar("Row", bound=Model)


class Command(BaseCommand):
    help = (
        "Flag a vote, rater, candidate or battle, so that boards leave its votes out; or lift one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        subject = parser.add_mutually_exclusive_group(required=True)
        subject.add_argument("--vote", metavar="SEQ", type=int, help="by its number in the ledger")
        subject.add_argument("--rater", metavar="KEY", help="by its key, or an import's name")
        subject.add_argument("--candidate", metavar="ID", type=int)
        subject.add_argument("--battle", metavar="ID", type=int)
        subject.add_argument("--lift", metavar="FLAG", type=int, help="a flag's id")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--by", default="command line")

    def handle(self, **options: Any) -> None:
        said = {"reason": options["reason"], "by": options["by"], "now": timezone.now()}
        try:
            if options["lift"] is not None:
                flag = find(Flag, Q(pk=options["lift"]), f"flag {options['lift']}")
                lift_flag(flag, **said)
                self.stdout.write(f"lifted flag {flag.pk}")
            else:
                flag = raise_flag(find_subject(options), rule="manual", **said)
                self.stdout.write(f"flag {flag.pk} raised; boards follow with their next refresh")
        except FlagRefused as error:
            raise CommandError(str(error)) from error


def find_subject(options: dict[str, Any]) -> Model:
    if options["vote"] is not None:
        return find(Vote, Q(seq=options["vote"]), f"vote {options['vote']}")
    if options["rater"] is not None:
        name = options["rater"]
        return find(Rater, Q(key=name) | Q(name=name), f"rater {name!r}")
    if options["candidate"] is not None:
        return find(Candidate, Q(pk=options["candidate"]), f"candidate {options['candidate']}")
    return find(Battle, Q(pk=options["battle"]), f"battle {options['battle']}")


def find(model: type[Row], condition: Q, what: str) -> Row:
    found = model._default_manager.filter(condition)[:2]
    if len(found) != 1:
        raise CommandError(f"there {'is no' if not found else 'is more than one'} {what}")
    return found[0]
