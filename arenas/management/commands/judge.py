import random
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from arenas.candidates.limit import get_limiter
from arenas.candidates.models import ServicePause
from arenas.candidates.retry import IN_PROCESS_SECONDS
from arenas.definitions.seats import Seat
from arenas.judging.ask import Asker
from arenas.judging.batches import follow_batches, send_batches
from arenas.judging.budget import is_free, read_price, select_judgments, takes_batches
from arenas.judging.claim import find_scope, is_spent, release_expired, select_due
from arenas.judging.measure import measure_sent
from arenas.judging.models import JudgmentStatus
from arenas.judging.plan import plan_judgments
from arenas.judging.settle import settle
from arenas.judging.tasks import sweep_soon
from arenas.management.arguments import add_arena, find_arena
from arenas.management.commands.generate import read_budget
from arenas.providers.base import make_provider

LOOK_SECONDS = 0.4
OPEN = (JudgmentStatus.PLANNED, JudgmentStatus.RUNNING)


class Command(BaseCommand):
    help = "Have an arena's judges compare pictures, in both orders, and make votes of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        add = parser.add_argument
        add("--judge", metavar="NAME", help="only this judge (default: all of the arena's)")
        add("--wait", action="store_true", help="ask here and now, and show progress until the end")
        add("--budget", type=read_budget, metavar="USD", help="the most that each may cost here")
        add("--most", type=read_most, metavar="N", help="battles, instead of what the file says")
        add("--batch", action=BooleanOptionalAction,
            help="in batches, later and for less, instead of what the file says")  # fmt: skip

    def handle(self, *, arena: str, judge: str | None, wait: bool, **options: Any) -> None:
        seats = self.find_seats(arena, judge)
        budget: Decimal | None = options["budget"]
        for seat in seats:
            check(seat, budget, calls_here=wait, in_batches=bool(options["batch"]))
        for seat in seats:
            change(seat, budget, in_batches=options["batch"])
            planned = plan_judgments(seat, now=timezone.now(), most=options["most"])
            how = ", asked in batches" if seat.in_batches else ""
            self.stdout.write(f"{seat.judge}: {planned} battles planned{how}")
            if (sent := measure_sent(seat)).jobs:
                self.stdout.write(f"{seat.judge}: {sent}, sent since {sent.since:%d %B %H:%M} UTC")
        if not wait:
            sweep_soon()
            return
        follow(seats)
        self.report(seats)

    def find_seats(self, slug: str, name: str | None) -> list[Seat]:
        found = find_arena(slug)
        seats = Seat.objects.filter(arena=found, left_at=None).select_related(
            "judge", "arena__profile"
        )
        chosen = [seat for seat in seats if name in (None, seat.judge.name)]
        if not chosen:
            known = ", ".join(seat.judge.name for seat in seats) or "none: its file names no judges"
            raise CommandError(f"arena {slug!r} has no judge {name or ''!r} ({known})")
        return chosen

    def report(self, seats: Sequence[Seat]) -> None:
        """Say how all ended; exit 1 when some failed, or when the money did not do."""
        troubled = False
        for seat in seats:
            rows = select_judgments(seat)
            counts = Counter(rows.values_list("status", flat=True))
            said = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
            cost = sum(rows.values_list("cost_usd", flat=True), Decimal(0))
            budget = f" of ${seat.budget_usd:.2f}" if seat.budget_usd is not None else ""
            self.stdout.write(f"{seat.judge}: {said or 'nothing to judge'}; ${cost:.4f}{budget}")
            failed = rows.filter(status__in=(JudgmentStatus.FAILED, JudgmentStatus.MALFORMED))
            for row in failed[:3]:
                self.stderr.write(f"{row}: {row.reason}")
            if counts[JudgmentStatus.PLANNED]:
                self.stderr.write(f"{seat.judge}: {explain_rest(seat)}")
            troubled = troubled or failed.exists() or bool(counts[JudgmentStatus.PLANNED])
        if troubled:
            sys.exit(1)


def read_most(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 10_000_000:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no number of battles")


def check(seat: Seat, budget: Decimal | None, *, calls_here: bool, in_batches: bool) -> None:
    """A budget means nothing without a price, and a call here nothing without a key."""
    if in_batches and not takes_batches(seat.judge):
        raise CommandError(f"{seat.judge}: {seat.judge.provider} takes no batches")
    if budget is not None and not is_free(seat.judge) and read_price(seat.judge) is None:
        raise CommandError(f"no price is known for {seat.judge}: give `price:` in the arena's file")
    judge = seat.judge
    if calls_here and (lack := make_provider(judge.provider, judge.model, judge.params).lacks):
        raise CommandError(lack)


def change(seat: Seat, budget: Decimal | None, *, in_batches: bool | None) -> None:
    """What the command says stands from now on, until the arena's file is loaded again."""
    if budget is not None:
        seat.budget_usd = budget
    if in_batches is not None:
        seat.in_batches = in_batches
    seat.save(update_fields=["budget_usd", "in_batches"])


def follow(seats: Sequence[Seat]) -> None:
    """Ask, with a bar, until nothing is open that could be asked soon."""
    limiter, rng = get_limiter(settings.REDIS_URL), random.Random()
    bar: tqdm[Any]
    with tqdm(total=0, unit="judgment", disable=None) as bar:
        while True:
            release_expired(timezone.now())
            sent = send_batches(seats, timezone.now)
            follow_batches(timezone.now())
            asker = Asker(seats, limiter, timezone.now, rng, seen=lambda: show_progress(bar, seats))
            begun = asker.run(settings.CALL_SECONDS)
            for seat in seats:
                settle(seat, now=timezone.now())
            show_progress(bar, seats)
            if not begun and not sent and not any(map(goes_on, seats)):
                return
            time.sleep(LOOK_SECONDS)


def goes_on(seat: Seat) -> bool:
    """Whether anything comes by itself within a wait that is worth it."""
    now = timezone.now()
    rows = select_judgments(seat)
    if rows.filter(status=JudgmentStatus.RUNNING).exists():
        return True
    soon = now + timedelta(seconds=IN_PROCESS_SECONDS)
    scope = find_scope(seat.judge)
    closed = ServicePause.objects.filter(scope__in=[scope.of_account, str(scope)], until__gt=soon)
    return not closed.exists() and not is_spent(seat) and select_due(seat, soon).exists()


def explain_rest(seat: Seat) -> str:
    if is_spent(seat):
        return "stopped: the budget is spent (--budget raises it)"
    scope = find_scope(seat.judge)
    pause = ServicePause.objects.filter(scope__in=[scope.of_account, str(scope)]).first()
    if pause:
        return f"{pause.scope} is paused until {pause.until:%H:%M} UTC: {pause.reason}"
    return "some are still to be asked"


def show_progress(bar: "tqdm[Any]", seats: Sequence[Seat]) -> None:
    if bar.disable:
        return
    counts: Counter[str] = Counter()
    for seat in seats:
        counts.update(select_judgments(seat).values_list("status", flat=True))
    bar.total = counts.total()
    bar.update(bar.total - sum(counts[status] for status in OPEN) - bar.n)
    bar.refresh()
