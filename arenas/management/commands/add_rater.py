from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from arenas.management.arguments import find_arena
from arenas.raters.account import BadName, create_account


class Command(BaseCommand):
    help = "Make an account that can only vote; its password is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="what the rater logs in with")
        parser.add_argument("--arena", metavar="SLUG", help="where the printed address leads")

    def handle(self, *, name: str, arena: str | None, **_: Any) -> None:
        page = reverse("vote", args=[find_arena(arena).slug]) if arena else reverse("home")
        try:
            password = create_account(name)
        except BadName as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{settings.SITE_URL}{reverse('login')}?{urlencode({'next': page})}")
        self.stdout.write(f"{name} / {password}")
