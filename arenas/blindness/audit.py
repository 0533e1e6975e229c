"""Audit an arena: guess who made what, without the pixels and from the pixels alone."""

import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings as site

from arenas.battles.choose import battling_candidates
from arenas.blindness.guess import (
    FOLDS,
    Integers,
    count_by_prompt,
    guess,
    join_channels,
    make_attackers,
    make_table,
    measure,
)
from arenas.blindness.models import BlindnessAudit
from arenas.blindness.observe import CHANNELS, INSIDE
from arenas.blindness.pixels import embed, name_by_pixels
from arenas.blindness.play import Showing, play
from arenas.candidates.models import Candidate, Part
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.images.models import Rendition
from arenas.images.store import read_bytes
from arenas.suites.models import Prompt
from metrics.stats.agreement import wilson

ALLOWED = 0.03  # above chance
EVERYTHING = "all"


Figures = dict[str, Any]


class Labels(NamedTuple):
    """Whose each row is: competitors and prompts by id."""

    competitors: Integers
    prompts: Integers


def audit(arena: Arena, serves: int, *, seed: int, now: datetime) -> BlindnessAudit:
    """Play, guess and write down how it went. Raises NothingShown and TooFewPrompts."""
    rng = np.random.default_rng(seed)
    start = time.process_time()
    showings = play(arena, serves, rng=random.Random(seed))
    figures = {
        "attacks": attack(showings, seed=seed, rng=rng),
        "sides": compare_sides(showings),
        "pixels": look_at_pixels(arena, rng=rng),
        "cpu_seconds": round(time.process_time() - start, 1),
    }
    return BlindnessAudit.objects.create(
        arena=arena,
        created_at=now,
        serves=serves,
        settings={
            "seed": seed,
            "folds": FOLDS,
            "allowed": ALLOWED,
            "attackers": list(make_attackers(seed)),
            "profile": str(arena.profile),
        },
        figures=figures,
        code_version=site.VERSION,
    )


def attack(showings: Sequence[Showing], *, seed: int, rng: np.random.Generator) -> list[Figures]:
    """How often each attacker is right, with all channels and with each alone."""
    labels = Labels(
        np.array([showing.competitor for showing in showings]),
        np.array([showing.prompt for showing in showings]),
    )
    looks = {EVERYTHING: CHANNELS, **{name: (name,) for name in (*CHANNELS, INSIDE)}}
    attacks = []
    for what, channels in looks.items():
        rows = [join_channels(showing.channels, channels) for showing in showings]
        table = make_table(rows, labels.prompts)
        for name, attacker in make_attackers(seed).items():
            guesses = guess(table, *labels, attacker=attacker, seed=seed)
            found = measure(guesses, *labels, rng=rng)
            attacks.append({"channel": what, "attacker": name, **asdict(found)})
    return attacks


def compare_sides(showings: Sequence[Showing]) -> list[Figures]:
    """How often each competitor was on the left, and the older candidate of a pair."""
    names = dict(Competitor.objects.values_list("pk", "name"))
    pairs = itertools.groupby(showings, key=lambda showing: showing.ballot)
    older = [min(sides, key=lambda side: side.candidate).slot == 0 for _, sides in pairs]
    rows: list[tuple[str, list[bool]]] = [("the candidate made first", older)]
    for competitor in sorted({showing.competitor for showing in showings}):
        slots = [each.slot == 0 for each in showings if each.competitor == competitor]
        rows.append((names[competitor], slots))
    return [
        {"who": who, "shown": len(left), **asdict(wilson(sum(left), len(left)))}
        for who, left in rows
    ]


def look_at_pixels(arena: Arena, *, rng: np.random.Generator) -> Figures:
    """How well pixels alone name competitors: overall, by competitor and by prompt."""
    candidates = list(battling_candidates(arena).select_related("prompt", "competitor"))
    files = find_files(arena, candidates)
    candidates = [candidate for candidate in candidates if files.get(candidate.pk)]
    table = np.stack([embed(map(read_bytes, files[candidate.pk])) for candidate in candidates])
    labels = Labels(
        np.array([candidate.competitor_id for candidate in candidates]),
        np.array([candidate.prompt_id for candidate in candidates]),
    )
    guesses = name_by_pixels(table, *labels)
    hits, shown = count_by_prompt(guesses, *labels)
    prompts = {candidate.prompt_id: candidate.prompt for candidate in candidates}
    names = {candidate.competitor_id: candidate.competitor.name for candidate in candidates}
    return {
        **asdict(measure(guesses, *labels, rng=rng)),
        "competitors": [
            {"name": names[pk], **asdict(wilson(int(hits[:, n].sum()), int(shown[:, n].sum())))}
            for n, pk in enumerate(sorted(names))
        ],
        "prompts": [
            describe_prompt(prompts[pk], int(hits[n].sum()), int(shown[n].sum()))
            for n, pk in enumerate(sorted(prompts))
        ],
    }


def find_files(arena: Arena, candidates: Sequence[Candidate]) -> dict[int, list[str]]:
    """The files that raters see of each candidate, in their order."""
    parts = Part.objects.filter(candidate__in=candidates, thought=False, image__isnull=False)
    shown = {
        rendition.image_id: rendition.path
        for rendition in Rendition.objects.filter(
            profile=arena.profile_id, image__in=parts.values("image")
        )
    }
    files: dict[int, list[str]] = {}
    for candidate, image in parts.order_by("turn", "position").values_list("candidate", "image"):
        files.setdefault(candidate, []).append(shown[image])
    return files


def describe_prompt(prompt: Prompt, hits: int, shown: int) -> Figures:
    return {
        "id": prompt.pk,
        "key": prompt.key,
        "category": prompt.category,
        "named": hits,
        "of": shown,
    }
