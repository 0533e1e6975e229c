import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from arenas.candidates.cost import Estimate
from arenas.candidates.models import Candidate, GenerationRun
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import group_errors
from arenas.candidates.runs import (
    RunRefused,
    Wish,
    check_prices,
    estimate_run,
    find_lacks,
    find_retired,
    start_run,
)
from arenas.candidates.tasks import QUEUE, sweep
from arenas.definitions.models import Arena
from arenas.management.arguments import add_arena, find_arena
from arenas.management.follow import describe_cost, follow
from arenas.management.worker import find_served, running_workers

LISTED = 10
LEAST, LARGEST = Decimal("0.000001"), Decimal(1_000_000)


class Command(BaseCommand):
    help = "Start a run that has the arena's missing candidates generated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arena(parser)
        add = parser.add_argument
        add(
            "--wait",
            action="store_true",
            help="show progress until all are done, with a worker of its own where none runs",
        )
        add("--budget", type=read_budget, metavar="USD", help="stop when so much is spent")
        add("--dry-run", action="store_true", help="say what it would cost, and change nothing")
        add("--batch", action="store_true", help="in batches, where the service takes them")
        add("--retry-failed", action="store_true", help="make again what failed")
        add("--retry-refused", action="store_true",
            help="ask again for what was refused, although a refusal is a result")  # fmt: skip

    def handle(self, *, arena: str, wait: bool, dry_run: bool, **options: Any) -> None:
        found = find_arena(arena)
        wish = Wish(
            budget_usd=options["budget"],
            in_batches=options["batch"],
            retry_failed=options["retry_failed"],
            retry_refused=options["retry_refused"],
        )
        now = timezone.now()
        try:
            if dry_run:
                check_prices(found, wish, today=now.date())
                self.stdout.write(tabulate(estimate_run(found, wish, today=now.date())))
                for line in describe_retired(found, now.date()):
                    self.stdout.write(line)
                return
            if wait:
                check_environment(found, now.date())
            run = start_run(found, wish, by="command line", now=now)
        except RunRefused as error:
            raise CommandError(str(error)) from error
        planned = run.candidates.count() if run else 0
        self.stdout.write(f"{planned} candidates planned, {sweep()} queued")
        if wait:
            with running_workers():
                follow(found, run, say=self.stderr.write)
            self.report(found, run)

    def report(self, arena: Arena, run: GenerationRun | None) -> None:
        """Say how all ended; exit 1 when some failed, or when the run did not get to its end."""
        rows = select_candidates(arena)
        counts = Counter(rows.values_list("status", flat=True))
        self.stdout.write(", ".join(f"{n} {status}" for status, n in sorted(counts.items())))
        if run:
            run.refresh_from_db()
        if cost := describe_cost(run):
            self.stdout.write(f"cost: {cost}")
        for trouble in group_errors(rows.filter(status__in=Candidate.FAILURES))[:LISTED]:
            alike = f" (and {trouble.count - 1} alike)" if trouble.count > 1 else ""
            self.stderr.write(f"{trouble.example} {trouble.kind}: {trouble.reason}{alike}")
        stopped = run is not None and run.is_stopped
        if run and stopped:
            self.stderr.write(f"{run} was {run.get_state_display().lower()}")
        if stopped or any(counts[status] for status in Candidate.FAILURES):
            sys.exit(1)


def read_budget(text: str) -> Decimal:
    try:
        budget = Decimal(text).quantize(LEAST)
        if LEAST <= budget <= LARGEST:
            return budget
    except InvalidOperation:
        pass
    raise ArgumentTypeError(f"{text!r} is no amount of USD above 0 and up to {LARGEST:,}")


def check_environment(arena: Arena, today: date) -> None:
    """Workers of this very command could call nothing without a key: say so before any is made."""
    lacks = find_lacks(arena, today=today)
    if lacks and QUEUE not in find_served():
        raise CommandError("; ".join(lacks))


def describe_retired(arena: Arena, today: date) -> Iterator[str]:
    for each in find_retired(arena, today=today):
        yield f"not asked: {each.name} (retired on {each.retired_on})"


def tabulate(estimates: Sequence[Estimate]) -> str:
    """What a run would ask for, by competitor, and its total."""
    if not estimates:
        return "nothing is missing"
    rows = [["competitor", "candidates", "calls", "images", "USD"]]
    for each in estimates:
        usd = "price unknown" if each.usd is None else f"{each.usd:.2f}"
        numbers = map(str, (each.candidates, each.calls, each.images))
        rows.append([each.competitor.name, *numbers, usd])
    rows.append(add_up(estimates))
    first, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        name.ljust(first)
        + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        for name, *cells in rows
    )


def add_up(estimates: Sequence[Estimate]) -> list[str]:
    known = sum((each.usd for each in estimates if each.usd is not None), Decimal(0))
    more = " and more" if any(each.usd is None for each in estimates) else ""
    return [
        "all",
        str(sum(each.candidates for each in estimates)),
        str(sum(each.calls for each in estimates)),
        str(sum(each.images for each in estimates)),
        f"{known:.2f}{more}",
    ]
