"""Make gold: showings whose right answer is known beyond taste, from an arena's own candidates."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet

from arenas.battles.models import Gold
from arenas.battles.stock import Stock, find_arena, load_stock
from arenas.battles.vary import OBJECTIVE, asks_about_pairs, is_whole
from arenas.candidates.models import Part
from arenas.definitions.models import Arena, Outcome
from arenas.definitions.stage import select_lasting
from arenas.images.decode import BadImage
from arenas.images.models import Image
from arenas.images.render import TooSmallProfile, render
from arenas.quality.spoil import copy_image, spoil_image
from arenas.suites.models import PromptReference

logger = logging.getLogger(__name__)

Kind = Gold.Kind
GOLD_LOCK = 0x601D  # one maker at a time in an arena: two would both find the same missing
WANTED = 24  # of each kind: nobody is shown one twice, and few are shown so many
LOOKED_AT = 2000  # candidates, to choose them from


def make_missing(*, most: int, rng: np.random.Generator) -> int:
    """Make up to `most` of the gold that arenas ask for and have not got; return how many."""
    made = 0
    for slug in select_lasting().order_by("slug").values_list("slug", flat=True):
        arena = find_arena(slug)
        kinds = list_kinds(arena)
        if made < most and lacks(arena, kinds):
            made += make_gold(arena, kinds, most=most - made, rng=rng)
    return made


def list_kinds(arena: Arena) -> list[str]:
    """The kinds of gold that the arena's shares and its practice draw from."""
    voting = arena.voting
    asked: list[str] = list(OBJECTIVE) if voting.gold_share or voting.practice else []
    kinds = [kind for kind in asked if kind != Kind.IDENTICAL or Outcome.TIE in arena.outcomes]
    return [*kinds, Kind.INSTRUCTED] if voting.attention_share else kinds


def lacks(arena: Arena, kinds: Sequence[str]) -> bool:
    """Whether some kind is short of what is wanted, without a look at the arena's stock."""
    number = dict(find_whole(arena).values_list("kind").annotate(number=Count("pk")))
    return any(number.get(kind, 0) < WANTED for kind in kinds)


def find_whole(arena: Arena) -> QuerySet[Gold]:
    """The gold whose makers are in the arena, and whose spoilt picture has its present form."""
    there = arena.competitors()
    return arena.golds.filter(
        Q(other=None) | Q(other__competitor__in=there),
        Q(spoilt=None) | Q(spoilt__renditions__profile=arena.profile_id),
        good__competitor__in=there,
    )


