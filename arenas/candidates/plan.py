"""Say which candidates are missing: one row per slot, planned once however often this runs."""

from datetime import date

from django.db import models
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, When
from django.db.models.functions import Coalesce

from arenas.candidates.models import Candidate, GenerationRun
from arenas.competitors.models import EXTERNAL, Competitor
from arenas.definitions.models import MOST_SAMPLES, Arena, Entry


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
    makers = find_makers(arena, today=today).values("pk")
    entries = list(arena.entries.filter(competitor__in=makers).select_related("competitor"))
    entries.sort(key=lambda entry: entry.competitor.name)
    existing = set(select_candidates(arena).values_list("prompt", "competitor", "sample"))
    return [
        Candidate(prompt=prompt, competitor=entry.competitor, sample=sample, run=run)
        # Prompt by prompt, so that the first battles are possible early.
        for prompt in prompts
        for entry in entries
        for sample in entry.slots
        if (prompt.pk, entry.competitor_id, sample) not in existing
    ]


def find_makers(arena: Arena, *, today: date) -> models.QuerySet[Competitor]:
    """Those of the arena's competitors that can be called: not external, not retired."""
    alive = Q(retired_on=None) | Q(retired_on__gt=today)
    return arena.competitors().exclude(provider=EXTERNAL).filter(alive)


def select_candidates(arena: Arena) -> models.QuerySet[Candidate]:
    """All candidates of the arena's prompts and current competitors, of the samples there."""
    return select_entered(arena, arena.entries.filter(withdrawn_at=None))


def select_entered(
    arena: Arena, entries: models.QuerySet[Entry] | None = None
) -> models.QuerySet[Candidate]:
    """The same of all that ever entered, or of these entries."""
    return Candidate.objects.filter(
        takes_part(arena.entries.all() if entries is None else entries),
        prompt__in=arena.prompts().order_by().values("pk"),
    )


def takes_part(entries: models.QuerySet[Entry]) -> Exists:
    """Whether a candidate is one of the samples (`Entry.slots`) that take part by an entry."""
    sample = OuterRef("sample")
    own = Case(
        When(competitor__provider=EXTERNAL, then=MOST_SAMPLES),
        default=F("competitor__samples"),
        output_field=IntegerField(),
    )
    there = entries.order_by().alias(
        end=F("first_sample") + Coalesce("samples", own, output_field=IntegerField())
    )
    return Exists(
        there.filter(competitor=OuterRef("competitor"), first_sample__lte=sample, end__gt=sample)
    )
