"""The suite's prompts, rendered with a defect at stated strengths."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.stats import spearmanr

from arenas.images.decode import decode_pixels
from arenas.providers.base import Expectation, ImagePart, Reference, Request
from arenas.providers.procedural import Provider
from arenas.suites.samples import load_sample
from benchmarks.checks.table import Row, resample
from metrics.checks.base import PromptFacts, ReferencePicture, Subject, make_check

SUITES = Path("fixtures/suites")
STRENGTHS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
MODELS = ("alpha", "bravo")  # each has a taste of its own
Values = Mapping[str, float]
Ladder = tuple[Values, ...]  # what was measured at each of the strengths


def climb(
    check: str, defect: str, prompts: Sequence[tuple[str, str]],
    *, seed: int, size: int, models: Sequence[str] = MODELS,
) -> dict[str, list[Ladder]]:  # fmt: skip
    """The check's values at every strength, by group, of the prompts given as (group, id)."""
    rows, ladders = read_prompts(), {}
    for group, prompt in prompts:
        for model in models:
            made = [
                render(rows[prompt], model, seed=seed, size=size, **{defect: strength})
                for strength in STRENGTHS
            ]
            values = tuple(make_check(check).measure(subject).values for subject in made)
            ladders.setdefault(group, []).append(values)
    return ladders


def rank(ladder: Ladder, measure: str) -> float:
    """Spearman of the strengths and the fall of a measure; not measured is 0, as is no order."""
    scores = [values.get(measure, 0.0) for values in ladder]
    if len(set(scores)) == 1:
        return 0.0
    return float(spearmanr(STRENGTHS, np.negative(scores)).statistic)


def rank_groups(
    what: str, ladders: Mapping[str, Sequence[Ladder]], measure: str, *, seed: int, each: bool
) -> list[Row]:
    """The mean rank, its interval by groups drawn anew, and each group's by its renderings."""
    ranks = {group: [rank(one, measure) for one in many] for group, many in ladders.items()}
    rows = [_average(f"{what}: drift by {measure}, Spearman", ranks, seed)]
    if each:
        rows += [
            _average(f"  {group}", {str(n): [one] for n, one in enumerate(many)}, seed)
            for group, many in ranks.items()
        ]
    return rows


def _average(what: str, ranks: Mapping[str, Sequence[float]], seed: int) -> Row:
    every = [one for many in ranks.values() for one in many]
    interval = resample(ranks, lambda drawn: float(np.mean(drawn)), seed=seed)
    return Row(what, float(np.mean(every)), interval, "≥ 0.9", len(every))


@cache
def read_prompts() -> dict[str, dict[str, Any]]:
    rows = yaml.safe_load((SUITES / "capabilities.yaml").read_text("utf-8"))["prompts"]
    return {row["id"]: row for row in rows}


def render(row: dict[str, Any], model: str, *, seed: int, size: int, **strengths: float) -> Subject:
    """What the model makes of the prompt, as checks get it."""
    request = _request(row, seed)
    provider = Provider(model, {**strengths, "size": size})
    outcome = asyncio.run(provider.generate(request, deadline=120))
    images = [decode_pixels(part.data) for part in outcome.parts if isinstance(part, ImagePart)]
    references = tuple(
        ReferencePicture(each.id, each.role, decode_pixels(each.data))
        for each in request.references
    )
    roles = frozenset(each.role for each in references)
    facts = PromptFacts(row["id"], row["category"], request.turns[0], roles, request.expect)
    return Subject(facts, references, tuple(images))


def _request(row: dict[str, Any], seed: int) -> Request:
    stated = row.get("expect", {})
    lists = {name: tuple(stated[name]) for name in ("text", "edits") if name in stated}
    expect = Expectation(**(stated | lists))
    return Request(
        prompt=row["id"],
        turns=tuple(row.get("turns") or [row["text"]]),
        category=row["category"],
        references=tuple(_reference(each) for each in row.get("references", ())),
        aspect_ratio=expect.aspect_ratio,
        n_images=expect.n_images,
        seed=seed,
        expect=expect,
    )


def _reference(row: dict[str, str]) -> Reference:
    if row["file"].startswith("skimage:"):
        data, mime = load_sample(row["file"].removeprefix("skimage:"))
    else:
        data, mime = (SUITES / row["file"]).read_bytes(), "image/webp"
    return Reference(row["id"], row["role"], data, mime)
