"""Say which candidates are missing: one row per slot, planned once however often this runs."""

from django.db import models

from arenas.candidates.models import Candidate
from arenas.competitors.models import EXTERNAL
from arenas.definitions.models import Arena


def plan_candidates(arena: Arena) -> int:
    """Plan every missing (prompt, competitor, sample) of the arena; return how many were new."""
    prompts = list(arena.prompts().values_list("pk", flat=True))
    competitors = list(arena.competitors().exclude(provider=EXTERNAL))
    before = select_candidates(arena).count()
    Candidate.objects.bulk_create(
        (
            Candidate(prompt_id=prompt, competitor=competitor, sample=sample)
            # Prompt by prompt, so that the first battles are possible early.
            for prompt in prompts
            for competitor in competitors
            for sample in range(competitor.samples)
        ),
        ignore_conflicts=True,
        batch_size=2000,
    )
    return select_candidates(arena).count() - before


def select_candidates(arena: Arena) -> models.QuerySet[Candidate]:
    """All candidates of the arena's prompts and current competitors."""
    return Candidate.objects.filter(
        prompt__in=arena.prompts().order_by().values("pk"),
        competitor__in=arena.competitors().order_by().values("pk"),
    )
