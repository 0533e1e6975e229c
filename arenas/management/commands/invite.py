from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse
from django.utils import timezone

from arenas.management.arguments import add_arena, find_arena
from arenas.raters.admit import create_invitation


class Command(BaseCommand):
    help = "Print a link that admits raters to an arena. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        parser.add_argument("--uses", type=int, metavar="N", help="how many raters (any number)")
        parser.add_argument("--days", type=int, metavar="N", help="how long it works (for ever)")
        parser.add_argument("--label", default="", help="a note for yourself")

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
