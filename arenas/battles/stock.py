"""Everything that an arena can show, read once and kept for some seconds by each process.

A ballot is drawn, shown and answered from here, so that a rater's cycle costs a handful of
queries, however many candidates there are.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum

from arenas.battles.choose import Pool, make_pool
from arenas.battles.models import Gold, PairPlan, PlannedBattle
from arenas.candidates.models import Candidate, Part
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Entry, Question
from arenas.images.models import Rendition
from arenas.suites.models import Prompt, PromptReference

logger = logging.getLogger(__name__)


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
    """What can be shown in an arena at one moment: by candidate who made it, and its pieces.

    `planned` has by number the battles that alone are to be drawn, None where all are.
    """

    arena: Arena
    questions: tuple[Question, ...]
    pool: Pool
    makers: Mapping[int, Maker]
    pieces: Mapping[int, tuple[Piece, ...]]
    prompts: Mapping[int, Prompt]
    competitors: Mapping[int, Competitor]
    golds: Mapping[int, Gold]
    spoilt: Mapping[int, str] = field(default_factory=dict)
    referenced: frozenset[int] = frozenset()  # the prompts that come with pictures
    planned: Mapping[int, tuple[int, ...]] | None = None

    def recall(self, pk: int) -> Candidate:
        """The candidate with what a vote says of it."""
        maker = self.makers[pk]
        competitor = self.competitors[maker.competitor]
        prompt = self.prompts[maker.prompt]
        return Candidate(pk=pk, prompt=prompt, competitor=competitor, sample=maker.sample)

    def has_gold(self, pk: int) -> bool:
        """Whether the gold is there, and its spoilt picture, if it has one, is rendered."""
        gold = self.golds.get(pk)
        return gold is not None and (gold.spoilt_id is None or gold.spoilt_id in self.spoilt)

    def questions_about(self, prompt: Prompt) -> list[Question]:
        """The questions asked about a prompt's pictures, in order."""
        return [each for each in self.questions if each.category in ("", prompt.category)]


def find_stock(slug: str) -> Stock:
    """The arena's stock, some seconds old at most. Raises Arena.DoesNotExist."""
    return _SHELF.find(slug) if settings.STOCK_SECONDS else load_stock(find_arena(slug))


def find_arena(slug: str) -> Arena:
    return Arena.objects.select_related("profile", "suite_version").get(slug=slug)


def load_stock(arena: Arena) -> Stock:
    """The arena's stock as it is now: what `battling_candidates` names, in queries without joins.

    They name prompts and competitors one by one: however many candidates there are, PostgreSQL
    has nothing to guess.
    """
    questions = tuple(arena.questions.filter(retired_at=None))
    asked = {question.category for question in questions}
    prompts = {
        pk: prompt
        for pk, prompt in arena.prompts().in_bulk().items()
        if "" in asked or prompt.category in asked
    }
    entries = list(arena.entries.filter(withdrawn_at=None).select_related("competitor"))
    competitors = {entry.competitor_id: entry.competitor for entry in entries}
    done = Q(status=Candidate.Status.DONE, prompt__in=prompts) & name_slots(entries)
    pieces, hidden = read_pieces(arena, Candidate.objects.filter(done))
    makers = {
        pk: Maker(*maker)
        for pk, *maker in Candidate.objects.filter(done)
        .order_by("prompt", "sample", "pk")
        .values_list("pk", "prompt", "competitor", "sample")
        if pk not in hidden
    }
    golds = Gold.objects.filter(arena=arena).select_related("prompt", "spoilt")
    spoilt = Rendition.objects.filter(profile=arena.profile_id, image__in=golds.values("spoilt"))
    references = PromptReference.objects.filter(prompt__in=prompts)
    rows = ((pk, maker.prompt, maker.competitor) for pk, maker in makers.items())
    return Stock(
        arena=arena,
        questions=questions,
        pool=make_pool(rows, arena),
        makers=makers,
        pieces=pieces,
        prompts=prompts,
        competitors=competitors,
        golds={gold.pk: gold for gold in golds},
        spoilt=dict(spoilt.values_list("image", "sha256")),
        referenced=frozenset(references.values_list("prompt", flat=True)),
        planned=read_planned(arena, makers),
    )


def name_slots(entries: Sequence[Entry]) -> Q:
    """The samples that take part by these entries: as many terms as there are different ranges."""
    by_slots: dict[range, list[int]] = {}
    for entry in entries:
        by_slots.setdefault(entry.slots, []).append(entry.competitor_id)
    named = Q(competitor__in=[])
    for slots, competitors in by_slots.items():
        named |= Q(competitor__in=competitors, sample__gte=slots.start, sample__lt=slots.stop)
    return named


def read_planned(arena: Arena, makers: Mapping[int, Maker]) -> dict[int, tuple[int, ...]] | None:
    """The planned battles whose candidates can be shown; None where none is planned."""
    plans = PlannedBattle.objects.filter(arena=arena).order_by("position")
    rows = plans.values_list("battle", "battle__first", "battle__second")
    planned = {battle: members for battle, *members in rows}
    return (
        {
            battle: tuple(members)
            for battle, members in planned.items()
            if all(pk in makers for pk in members)
        }
        if planned
        else None
    )


def read_pieces(
    arena: Arena, candidates: QuerySet[Candidate]
) -> tuple[dict[int, tuple[Piece, ...]], set[int]]:
    """What is shown of every candidate, in order; and those with a picture not rendered yet."""
    hashes = dict(Rendition.objects.filter(profile=arena.profile_id).values_list("image", "sha256"))
    pieces: dict[int, list[Piece]] = {}
    hidden: set[int] = set()
    parts = Part.objects.filter(candidate__in=candidates, thought=False)
    rows: Any = parts.order_by("turn", "position").values_list("candidate", "turn", "image", "text")
    for candidate, turn, image, text in rows:
        pieces.setdefault(candidate, []).append(Piece(turn, hashes.get(image, ""), text))
        if image is not None and image not in hashes:
            hidden.add(candidate)
    return {candidate: tuple(found) for candidate, found in pieces.items()}, hidden


Stamp = tuple[object, ...]


def read_stamp(arena: Arena) -> Stamp:
    """A few numbers that change whenever the stock does, read in some milliseconds."""
    done = Candidate.objects.filter(status=Candidate.Status.DONE)
    done = done.filter(competitor__entries__arena=arena)
    return (
        arena.revision,
        arena.stage,
        tuple(
            arena.entries.aggregate(
                Count("joined_at"), Count("withdrawn_at"), Sum("first_sample"), Sum("samples")
            ).values()
        ),
        tuple(arena.questions.aggregate(Count("pk"), Count("retired_at")).values()),
        tuple(done.aggregate(Count("pk"), Max("finished_at")).values()),
        Rendition.objects.filter(profile=arena.profile_id).count(),
        PairPlan.objects.filter(arena=arena).aggregate(Max("pk"))["pk__max"],
        Gold.objects.filter(arena=arena).count(),
        PlannedBattle.objects.filter(arena=arena).aggregate(Max("pk"))["pk__max"],
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
        except Arena.DoesNotExist:
            self.locks.pop(slug, None)  # anybody can ask for any name
            raise
        except Exception:
            if kept is None:
                raise
            logger.exception("the stock of %s stays as it was", slug)
            kept.looked_at = monotonic()  # the next try comes no sooner than after a success
            return kept.stock
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