@transaction.atomic  # the picture is not seen in the arena before the gold is
def make_gold(arena: Arena, kinds: Sequence[str], *, most: int, rng: np.random.Generator) -> int:
    """Fill each kind up to what is wanted, spread over prompts and competitors."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [GOLD_LOCK, arena.pk])
    mould, made = Mould(load_stock(arena), rng), 0
    for kind in kinds:
        whole = mould.find_whole(kind)
        number = len(whole)
        for pk in mould.spread(set(mould.usable) - whole):
            if number >= WANTED or made >= most:
                break
            cast = mould.cast(kind, pk)
            number, made = number + cast, made + cast
    return made


@dataclass(frozen=True)
class Mould:
    """An arena's stock as gold is made from it, and the dice."""

    stock: Stock
    rng: np.random.Generator

    @cached_property
    def usable(self) -> list[int]:
        """The candidates with fewest pictures, one if possible, that can be asked about as pairs.

        Only the last picture of a candidate is replaced; others would be alike on both sides.
        """
        pictures = {pk: sum(shape) for pk in self.stock.makers if sum(shape := self.shape(pk)) > 0}
        fewest = min(pictures.values(), default=0)
        return [pk for pk, n in pictures.items() if n == fewest and self.is_asked_about(pk)]

    @cached_property
    def by_prompt(self) -> Mapping[int, list[int]]:
        return group({pk: maker.prompt for pk, maker in self.stock.makers.items()})

    @cached_property
    def by_competitor(self) -> Mapping[int, list[int]]:
        return group({pk: maker.competitor for pk, maker in self.stock.makers.items()})

    @cached_property
    def references(self) -> Mapping[int, set[int]]:
        """By prompt the pictures that come with it."""
        found: dict[int, set[int]] = defaultdict(set)
        rows = PromptReference.objects.filter(prompt__in=self.stock.prompts)
        for prompt, image in rows.values_list("prompt", "image"):
            found[prompt].add(image)
        return found

    def shape(self, pk: int) -> tuple[bool, ...]:
        """Which of the candidate's parts are pictures, in order."""
        return tuple(bool(piece.sha256) for piece in self.stock.pieces.get(pk, ()))

    def is_asked_about(self, pk: int) -> bool:
        """Whether something is asked there that a side answers."""
        return asks_about_pairs(self.stock, self.stock.prompts[self.stock.makers[pk].prompt])

    def find_whole(self, kind: str) -> set[int]:
        """The candidates of which there is such gold that can be shown."""
        golds = self.stock.golds.values()
        return {gold.good_id for gold in golds if gold.kind == kind and is_whole(self.stock, gold)}

    def spread(self, candidates: set[int]) -> Iterator[int]:
        """The candidates, those first whose prompt and competitor were taken least."""
        left = [int(pk) for pk in self.rng.permutation(sorted(candidates))[:LOOKED_AT]]
        taken: Counter[tuple[str, int]] = Counter()

        def count_taken(pk: int) -> int:
            maker = self.stock.makers[pk]
            return taken["prompt", maker.prompt] + taken["competitor", maker.competitor]

        while left:
            pk = min(left, key=count_taken)
            left.remove(pk)
            maker = self.stock.makers[pk]
            taken.update([("prompt", maker.prompt), ("competitor", maker.competitor)])
            yield pk

    def cast(self, kind: str, good: int) -> bool:
        """Make one gold showing, unless nothing fits beside the candidate.

        Where what stood beside it left the arena, another takes its place.
        """
        other, spoilt = None, None
        if kind in (Kind.WRONG_PROMPT, Kind.INSTRUCTED):
            other = self.find_other(kind, good)
        else:
            spoilt = self.make_spoilt(kind, good)
        if other is None and spoilt is None:
            return False
        maker, arena = self.stock.makers[good], self.stock.arena
        Gold.objects.update_or_create(
            arena=arena, kind=kind, good_id=good, spoilt=spoilt,
            defaults={"prompt_id": maker.prompt, "other_id": other},
        )  # fmt: skip
        return True

    def find_other(self, kind: str, good: int) -> int | None:
        """Who stands beside the good one, with as many pictures."""
        fits = self.list_rivals(good) if kind == Kind.INSTRUCTED else self.list_strays(good)
        alike = [pk for pk in fits if self.shape(pk) == self.shape(good)]
        return int(self.rng.choice(alike)) if alike else None

    def list_rivals(self, good: int) -> list[int]:
        """What other competitors made for the prompt."""
        makers, mine = self.stock.makers, self.stock.makers[good]
        there = self.by_prompt[mine.prompt]
        return [pk for pk in there if makers[pk].competitor != mine.competitor]

    def list_strays(self, good: int) -> list[int]:
        """What the same competitor made for other words, without a reference in common.

        That is of another category where there is one.
        """
        prompts, makers, mine = self.stock.prompts, self.stock.makers, self.stock.makers[good]
        references, category = self.references, prompts[mine.prompt].category
        strays = [
            pk
            for pk in self.by_competitor[mine.competitor]
            if makers[pk].prompt != mine.prompt
            and not references[makers[pk].prompt] & references[mine.prompt]
        ]
        return [pk for pk in strays if prompts[makers[pk].prompt].category != category] or strays

    def make_spoilt(self, kind: str, good: int) -> Image | None:
        """The picture that stands in for the candidate's last one, as raters see it."""
        parts = Part.objects.filter(candidate=good, thought=False).exclude(image=None)
        last = parts.select_related("image").order_by("turn", "position").last()
        profile = self.stock.arena.profile
        if last is None or last.image is None:
            return None
        make = copy_image if kind == Kind.IDENTICAL else spoil_image
        try:
            spoilt = make(last.image, profile, self.rng)
            render(spoilt, profile)
        except (BadImage, TooSmallProfile, OSError) as error:
            logger.warning("no gold from candidate %s: %s", good, error)
            return None
        return spoilt


def group(places: Mapping[int, int]) -> Mapping[int, list[int]]:
    """The candidates in each place."""
    groups: dict[int, list[int]] = defaultdict(list)
    for pk, place in places.items():
        groups[place].append(pk)
    return groups
