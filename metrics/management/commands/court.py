import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.votes.count import fold_counts, seal_and_fold
from metrics.court.card import Card, read_card
from metrics.court.hear import hold_court
from metrics.court.present import read_present
from metrics.court.read import PEOPLE, read_votes
from metrics.court.subjects import find_subject, list_subjects

HEAD = ("check", "version", "category", "state", "accuracy", "limits", "within", "ceiling", "votes")


class Command(BaseCommand):
    help = (
        "Hold every check and judge against people's votes now, and print how far each is trusted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", metavar="NAME", help="only this check, or judge:NAME")
        parser.add_argument(
            "--format", default="table", choices=["table", "json"], dest="format_name"
        )

    def handle(self, *, check: str | None, format_name: str, **_: Any) -> None:
        try:
            subjects = [find_subject(check)] if check else list_subjects()
        except ValueError as error:
            raise CommandError(str(error)) from error
        seal_and_fold(timezone.now())
        watermark = fold_counts()
        votes = read_votes(watermark, PEOPLE)
        for subject in subjects:
            hold_court(subject, votes, watermark)
        present = read_present()
        cards = [read_card(subject, present) for subject in subjects]
        rows = [row for card in cards for row in describe_card(card)]
        if format_name == "json":
            self.stdout.write(json.dumps(rows, indent=1))
            return
        table = [HEAD, *(tabulate(row) for row in rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for line in table:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def describe_card(card: Card) -> list[dict[str, Any]]:
    """A row for each category: the state now, why, and the figures and settings of its ruling."""
    return [
        {
            "check": card.subject.name,
            "version": card.subject.version,
            "category": verdict.category,
            "state": verdict.trust.state.value,
            "reasons": list(verdict.trust.reasons),
            "figures": verdict.figures,
            "settings": ruling.settings if ruling else None,
            "watermark": ruling.watermark if ruling else None,
            "code_version": ruling.code_version if ruling else None,
        }
        for verdict in card.verdicts
        for ruling in [verdict.trust.ruling]
    ]


def tabulate(row: dict[str, Any]) -> tuple[str, ...]:
    start = (row["check"], row["version"] or "–", row["category"] or "all", row["state"])
    if row["figures"] is None:
        return (*start, "–", "–", "–", "–", "0")
    weighed = row["figures"]["weighed"]
    accuracy = weighed["accuracy"]
    limits = f"{show(accuracy['least'])}…{show(accuracy['most'])}"
    values = [show(weighed[name]["value"]) for name in ("accuracy", "within", "ceiling")]
    return (*start, values[0], limits, *values[1:], str(row["figures"]["measured"]))


def show(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
