from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.urls import reverse

from evalsite.demo import SLUG, STUDY, describe_login


class Command(BaseCommand):
    help = "Print where to vote, where to read the leaderboard, and how to log in."

    def handle(self, **_: Any) -> None:
        site = settings.SITE_URL
        self.stdout.write(
            f"\n"
            f"  Vote blind      {site}{reverse('vote', args=[SLUG])}\n"
            f"  As in a study   {site}{reverse('vote', args=[STUDY])}\n"
            f"  Leaderboard     {site}{reverse('leaderboard', args=[SLUG])}\n"
            f"  Researchers     {site}{reverse('workbench')}\n"
            f"  Staff login     {describe_login()}\n"
            f"\n"
            f"  Ctrl-C ends everything.\n"
        )
