"""Whole studies through the site's own code: do the intervals that people see hold the truth?

`make bench-studies` runs a hundred of them. In each, raters with tastes of their own vote on
prompts that suit some competitors better, on ballots that the site draws, by plans that it makes
as votes come in; then the site builds its snapshot, and the intervals of its rows are compared
with the ratings that endless votes on endless prompts would give.
"""

import argparse
import math
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site()  # before anything that holds models

from arenas.battles.serve import hold_ballots  # noqa: E402
from arenas.battles.tokens import derive_token  # noqa: E402
from arenas.candidates.models import Candidate, Part  # noqa: E402
from arenas.candidates.store import render_for_arenas  # noqa: E402
from arenas.competitors.models import Competitor  # noqa: E402
from arenas.definitions.enter import enter_competitors  # noqa: E402
from arenas.definitions.models import Arena, Outcome, Question  # noqa: E402
from arenas.images.models import RenditionProfile  # noqa: E402
from arenas.images.store import store_image  # noqa: E402
from arenas.raters.models import Rater  # noqa: E402
from arenas.suites.models import Prompt, PromptSuite, SuiteEntry, SuiteVersion  # noqa: E402
from arenas.votes.cast import Answer, cast  # noqa: E402
from arenas.votes.count import seal_and_fold  # noqa: E402
from arenas.votes.simulate import ELO, World, decide  # noqa: E402
from metrics.leaderboards.build import build_snapshot, find_leaderboard  # noqa: E402
from metrics.leaderboards.models import Snapshot  # noqa: E402
from metrics.pairing.plan import plan_pairs  # noqa: E402
from metrics.stats.comparisons import Comparisons  # noqa: E402
from metrics.stats.comparisons import Outcome as Code  # noqa: E402
from metrics.stats.methods.base import make_method  # noqa: E402
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT  # noqa: E402

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BATCH = 60


@dataclass(frozen=True, slots=True)
class Size:
    """How large each study is."""

    competitors: int
    prompts: int
    raters: int
    votes_per_rater: int


def make_arena(study: int, size: Size, pairing: dict[str, object]) -> Arena:
    """An arena of its own for each study: other prompts, other competitors, one picture."""
    suite = PromptSuite.objects.create(name=f"study {study}")
    version = SuiteVersion.objects.create(suite=suite, number=1)
    prompts = Prompt.objects.bulk_create(
        Prompt(suite=suite, key=f"p{n}", content_hash=f"{study}-{n}", turns=["Draw."])
        for n in range(size.prompts)
    )
    SuiteEntry.objects.bulk_create(
        SuiteEntry(version=version, prompt=prompt, position=n) for n, prompt in enumerate(prompts)
    )
    profile, _ = RenditionProfile.objects.get_or_create(width=64, height=64, size=8192)
    arena = Arena.objects.create(
        slug=f"study-{study}", title="Study", suite_version=version, profile=profile,
        outcomes=list(Outcome.values), board_raters=["person"], pairing=pairing,
    )  # fmt: skip
    Question.objects.create(arena=arena, key="better", text="Which is better?")
    competitors = Competitor.objects.bulk_create(
        Competitor(name=f"{study}-{n}") for n in range(size.competitors)
    )
    enter_competitors(arena, competitors, now=NOW)
    fill(arena, prompts, competitors)
    return arena


def fill(arena: Arena, prompts: list[Prompt], competitors: list[Competitor]) -> None:
    image = store_image((ROOT / "fixtures" / "references" / "fox.webp").read_bytes())
    candidates = Candidate.objects.bulk_create(
        Candidate(prompt=prompt, competitor=c, status=Candidate.Status.DONE)
        for prompt in prompts
        for c in competitors
    )
    Part.objects.bulk_create(Part(candidate=c, position=0, image=image) for c in candidates)
    render_for_arenas(candidates[0], [image])


def draw_quality(size: Size, rng: random.Random) -> list[float]:
    return [rng.gauss(0, 100) for _ in range(size.competitors)]


