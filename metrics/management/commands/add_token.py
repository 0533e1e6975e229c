from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics.api.tokens import create_token


class Command(BaseCommand):
    help = "Make a token by which a program uses the API as a member of staff, and print it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="of a member of staff")
        parser.add_argument("--name", default="", metavar="TEXT", help="who or what uses it")

    def handle(self, *, username: str, name: str, **_: Any) -> None:
        user = get_user_model().objects.filter(username=username, is_active=True).first()
        if user is None or not user.is_staff:
            raise CommandError(f"{username!r} is no member of staff")
        self.stdout.write(create_token(user, name=name or username, now=timezone.now()))
