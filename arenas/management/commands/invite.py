from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from arenas.definitions.models import Arena
from arenas.management.arguments import add_arena, find_arena
from arenas.raters.admit import create_invitation, revoke_invitation
from arenas.raters.models import Invitation

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
    help = "Print a link that admits raters to an arena, shown once; or list or revoke links."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        many, days = whole_number(1_000_000), whole_number(3650)
        parser.add_argument("--uses", type=many, metavar="N", help="how many raters (any number)")
        parser.add_argument(
            "--quota", type=many, metavar="N", help="pairs each (as the arena says)"
        )
        parser.add_argument("--days", type=days, metavar="N", help="how long it works (for ever)")
        parser.add_argument("--label", type=short_text, default="", help="a note for yourself")
        other = parser.add_mutually_exclusive_group()
        other.add_argument("--list", action="store_true", help="the arena's links, and their uses")
        other.add_argument("--revoke", metavar="LABEL", help="end links by their label or id")

    def handle(self, *, arena: str, **options: Any) -> None:
        found, now = find_arena(arena), timezone.now()
        if options["list"]:
            for line in list_links(found, now):
                self.stdout.write(line)
        elif options["revoke"] is not None:
            self.stdout.write(f"{revoke(found, options['revoke'], now)} revoked")
        else:
            self.stdout.write(make_link(found, options, now))


def make_link(arena: Arena, options: dict[str, Any], now: datetime) -> str:
    token = create_invitation(
        arena,
        label=options["label"],
        max_uses=options["uses"],
        quota=options["quota"],
        expires_at=now + timedelta(days=options["days"]) if options["days"] else None,
    )
    return settings.SITE_URL + reverse("join", args=[token])


def list_links(arena: Arena, now: datetime) -> list[str]:
    """A line for each link, the oldest first."""
    links = arena.invitations.annotate(used=Count("uses")).order_by("pk")
    return [describe(link, link.used, now) for link in links]


def describe(link: Invitation, used: int, now: datetime) -> str:
    many = "any number" if link.max_uses is None else link.max_uses
    until = f"until {link.expires_at:%Y-%m-%d %H:%M}" if link.expires_at else "for ever"
    if link.expires_at and link.expires_at <= now:
        until = f"ended {link.expires_at:%Y-%m-%d %H:%M}"
    quota = f"{link.quota} pairs each" if link.quota else "the arena's quota"
    return f"{link.pk}  {link.label or '(no label)'}: {used} of {many} used, {quota}, {until}"


def revoke(arena: Arena, name: str, now: datetime) -> int:
    """End the links of this label, or the one of this id; return how many."""
    links = list(arena.invitations.filter(label=name)) if name else []
    if not links and name.isdecimal() and len(name) < 10:
        links = list(arena.invitations.filter(pk=name))
    if not links:
        raise CommandError(f"{arena.slug} has no link {name!r}: see --list")
    for link in links:
        revoke_invitation(link, now=now)
    return len(links)
