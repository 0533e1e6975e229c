from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.definitions.models import Arena
from arenas.exports.card import count_kinds
from arenas.exports.preferences import PEOPLE, Wanted
from arenas.exports.release import Asked, Released, release_preferences
from arenas.exports.split import Split
from arenas.management.arguments import find_arena
from arenas.management.export import add_export, refuse_unwritable
from arenas.raters.models import RaterKind


class Command(BaseCommand):
    help = (
        "Write the arena's preference pairs as CSV, JSON lines or Parquet, with a card beside them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_export(parser)
        add = parser.add_argument
        add("--question", default="", metavar="Q", help="only votes on this question")
        add("--category", default="", metavar="C", help="only prompts of this category")
        add(
            "--min-votes", type=read_count, default=1, metavar="N",
            help="only pairs of candidates with so many votes",
        )  # fmt: skip
        add(
            "--min-agreement", type=read_share, default=0.0, metavar="A",
            help="only pairs where so large a share of the votes chose the same, such as 0.7",
        )  # fmt: skip
        add(
            "--split", type=read_share, metavar="SHARE",
            help="hold out about this share of the prompts for testing, in a file of their own",
        )  # fmt: skip
        add("--seed", type=int, metavar="S", help="of the split (default 0)")
        add(
            "--raters", type=read_kinds, default=PEOPLE, metavar="KINDS",
            help=f"whose votes, separated by commas (default {','.join(PEOPLE)})",
        )  # fmt: skip
        add("--votes", action="store_true", help="a row for each vote, not for each pair")

    def handle(self, *, arena: str, **options: Any) -> None:
        found, asked = find_arena(arena), read_asked(options)
        check_known(found, asked.wanted)
        with refuse_unwritable(asked.output):
            released = release_preferences(found, asked, by="command line", now=timezone.now())
        for path, rows in released.rows.items():
            self.stdout.write(f"{rows} rows written to {path}")
        for warning in list_warnings(released):
            self.stderr.write(warning)


def read_asked(options: dict[str, Any]) -> Asked:
    share, seed = options["split"], options["seed"]
    if seed is not None and share is None:
        raise CommandError("--seed goes with --split")
    if share is not None and not 0 < share < 1:
        raise CommandError("--split: a share between 0 and 1 is expected, such as 0.1")
    wanted = Wanted(
        question=options["question"],
        category=options["category"],
        raters=options["raters"],
        least_votes=options["min_votes"],
        least_agreement=options["min_agreement"],
        by_vote=options["votes"],
    )
    split = None if share is None else Split(share, seed or 0)
    return Asked(options["output"], options["format_name"], wanted, split)


def check_known(arena: Arena, wanted: Wanted) -> None:
    """A question or category that is not there is an error, not an empty file."""
    questions = set(arena.questions.filter(form="pair").values_list("key", flat=True))
    categories = set(arena.votes.order_by().values_list("prompt__category", flat=True).distinct())
    categories |= set(arena.prompts().values_list("category", flat=True))
    for name, asked, known in (
        ("question about pairs", wanted.question, questions),
        ("category", wanted.category, categories),
    ):
        if asked and asked not in known:
            names = ", ".join(sorted(filter(None, known))) or "none"
            raise CommandError(f"{arena.slug} has no {name} {asked!r} (known: {names})")


def list_warnings(released: Released) -> list[str]:
    """What a reader of an empty file would ask."""
    others = count_kinds(released.made.read.other_kinds)
    said = []
    if not released.made.prompts and others:
        said.append(f"no row: all votes are of other raters ({others}); --raters names them")
    elif 0 in released.rows.values() and released.made.prompts:
        said.append("one part of the split is empty: there are too few prompts for this share")
    return said


def read_count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a number from 1 up is expected")
    return int(text)


def read_share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError("a number from 0 to 1 is expected")
    return share


def read_kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(text.split(",")))
    if not set(kinds) <= set(RaterKind.values):
        raise ArgumentTypeError(f"kinds of raters are {', '.join(RaterKind.values)}")
    return kinds
