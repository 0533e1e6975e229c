import random
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import group_errors, measure_run, select_moving
from arenas.candidates.resume import concerns, find_pauses
from arenas.candidates.tasks import sweep
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from arenas.votes.simulate import simulate_votes
from evalsite.demo import RATERS, SLUG, VOTES, WORLD, select_real
from metrics.leaderboards.refresh import refresh_arena
from metrics.results.run import find_missing
from metrics.tasks import find_missing_checks

REPORT_SECONDS = 10


class Command(BaseCommand):
    help = "Let the running worker fill the demo: candidates, simulated votes, boards, checks."

    def handle(self, **_: Any) -> None:
        arena = Arena.objects.get(slug=SLUG)
        real = list(select_real(arena))
        sweep()
        rows = select_candidates(arena)
        ours, theirs = rows.exclude(competitor__in=real), rows.filter(competitor__in=real)
        self.follow("candidates", lambda: select_moving(ours).count())
        self.simulate(arena, real)
        seal_and_fold(timezone.now())
        refresh_arena(arena)
        find_missing_checks()
        self.follow(
            "check results", lambda: sum(len(find_missing(arena, name)) for name in arena.checks)
        )
        if real:
            self.follow("pictures by real models", lambda: count_callable(theirs, real))
            self.report(arena, theirs, real)
        self.stdout.write("the demo is complete")

    def simulate(self, arena: Arena, real: list[Competitor]) -> None:
        """Votes on the procedural competitors, once. Of real models only people say anything."""
        if Vote.objects.filter(arena=arena, source=Vote.Source.SIMULATED).exists():
            return
        written = simulate_votes(
            arena,
            VOTES,
            WORLD,
            raters=RATERS,
            now=timezone.now(),
            rng=random.Random(1),
            among=[each for each in arena.competitors() if each not in real],
        )
        self.stdout.write(f"{written} simulated votes, marked as such")

    def follow(self, what: str, count_missing: Callable[[], int]) -> None:
        """Say now and then how many are still missing, until none is."""
        reported = 0.0
        while missing := count_missing():
            if time.monotonic() - reported > REPORT_SECONDS:
                self.stdout.write(f"{missing} {what} to come")
                reported = time.monotonic()
            time.sleep(0.5)

    def report(self, arena: Arena, rows: QuerySet[Candidate], real: list[Competitor]) -> None:
        """How the real models did: their trouble is no reason for the demo to end."""
        done = rows.filter(status=Candidate.Status.DONE).count()
        run = arena.runs.first()
        cost = f", ${measure_run(run)[0].cost_usd:.2f} since this start" if run else ""
        self.stdout.write(f"{done} of {rows.count()} pictures by real models are there{cost}")
        for trouble in group_errors(rows)[:3]:
            self.stdout.write(f"{trouble.count} × {trouble.kind}: {trouble.reason}")
        for pause in find_pauses(real):
            self.stdout.write(f"{pause.scope} is paused until {pause.until:%H:%M} UTC")
        if run and run.is_stopped:
            self.stdout.write(f"no more are made: {run.get_state_display()}")


def count_callable(rows: QuerySet[Candidate], competitors: list[Competitor]) -> int:
    """Those to come soon: a closed service may stay closed for hours."""
    pauses = find_pauses(competitors)
    closed = [each for each in competitors if any(concerns(pause, each) for pause in pauses)]
    waiting = rows.filter(status=Candidate.Status.PLANNED, competitor__in=closed)
    return select_moving(rows).exclude(pk__in=waiting.values("pk")).count()
