"""Draw what tests the rater, not the models: practice, gold, attention, repeats and mirrors.

On the page they look like any other ballot. Only who draws one pays for it with a query.
"""

import random
from collections import Counter
from collections.abc import Collection, Sequence

from arenas.battles.limit import find_worn
from arenas.battles.models import Ballot, Gold
from arenas.battles.sitting import Sitting
from arenas.battles.stock import Stock
from arenas.battles.tokens import address
from arenas.definitions.models import Question
from arenas.suites.models import Prompt

Kind = Ballot.Kind
OBJECTIVE = (Gold.Kind.IDENTICAL, Gold.Kind.WRONG_PROMPT, Gold.Kind.CORRUPTED)
AGO = 5  # ballots between a pair and its return


def draw_practice(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """Gold to learn from, before the first pair that counts, as often as the arena says."""
    wanted = sitting.stock.arena.voting.practice
    if not wanted:
        return None
    kinds = [past.kind for past in sitting.past] + [ballot.kind for ballot in sitting.open]
    if Kind.NORMAL in kinds or kinds.count(Kind.PRACTICE) >= wanted:
        return None
    return make_gold_ballot(sitting, rng, kinds=OBJECTIVE, kind=Kind.PRACTICE)


def draw_gold(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """A showing whose right answer anybody who looks can see."""
    return make_gold_ballot(sitting, rng, kinds=OBJECTIVE, kind=Kind.GOLD)


def draw_attention(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """A showing whose task says what to answer."""
    return make_gold_ballot(sitting, rng, kinds=(Gold.Kind.INSTRUCTED,), kind=Kind.GOLD)


def make_gold_ballot(
    sitting: Sitting, rng: random.Random, *, kinds: Collection[str], kind: Kind
) -> Ballot | None:
    """A ballot on gold that the rater has not seen; None where there is none left."""
    there = list_gold(sitting, kinds)
    seen = find_seen_gold(sitting) if there else set()
    left = [gold for gold in there if gold.pk not in seen]
    if kind == Kind.PRACTICE:
        left = keep_unlike(left, [gold for gold in there if gold.pk in seen])
    if not left:
        return None
    gold = rng.choice(left)
    slots = [0, 1]
    rng.shuffle(slots)
    return Ballot(
        **address(sitting, rng),
        kind=kind,
        gold=gold,
        slots=slots,
        candidates=[name_members(gold)[slot] for slot in slots],
        policy=kind,
        arm=gold.kind,
        probability=1 / len(left),
    )


def keep_unlike(left: Sequence[Gold], seen: Sequence[Gold]) -> list[Gold]:
    """What teaches most after what was seen: gold of another kind, and then for another prompt."""
    kinds = Counter(gold.kind for gold in seen)
    prompts = Counter(gold.prompt_id for gold in seen)
    known = {gold: (kinds[gold.kind], prompts[gold.prompt_id]) for gold in left}
    least = min(known.values(), default=None)
    return [gold for gold in left if known[gold] == least]


def list_gold(sitting: Sitting, kinds: Collection[str]) -> list[Gold]:
    """The gold of these kinds that can be shown to the rater now."""
    stock, worn = sitting.stock, find_worn(sitting)
    return [
        gold
        for gold in stock.golds.values()
        if gold.kind in kinds
        and is_whole(stock, gold)
        and not worn.intersection(name_members(gold))
    ]


def is_whole(stock: Stock, gold: Gold) -> bool:
    """Whether all on show is in the arena, as its pictures look now, and asked about as a pair."""
    return (
        all(pk in stock.makers for pk in name_members(gold))
        and (gold.spoilt_id is None or gold.spoilt_id in stock.spoilt)
        and asks_about_pairs(stock, gold.prompt)
    )


def asks_about_pairs(stock: Stock, prompt: Prompt) -> bool:
    """Whether something is asked about the prompt's pictures that a side answers."""
    return any(each.form == Question.Form.PAIR for each in stock.questions_about(prompt))


def name_members(gold: Gold) -> tuple[int, int]:
    """What stands on the two sides, the good one first."""
    return gold.good_id, gold.other_id or gold.good_id


def find_seen_gold(sitting: Sitting) -> set[int | None]:
    shown = Ballot.objects.filter(rater=sitting.rater, arena=sitting.stock.arena)
    seen = set(shown.exclude(gold=None).values_list("gold", flat=True))
    return {*seen, *(ballot.gold_id for ballot in sitting.open)}


def draw_repeat(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """One of the rater's own pairs again, as it was shown."""
    return make_again(sitting, rng, kind=Kind.REPEAT, order=(0, 1))


def draw_mirror(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """One of the rater's own pairs again, with its sides swapped."""
    return make_again(sitting, rng, kind=Kind.MIRROR, order=(1, 0))


def make_again(
    sitting: Sitting, rng: random.Random, *, kind: Kind, order: Sequence[int]
) -> Ballot | None:
    first = choose_first(sitting, rng)
    if first is None:
        return None
    return Ballot(
        **address(sitting, rng),
        kind=kind,
        battle=first.battle,
        repeats=first,
        slots=[first.slots[place] for place in order],
        candidates=[first.candidates[place] for place in order],
        policy=kind,
        arm=kind,
        probability=1,
    )


def choose_first(sitting: Sitting, rng: random.Random) -> Ballot | None:
    """A pair that the rater answered some ballots ago and that did not come back yet.

    Two samples of one competitor do not: whoever answers that otherwise contradicts nothing.
    """
    if len(sitting.past) + len(sitting.open) <= AGO:
        return None
    worn, again = find_worn(sitting), {ballot.repeats_id for ballot in sitting.open}
    mine = Ballot.objects.filter(
        rater=sitting.rater, arena=sitting.stock.arena, answered_at__isnull=False
    )
    recent = mine.order_by("-answered_at", "-pk").values_list("pk", flat=True)
    between = max(0, AGO - len(sitting.open))
    pairs = mine.filter(kind=Kind.NORMAL, skipped="", candidates__len=2, repeated_by=None)
    pairs = pairs.exclude(pk__in=[*again, *recent[:between]])
    left = [
        ballot
        for ballot in pairs.select_related("battle").order_by("pk")
        if not worn.intersection(ballot.candidates) and is_between_two(sitting, ballot)
    ]
    return rng.choice(left) if left else None


def is_between_two(sitting: Sitting, ballot: Ballot) -> bool:
    """Whether all on show is in the arena, and of two competitors."""
    makers = sitting.stock.makers
    return (
        all(pk in makers for pk in ballot.candidates)
        and len({makers[pk].competitor for pk in ballot.candidates}) == 2
    )
