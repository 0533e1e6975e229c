"""Say which candidates are missing: one row per slot, planned once however often this runs."""

from datetime import date

from django.db import models
from django.db.models import Q

from arenas.candidates.models import Candidate, GenerationRun
from arenas.competitors.models import EXTERNAL, Competitor
from arenas.definitions.models import Arena


def plan_candidates(arena: Arena, *, today: date, run: GenerationRun | None = None) -> int:
    """Plan every missing (prompt, competitor, sample) of the arena; return how many were new."""
    before = select_candidates(arena).count()
    Candidate.objects.bulk_create(
        find_missing(arena, today=today, run=run), ignore_conflicts=True, batch_size=2000
    )
    return select_candidates(arena).count() - before


def find_missing(arena: Arena, *, today: date, run: GenerationRun | None = None) -> list[Candidate]:
    """A candidate, not saved, for every slot of the arena that has none."""
    prompts = list(arena.prompts().prefetch_related("references"))
    competitors = list(find_makers(arena, today=today))
    existing = set(select_candidates(arena).values_list("prompt", "competitor", "sample"))
    return [
        Candidate(prompt=prompt, competitor=competitor, sample=sample, run=run)
        # Prompt by prompt, so that the first battles are possible early.
        for prompt in prompts
        for competitor in competitors
        for sample in range(competitor.samples)
        if (prompt.pk, competitor.pk, sample) not in existing
    ]


def find_makers(arena: Arena, *, today: date) -> models.QuerySet[Competitor]:
    """Those of the arena's competitors that can be called: not external, not retired."""
    alive = Q(retired_on=None) | Q(retired_on__gt=today)
    return arena.competitors().exclude(provider=EXTERNAL).filter(alive)


def select_candidates(arena: Arena) -> models.QuerySet[Candidate]:
    """All candidates of the arena's prompts and current competitors."""
    return Candidate.objects.filter(
        prompt__in=arena.prompts().order_by().values("pk"),
        competitor__in=arena.competitors().order_by().values("pk"),
    )
