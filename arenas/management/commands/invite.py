from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse
from django.utils import timezone

from arenas.management.arguments import add_arena, find_arena
from arenas.raters.admit import create_invitation

LABEL_LENGTH = 100


def whole_number(most: int) -> Callable[[str], int]:
    """Reads a whole number from 1 to `most`."""

    def read(text: str) -> int:
        if not (text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
            raise ArgumentTypeError(f"{text[:20]!r} is not a whole number from 1 to {most:,}")
        return int(text)

    return read


def short_text(text: str) -> str:
    if len(text) > LABEL_LENGTH or not text.isprintable():
        raise ArgumentTypeError(f"at most {LABEL_LENGTH} printable characters")
    return text


class Command(BaseCommand):
    help = "Print a link that admits raters to an arena. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        uses, days = whole_number(1_000_000), whole_number(3650)
        parser.add_argument("--uses", type=uses, metavar="N", help="how many raters (any number)")
        parser.add_argument("--days", type=days, metavar="N", help="how long it works (for ever)")
        parser.add_argument("--label", type=short_text, default="", help="a note for yourself")

    def handle(
        self, *, arena: str, uses: int | None, days: int | None, label: str, **_: Any
    ) -> None:
        token = create_invitation(
            find_arena(arena),
            label=label,
            max_uses=uses,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        self.stdout.write(settings.SITE_URL + reverse("join", args=[token]))
