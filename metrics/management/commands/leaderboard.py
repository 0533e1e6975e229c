import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.definitions.models import Arena, Question
from arenas.management.arguments import add_arena, find_arena
from arenas.raters.models import RaterKind
from arenas.votes.count import seal_and_fold
from metrics.leaderboards.board import read_board
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.refresh import board_categories
from metrics.leaderboards.table import FORMATS, describe_rows, format_snapshot, write_snapshot
from metrics.stats.methods.base import NotConverged, method_names


class Command(BaseCommand):
    help = "Build a snapshot of a leaderboard from all votes cast so far, and print it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("--question", metavar="Q", help="a question's id (the first one)")
        parser.add_argument("--category", metavar="C", default="", help="only these prompts")
        parser.add_argument(
            "--method",
            choices=method_names(),
            help="bradley_terry unless given; plackett_luce rates orders of several pictures",
        )
        parser.add_argument(
            "--raters",
            metavar="KINDS",
            help=f"whose votes count, with commas: {', '.join(RaterKind.values)} (the arena's own)",
        )
        parser.add_argument("--flagged", default="exclude", choices=["exclude", "include"])
        parser.add_argument(
            "--prompts",
            default="sample",
            choices=["sample", "fixed"],
            help="what intervals speak of: prompts like these, or these very ones",
        )
        parser.add_argument("--format", default="table", choices=FORMATS, dest="format_name")
        parser.add_argument("--output", type=Path, metavar="F", help="a file instead of the screen")

    def handle(self, *, arena: str, format_name: str, output: Path | None, **options: Any) -> None:
        if format_name == "parquet" and output is None:
            raise CommandError("parquet needs --output F")
        found = find_arena(arena)
        question = find_question(found, options["question"])
        if options["method"] and question.form == Question.Form.EACH:
            raise CommandError(f"{question.key} asks about each picture: shares, and no ratings")
        board = find_leaderboard(
            found,
            question,
            category=check_category(found, options["category"]),
            rater_kinds=read_kinds(options["raters"]),
            method=options["method"],
            flagged=options["flagged"],
            prompts=options["prompts"],
        )
        seal_and_fold(timezone.now())
        try:
            snapshot = build_snapshot(board)
        except NotConverged as error:
            raise CommandError(f"the ratings did not settle: {error}") from error
        if output is None:
            sys.stdout.write(format_snapshot(snapshot, format_name))
            return
        try:
            write_snapshot(snapshot, output, format_name)
        except OSError as error:
            raise CommandError(f"{output}: cannot be written ({error.strerror})") from error
        self.stdout.write(f"{len(describe_rows(read_board(snapshot)))} rows written to {output}")


def find_question(arena: Arena, key: str | None) -> Question:
    questions = list(arena.questions.filter(retired_at=None))
    if key is None:
        return questions[0]
    named = [question for question in questions if question.key == key]
    if not named:
        known = ", ".join(question.key for question in questions)
        raise CommandError(f"arena {arena.slug!r} asks no question {key!r} (it asks: {known})")
    return named[0]


def check_category(arena: Arena, category: str) -> str:
    if category and category not in board_categories(arena):
        known = ", ".join(board_categories(arena)) or "none"
        raise CommandError(f"no prompts of category {category!r} (known: {known})")
    return category


def read_kinds(text: str | None) -> list[str] | None:
    if text is None:
        return None
    kinds = text.split(",")
    for kind in kinds:
        if kind not in RaterKind.values:
            known = ", ".join(RaterKind.values)
            raise CommandError(f"unknown kind of rater {kind!r} (known: {known})")
    return kinds
