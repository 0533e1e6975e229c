"""Votes by simulated raters: always marked as such, and never counted as people's.

They fill a demonstration and test the statistics. A simulated rater knows how good every
competitor is meant to be (`quality`, in Elo), has a taste of its own, finds some prompts
harder than others, calls near ties ties, and now and then answers at random.
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from arenas.battles.choose import Draw, choose, load_pool
from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Question
from arenas.ledger.append import append_all
from arenas.raters.models import Rater, RaterKind
from arenas.suites.models import Prompt
from arenas.votes.models import Vote

ELO = 400 / math.log(10)


@dataclass(frozen=True, slots=True)
class World:
    """What the simulated raters know and how they differ; all spreads in Elo."""

    quality: Mapping[str, float]
    prompt_spread: float = 60
    rater_spread: float = 40
    tie_width: float = 55
    careless: float = 0.03
    both_bad_below: float = -170


@transaction.atomic
def simulate_votes(
    arena: Arena,
    number: int,
    world: World,
    *,
    raters: int,
    now: datetime,
    rng: random.Random,
    among: Collection[Competitor] | None = None,
) -> int:
    """Write up to `number` votes by `raters` simulated raters, spread over the last week.

    They vote on all of the arena's competitors, or on those `among` which they are to choose.
    """
    pool = load_pool(arena)
    if among is not None:
        ids = {competitor.pk for competitor in among}
        kept = {pair: prompts for pair, prompts in pool.prompts.items() if ids.issuperset(pair)}
        pool = replace(pool, prompts=kept)
    people = make_raters(arena, raters)
    rows: list[Vote] = []
    lookup = Lookup.of(arena)
    per_rater = math.ceil(number / raters)
    for rater in people:
        seen: set[tuple[int, tuple[int, int]]] = set()
        for _ in range(min(per_rater, number - len(rows))):
            draw = choose(pool, seen, rng)
            if draw is None:
                break
            rows += lookup.answer(draw, rater, world, now=now, rng=rng)
            seen.add((draw.prompt, draw.pair))
    append_all(rows)
    return len(rows)


def make_raters(arena: Arena, number: int) -> list[Rater]:
    names = [f"{arena.slug} simulated {index + 1}" for index in range(number)]
    return [Rater.objects.get_or_create(kind=RaterKind.SIMULATED, name=name)[0] for name in names]


@dataclass(frozen=True, slots=True)
class Lookup:
    """The rows that draws point at, read once."""

    arena: Arena
    questions: Sequence[Question]
    candidates: Mapping[int, Candidate]
    prompts: Mapping[int, Prompt]
    competitors: Mapping[int, Competitor]

    @classmethod
    def of(cls, arena: Arena) -> "Lookup":
        competitors = arena.competitors().in_bulk()
        return cls(
            arena=arena,
            questions=list(arena.questions.filter(retired_at=None)),
            candidates=Candidate.objects.filter(competitor__in=competitors)
            .select_related("prompt", "competitor")
            .in_bulk(),
            prompts=arena.prompts().in_bulk(),
            competitors=competitors,
        )

    def answer(
        self, draw: Draw, rater: Rater, world: World, *, now: datetime, rng: random.Random
    ) -> list[Vote]:
        """The rater's vote on every question about the drawn battle, sides at random."""
        a, b = rng.sample([self.candidates[pk] for pk in draw.candidates], 2)
        prompt = self.prompts[draw.prompt]
        one, other = (self.competitors[c.competitor_id] for c in (a, b))
        at = now - timedelta(seconds=rng.uniform(0, 7 * 86_400))
        return [
            Vote(
                arena=self.arena,
                question=question,
                rater=rater,
                rater_kind=rater.kind,
                prompt=prompt,
                competitor_a=one,
                competitor_b=other,
                candidate_a=a,
                candidate_b=b,
                winner=decide(world, rater, prompt, one, other, rng),
                source=Vote.Source.SIMULATED,
                created_at=at,
            )
            for question in self.questions
            if question.category in ("", prompt.category)
        ]


def decide(
    world: World, rater: Rater, prompt: Prompt, a: Competitor, b: Competitor, rng: random.Random
) -> str:
    """One answer: both bad, tie, or the side that looks better to this rater now."""
    if rng.random() < world.careless:
        return rng.choice(["model_a", "model_b", "tie"])
    values = [appeal(world, rater, prompt, competitor, rng) for competitor in (a, b)]
    if max(values) < world.both_bad_below:
        return "both_bad"
    if abs(values[0] - values[1]) < world.tie_width:
        return "tie"
    return "model_a" if values[0] > values[1] else "model_b"


def appeal(
    world: World, rater: Rater, prompt: Prompt, competitor: Competitor, rng: random.Random
) -> float:
    """How good the picture looks: its maker's quality, luck of the prompt, taste, a moment.

    The moment is Gumbel-distributed, which makes decisions Bradley–Terry ones.
    """
    on_prompt = random.Random(f"{prompt.content_hash}{competitor.name}").gauss()
    by_taste = random.Random(f"{rater.key}{competitor.name}").gauss()
    moment = -math.log(-math.log(rng.uniform(1e-12, 1 - 1e-12)))
    return (
        world.quality.get(competitor.name, 0)
        + world.prompt_spread * on_prompt
        + world.rater_spread * by_taste
        + ELO * (moment - 0.5772)
    )
