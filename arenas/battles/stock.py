"""Everything that an arena can show, read once and kept for some seconds by each process.

A ballot is drawn, shown and answered from here, so that a rater's cycle costs a handful of
queries, however many candidates there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from django.conf import settings
from django.db.models import Count, Max

from arenas.battles.choose import Pool, battling_candidates, make_pool
from arenas.battles.models import Gold, PairPlan
from arenas.candidates.models import Candidate, Part
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Question
from arenas.images.models import Rendition
from arenas.suites.models import Prompt


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a candidate as it is shown: a rendition by its hash, or text."""

    turn: int
    sha256: str
    text: str


@dataclass(frozen=True, slots=True)
class Maker:
    """Whose candidate it is, for what, and which of its samples."""

    prompt: int
    competitor: int
    sample: int


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """What can be shown in an arena at one moment: by candidate who made it, and its pieces."""

    arena: Arena
    questions: tuple[Question, ...]
    pool: Pool
    makers: Mapping[int, Maker]
    pieces: Mapping[int, tuple[Piece, ...]]
    prompts: Mapping[int, Prompt]
    competitors: Mapping[int, Competitor]
    golds: Mapping[int, Gold]
    spoilt: Mapping[int, str] = field(default_factory=dict)

    def recall(self, pk: int) -> Candidate:
        """The candidate with what a vote says of it."""
        maker = self.makers[pk]
        competitor = self.competitors[maker.competitor]
        prompt = self.prompts[maker.prompt]
        return Candidate(pk=pk, prompt=prompt, competitor=competitor, sample=maker.sample)

    def questions_about(self, prompt: Prompt) -> list[Question]:
        """The questions asked about a prompt's pictures, in order."""
        return [each for each in self.questions if each.category in ("", prompt.category)]


def find_stock(slug: str) -> Stock:
    """The arena's stock, some seconds old at most. Raises Arena.DoesNotExist."""
    return _SHELF.find(slug) if settings.STOCK_SECONDS else load_stock(find_arena(slug))


def find_arena(slug: str) -> Arena:
    return Arena.objects.select_related("profile", "suite_version").get(slug=slug)


def load_stock(arena: Arena) -> Stock:
    """The arena's stock as it is now."""
    rows = list(battling_candidates(arena).order_by("prompt", "sample"))
    makers = {row.pk: Maker(row.prompt_id, row.competitor_id, row.sample) for row in rows}
    golds = Gold.objects.filter(arena=arena).select_related("prompt")
    spoilt = Rendition.objects.filter(profile=arena.profile_id, image__in=golds.values("spoilt"))
    return Stock(
        arena=arena,
        questions=tuple(arena.questions.filter(retired_at=None)),
        pool=make_pool(((row.pk, row.prompt_id, row.competitor_id) for row in rows), arena),
        makers=makers,
        pieces=read_pieces(arena),
        prompts=arena.prompts().in_bulk(),
        competitors=arena.competitors().in_bulk(),
        golds={gold.pk: gold for gold in golds},
        spoilt=dict(spoilt.values_list("image", "sha256")),
    )


def read_pieces(arena: Arena) -> dict[int, tuple[Piece, ...]]:
    """What is shown of every candidate, in order."""
    parts = Part.objects.filter(candidate__in=battling_candidates(arena).values("pk"))
    hashes = dict(Rendition.objects.filter(profile=arena.profile_id).values_list("image", "sha256"))
    pieces: dict[int, list[Piece]] = {}
    rows = parts.filter(thought=False).order_by("turn", "position")
    for candidate, turn, image, text in rows.values_list("candidate", "turn", "image", "text"):
        pieces.setdefault(candidate, []).append(Piece(turn, hashes.get(image, ""), text))
    return {candidate: tuple(found) for candidate, found in pieces.items()}


Stamp = tuple[object, ...]


def read_stamp(arena: Arena) -> Stamp:
    """A few numbers that change whenever the stock does, read in some milliseconds."""
    done = Candidate.objects.filter(status=Candidate.Status.DONE)
    done = done.filter(competitor__entries__arena=arena)
    return (
        arena.revision,
        tuple(arena.entries.aggregate(Count("joined_at"), Count("withdrawn_at")).values()),
        tuple(arena.questions.aggregate(Count("pk"), Count("retired_at")).values()),
        tuple(done.aggregate(Count("pk"), Max("finished_at")).values()),
        Rendition.objects.filter(profile=arena.profile_id).count(),
        PairPlan.objects.filter(arena=arena).aggregate(Max("pk"))["pk__max"],
        Gold.objects.filter(arena=arena).count(),
    )


@dataclass(slots=True)
class Kept:
    stock: Stock
    stamp: Stamp
    looked_at: float


class Shelf:
    """The stocks of this process. While one thread looks for news, the others go on."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.locks: dict[str, Lock] = {}

    def find(self, slug: str) -> Stock:
        kept = self.kept.get(slug)
        fresh = kept and monotonic() < kept.looked_at + settings.STOCK_SECONDS
        lock = self.locks.setdefault(slug, Lock())
        # With a stock at hand nobody waits for the one who renews it.
        if kept and (fresh or not lock.acquire(blocking=False)):
            return kept.stock
        if not kept:
            lock.acquire()
        try:
            return self.renew(slug)
        finally:
            lock.release()

    def renew(self, slug: str) -> Stock:
        arena = find_arena(slug)
        looked_at, stamp = monotonic(), read_stamp(arena)
        kept = self.kept.get(slug)
        if kept and kept.stamp == stamp:
            kept.looked_at = looked_at
            return kept.stock
        stock = load_stock(arena)
        self.kept[slug] = Kept(stock, stamp, looked_at)
        return stock


_SHELF = Shelf()
