"""The stated defects: their names, where each applies, and those that act on a whole picture."""

import math
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from arenas.providers._procedural.canvas import (
    Picture,
    blur,
    cloudy,
    decode,
    encode,
    make_rng,
    mix,
    turn_hue,
)
from arenas.providers._procedural.reading import COLOURS
from arenas.providers._procedural.styles import restyle
from arenas.providers._procedural.things import draw_thing
from arenas.providers.base import Reference, Request

NAMES = (
    "identity_drift",
    "style_drift",
    "misspelt_text",
    "pasting_seams",
    "ignored_edits",
    "over_editing",
    "returned_unchanged",
    "noise",
    "refusal_rate",
)
Strengths = Mapping[str, float]
Key = tuple[object, ...]


def read_strengths(params: Mapping[str, Any]) -> Strengths:
    """A strength for every defect, 0 where none is given. Raises ValueError by name."""
    for name in NAMES:
        value = params.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{name} must be a number from 0 to 1, not {value!r}")
    return {name: float(params.get(name, 0)) for name in NAMES}


def reference_in_role(request: Request, role: str) -> Reference | None:
    return next((r for r in request.references if r.role == role), None)


def edits_of(request: Request, turn: int) -> tuple[str, ...]:
    """The edits that one turn asks for: those stated, else the turn's own words."""
    if turn:
        return (request.turns[turn],)
    if reference_in_role(request, "source") is None:
        return ()
    if request.expect.edits or reference_in_role(request, "subject"):
        return request.expect.edits
    return (request.turns[0],)


def applies(defect: str, request: Request) -> bool:
    """Whether the defect can show on this prompt. Raises ValueError for an unknown defect."""
    if defect not in NAMES:
        raise ValueError(f"unknown defect {defect!r} (known: {', '.join(NAMES)})")
    changes = len(request.turns) > 1 or reference_in_role(request, "source") is not None
    placed = reference_in_role(request, "subject") is not None
    named = any(r.id == request.expect.subject for r in request.references)
    where = {
        "identity_drift": placed or named,
        "misspelt_text": any(c.isalpha() for text in request.expect.text for c in text),
        "pasting_seams": placed,
        "ignored_edits": any(edits_of(request, t) for t in range(len(request.turns))),
        "over_editing": changes,
        "returned_unchanged": changes,
    }
    return where.get(defect, True)


def ignored(request: Request, strength: float, *, key: Key) -> set[tuple[int, int]]:
    """The edits left undone, as (turn, place in the turn): at least one, more with strength."""
    edits = [(t, i) for t in range(len(request.turns)) for i in range(len(edits_of(request, t)))]
    count = math.ceil(strength * len(edits))
    order = make_rng("ignored", *key).permutation(len(edits))
    return {edits[i] for i in order[:count]}


def is_refused(request: Request, rate: float, *, key: Key) -> bool:
    return float(make_rng("refusal", request.seed, *key).random()) < rate


def over_edit(before: Picture, after: Picture, strength: float, *, key: Key) -> Picture:
    """Change what lies outside the edit: colours, shapes, and one more object."""
    if not strength:
        return after
    h, w = after.shape[:2]
    rng = make_rng("over-editing", *key)
    touched = blur((np.abs(after - before).max(-1) > 0.08).astype(np.float32), h * 0.01)
    outside = 1 - touched * (0.8 if touched.mean() < 0.7 else 0.2)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    bend = 0.06 * h * (cloudy(rng, h, w, (3, 3), 1) - 0.5)
    moved = cv2.remap(
        after, x + bend, y + bend[::-1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    other = turn_hue(np.clip(moved, 0, 1), float(rng.choice((-1, 1)) * rng.uniform(28, 50)), 1.3)
    thing, colour = (
        rng.choice(("balloon", "tree", "umbrella", "bird")),
        rng.choice(list(COLOURS)[:9]),
    )
    at = (w * float(rng.uniform(0.12, 0.88)), h * 0.9)
    draw_thing(other, str(thing), at, h * 0.32, colour=str(colour))
    return (after + (other - after) * (outside * np.float32(strength))[..., None]).astype(
        np.float32
    )


def drift_style(picture: Picture, strength: float, progress: float, *, key: Key) -> Picture:
    """Slide into another look; in a sequence the later pictures (progress to 1) slide further."""
    if not strength:
        return picture
    return mix(picture, restyle(np.clip(picture, 0, 1), key=key), strength * (0.4 + 0.6 * progress))


def spoil(picture: Picture, strength: float, *, key: Key) -> Picture:
    """Blur, sensor noise and coarse JPEG blocks."""
    if not strength:
        return picture
    h, w = picture.shape[:2]
    soft = blur(picture, strength * h * 0.006)
    rng = make_rng("noise", *key)
    grain = rng.standard_normal((h, w, 3), np.float32) * np.float32(0.17 * strength)
    coarse = encode(soft + grain, quality=round(90 - 78 * strength))
    return np.ascontiguousarray(decode(coarse)[..., :3])