def find_truth(world: World, quality: list[float], rng: np.random.Generator) -> list[float]:
    """The ratings that endless uniform votes lead to: of all prompts, raters and moments."""
    draws, size = 400_000, len(quality)
    spread = math.hypot(world.prompt_spread, world.rater_spread)
    appeal = np.array(quality)[:, None] + spread * rng.standard_normal((size, draws))
    appeal += ELO * (rng.gumbel(size=(size, draws)) - 0.5772)
    rows = []
    for a in range(size):
        for b in range(a + 1, size):
            won = appeal[a] - appeal[b]
            tied = (np.abs(won) < world.tie_width) | (
                np.maximum(appeal[a], appeal[b]) < world.both_bad_below
            )
            share = float(((won > 0) & ~tied).mean() + tied.mean() / 2)
            share = (1 - world.careless) * share + world.careless / 2
            rows += [(a, b, Code.MODEL_A, share), (a, b, Code.MODEL_B, 1 - share)]
    first, second, outcome, weight = zip(*rows, strict=True)
    names = [str(n) for n in range(size)]
    expected = Comparisons.from_codes(names, first, second, outcome, weight=weight)
    logits = make_method("bradley_terry").fit(expected).logits
    return [MEAN + POINTS_PER_LOGIT * float(x) for x in logits]


def vote(arena: Arena, rater: Rater, world: World, *, now: datetime, rng: random.Random) -> bool:
    """One vote on the next ballot that the site holds for the rater."""
    held = hold_ballots(arena, rater, now=now, rng=rng)
    if not held:
        return False
    left, right = held[0].shown
    winner = decide(world, rater, held[0].prompt, left.competitor, right.competitor, rng)
    cast(arena, rater, Answer(derive_token(held[0].nonce), winner), now=now)
    return True


def run_study(number: int, size: Size, pairing: dict[str, object]) -> tuple[Snapshot, list[float]]:
    rng = random.Random(number)
    arena = make_arena(number, size, pairing)
    names = [f"{number}-{n}" for n in range(size.competitors)]
    quality = draw_quality(size, rng)
    world = World(dict(zip(names, quality, strict=True)))
    raters = Rater.objects.bulk_create(Rater() for _ in range(size.raters))
    turns = raters * size.votes_per_rater
    rng.shuffle(turns)
    for n, rater in enumerate(turns):
        now = NOW + timedelta(seconds=10 * n)
        vote(arena, rater, world, now=now, rng=rng)
        if n % BATCH == BATCH - 1:
            seal_and_fold(now)
            plan_pairs(arena, now=now)
    seal_and_fold(NOW + timedelta(days=1))
    question = arena.questions.get()
    snapshot = build_snapshot(find_leaderboard(arena, question, rater_kinds=["person"]))
    return snapshot, find_truth(world, quality, np.random.default_rng(number))


def check_study(snapshot: Snapshot, truth: list[float], hits: Counter[str]) -> None:
    for rating in snapshot.ratings.select_related("competitor"):
        true = truth[int(rating.competitor.name.split("-")[1])]
        hits["ratings"] += 1
        better = 1 + sum(other > true for other in truth)
        hits["in interval"] += holds(rating.rating_lower, true, rating.rating_upper)
        hits["in band"] += holds(rating.band_lower, true, rating.band_upper)
        hits["in ranks"] += holds(rating.rank_lower, better, rating.rank_upper)


def holds(lower: float | None, value: float, upper: float | None) -> bool:
    return lower is not None and upper is not None and lower <= value <= upper


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--votes", type=int, default=20, help="of each rater")
    parser.add_argument("--rule", default="adjacent")
    options = parser.parse_args()
    size = Size(competitors=6, prompts=30, raters=24, votes_per_rater=options.votes)
    pairing = {"rule": options.rule, "random_share": 0.25, "newcomers": True, "batch": BATCH}
    hits, start = Counter[str](), time.process_time()
    for number in range(options.studies):
        check_study(*run_study(number, size, pairing), hits)
    ratings = hits["ratings"]
    print(f"{options.studies} studies of {size}, pairing {options.rule}")
    for name in ("in interval", "in band", "in ranks"):
        share = hits[name] / ratings
        error = 196 * math.sqrt(share * (1 - share) / ratings)
        print(f"{name:12} {100 * share:.1f} % of {ratings} (±{error:.1f})")
    print(f"{time.process_time() - start:.0f} CPU seconds")


if __name__ == "__main__":
    main()
