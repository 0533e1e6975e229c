import random
import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.candidates.tasks import sweep
from arenas.definitions.models import Arena
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from arenas.votes.simulate import simulate_votes
from evalsite.demo import RATERS, SLUG, VOTES, WORLD
from metrics.leaderboards.refresh import refresh_arena
from metrics.results.run import find_missing
from metrics.tasks import find_missing_checks

UNFINISHED = (Candidate.Status.PLANNED, Candidate.Status.RUNNING)
REPORT_SECONDS = 10


class Command(BaseCommand):
    help = "Let the running worker fill the demo: candidates, simulated votes, boards, checks."

    def handle(self, **_: Any) -> None:
        arena = Arena.objects.get(slug=SLUG)
        sweep()
        rows = select_candidates(arena)
        self.follow("candidates", lambda: rows.filter(status__in=UNFINISHED).count())
        if not Vote.objects.filter(arena=arena, source=Vote.Source.SIMULATED).exists():
            written = simulate_votes(
                arena, VOTES, WORLD, raters=RATERS, now=timezone.now(), rng=random.Random(1)
            )
            self.stdout.write(f"{written} simulated votes, marked as such")
        seal_and_fold(timezone.now())
        refresh_arena(arena)
        find_missing_checks()
        self.follow(
            "check results", lambda: sum(len(find_missing(arena, name)) for name in arena.checks)
        )
        self.stdout.write("the demo is complete")

    def follow(self, what: str, count_missing: Callable[[], int]) -> None:
        """Say now and then how many are still missing, until none is."""
        reported = 0.0
        while missing := count_missing():
            if time.monotonic() - reported > REPORT_SECONDS:
                self.stdout.write(f"{missing} {what} to come")
                reported = time.monotonic()
            time.sleep(0.5)
