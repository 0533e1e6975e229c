from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from arenas.candidates.plan import plan_candidates
from arenas.definitions.models import Arena
from evalsite.demo import ARENAS, SLUG, SUITES, ensure_staff


class Command(BaseCommand):
    help = "Load the demo's suite and arena, and plan its candidates; repeating it changes nothing."

    def handle(self, **_: Any) -> None:
        call_command("load_suite", *map(str, SUITES), stdout=self.stdout)
        call_command("load_arena", *map(str, ARENAS), stdout=self.stdout)
        plan_candidates(Arena.objects.get(slug=SLUG))
        ensure_staff()
