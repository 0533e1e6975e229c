from datetime import date
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from arenas.candidates.runs import Wish, estimate_run, start_run
from arenas.definitions.models import Arena
from evalsite.demo import (
    ARENAS,
    EVALS,
    SLUG,
    SUITES,
    ensure_staff,
    enter_real,
    has_key,
    make_wish,
    read_budget,
    select_real,
)


class Command(BaseCommand):
    help = (
        "Load the demo's suite, arenas and eval, and plan candidates; repeating it changes nothing."
    )

    def handle(self, **_: Any) -> None:
        call_command("load_suite", *map(str, SUITES), stdout=self.stdout)
        call_command("load_arena", *map(str, ARENAS), stdout=self.stdout)
        call_command("load_eval", *map(str, EVALS), stdout=self.stdout)
        arena = Arena.objects.get(slug=SLUG)
        now = timezone.now()
        if has_key():
            read_budget()  # before anything joins
            enter_real(arena, now=now)
        wish = make_wish(arena)
        if has_key():
            self.report_cost(arena, wish, today=now.date())
        start_run(arena, wish, by="the demo", now=now)
        ensure_staff()

    def report_cost(self, arena: Arena, wish: Wish, *, today: date) -> None:
        """Say what real models will cost before they are called."""
        real = set(select_real(arena))
        wanted = [
            each for each in estimate_run(arena, wish, today=today) if each.competitor in real
        ]
        if wish.budget_usd is None or not wanted:
            return
        usd = sum(each.usd or 0 for each in wanted)
        images = sum(each.images for each in wanted)
        self.stdout.write(
            f"{len(wanted)} real models are asked for {images} images, about ${usd:.2f}; "
            f"at most ${min(usd, wish.budget_usd):.2f} will be spent (DEMO_BUDGET_USD)"
        )
