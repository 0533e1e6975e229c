"""A judge by rules of thumb: it looks at the pictures' pixels alone, and at no word of the task.

It stands in for a judging model where there is none, and no more: it sees noise, colours and
whether something changed, but nothing of what a picture shows. Its rules, for each thing asked:

- `naturalness`: the picture with less noise (Immerkær's, 1996).
- `preservation`: the one nearer to the source, pixel by pixel.
- `identity`: the one whose colours are nearer to the subject's.
- `instruction`: the one that changed something of its source at all.
- `overall`, and anything else: the one that most of the rules above favour.
- of an edit: whether the second picture differs from the first.

A difference too small to see is a tie. The same pictures give the same reply, in either order.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from arenas.providers.base import ProviderError, Reference

VERSION = "rules-of-thumb-1"
SIDE = 128  # pixels that pictures are compared at
SEEN = 0.004  # of the range from black to white: a smaller mean difference is none
CHOICES = ["A", "B", "tie"]
_KERNEL = ((1, -2, 1), (-2, 4, -2), (1, -2, 1))

Pixels = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """What is on the table: the pictures of both answers, and the references by their role."""

    answers: Mapping[str, Sequence[Pixels]]
    references: Mapping[str, Pixels]

    def score(self, aspect: str, answer: str) -> float:
        """How well an answer does, from 0 (worst) to 1; the middle where the rule says nothing."""
        pictures = self.answers[answer]
        source, subject = self.references.get("source"), self.references.get("subject")
        if aspect == "naturalness":
            return 1 - max(map(measure_noise, pictures))
        if aspect == "preservation" and source is not None:
            return 1 - differ(pictures[-1], source)
        if aspect == "identity" and subject is not None:
            return 1 - differ_in_colour(pictures[-1], subject)
        if aspect == "instruction" and source is not None:
            return float(differ(pictures[-1], source) > SEEN)
        return 0.5

    def lead(self, aspect: str) -> int:
        """1 where A does better, -1 where B does, 0 where no difference is to be seen."""
        gap = self.score(aspect, "A") - self.score(aspect, "B")
        return 0 if abs(gap) <= SEEN else int(np.sign(gap))


RULES = ("naturalness", "preservation", "identity", "instruction")


def answer(images: Sequence[Reference], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each property of the schema. Raises ProviderError for what no rule answers."""
    pictures = [(image.role, load(image.data)) for image in images]
    return {name: answer_one(name, part, pictures) for name, part in schema["properties"].items()}


def answer_one(name: str, part: Mapping[str, Any], pictures: list[tuple[str, Pixels]]) -> str:
    choices = part.get("enum")
    if choices == CHOICES:
        return choose(name, lay_out(pictures))
    if choices and "not done" in choices:
        first, last = pictures[0][1], pictures[-1][1]
        return "done" if differ(first, last) > SEEN else "not done"
    if choices is None and part.get("type") == "string":
        return "By rules of thumb on the pixels; nobody looked at what the pictures show."
    raise ProviderError(f"no rule of thumb answers {name!r}", permanent=True)


def choose(aspect: str, view: View) -> str:
    lead = view.lead(aspect)
    if aspect not in RULES:
        lead = int(np.sign(sum(map(view.lead, RULES))))
    return {1: "A", -1: "B", 0: "tie"}[lead]


def lay_out(pictures: list[tuple[str, Pixels]]) -> View:
    answers = {slot: [each for role, each in pictures if role == slot] for slot in ("A", "B")}
    if not all(answers.values()):
        raise ProviderError("a comparison needs pictures of both answers", permanent=True)
    # The first reference of each role counts.
    return View(answers, dict(reversed(pictures)))


def load(data: bytes) -> Pixels:
    """The picture as levels from 0 to 1, on a square of one size."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float64) / 255


def differ(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one - other).mean())


def differ_in_colour(one: Pixels, other: Pixels) -> float:
    """Half the L1 distance of histograms of 4 × 4 × 4 colours: 0 alike, 1 nothing in common."""
    counted = [
        np.bincount((np.minimum(each * 4, 3).astype(int) @ (16, 4, 1)).ravel(), minlength=64)
        for each in (one, other)
    ]
    return float(np.abs(counted[0] - counted[1]).sum() / (2 * SIDE * SIDE))


def measure_noise(picture: Pixels) -> float:
    grey = picture.mean(axis=2)
    inner = SIDE - 2
    filtered = sum(
        weight * grey[row : row + inner, column : column + inner]
        for row, weights in enumerate(_KERNEL)
        for column, weight in enumerate(weights)
    )
    return float(np.median(np.abs(filtered)) / (6 * 0.6745))
