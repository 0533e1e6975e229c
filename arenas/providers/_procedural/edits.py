"""Carries out one edit, given as a sentence, on a finished picture.

The vocabulary is closed: a sentence is read by keywords, and the first row of `EDITS` that
matches carries it out. A sentence that matches none gets a visible local change, so that no
edit is silently left undone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from arenas.providers._procedural import air
from arenas.providers._procedural.canvas import (
    Picture,
    blend,
    ellipse_mask,
    luminance,
    make_rng,
    rgb,
    turn_hue,
)
from arenas.providers._procedural.cutouts import Face, find_face
from arenas.providers._procedural.drawings import DRAWINGS
from arenas.providers._procedural.lettering import Line, letter_mask, write_over
from arenas.providers._procedural.reading import COLOURS, STYLES, Item, read_items
from arenas.providers._procedural.regions import (
    box_of,
    find_colour,
    find_open_top,
    repaint,
    take_away,
)
from arenas.providers._procedural.styles import apply_style
from arenas.providers._procedural.things import draw_thing

WEARABLE = ("hat", "scarf", "sunglasses", "crown")


@dataclass(frozen=True, slots=True)
class Task:
    """One edit: what to do, how its words are to be spelt, and what makes it repeatable."""

    sentence: str
    lines: tuple[Line, ...]
    key: tuple[object, ...]
    original: Picture  # before this turn: a face may be hidden by what was put on it
    behind: Callable[[str], Picture]  # the picture on another background


def carry_out(picture: Picture, task: Task) -> Picture:
    row = _row_for(task.sentence)
    return row[1](picture, task) if row else _mark(picture, task)


def stage_of(sentence: str) -> int:
    """When this edit is carried out among others: lower numbers first."""
    row = _row_for(sentence)
    return row[2] if row else 3


def _row_for(sentence: str) -> tuple[str, Callable[[Picture, Task], Picture], int] | None:
    return next((row for row in EDITS if re.search(row[0], sentence.lower())), None)


def _colours(text: str) -> list[str]:
    return re.findall(rf"\b({'|'.join(COLOURS)})\b", text.lower())


def _grey_but(picture: Picture, task: Task) -> Picture:
    grey = np.repeat(luminance(picture)[..., None], 3, 2)
    kept = _colours(task.sentence.split("except")[1]) if "except" in task.sentence else []
    region = find_colour(picture, kept[0]) if kept else None
    return grey if region is None else air.mix_by(grey, picture, region)


def _put_words(picture: Picture, task: Task) -> Picture:
    out = picture.copy()
    sign = find_colour(picture, "white") if "sign" in task.sentence else None
    for line in task.lines:
        if sign is None:
            write_over(out, line, (0.06, 0.04, 0.94, 0.2))
        else:
            _write_on_sign(out, line, box_of(sign))
    return out


def _write_on_sign(picture: Picture, line: Line, place: tuple[float, float, float, float]) -> None:
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = (round(v * s) for v, s in zip(place, (w, h, w, h), strict=True))
    mask = letter_mask(line, x1 - x0, y1 - y0, weight=0.03)
    blend(picture[y0:y1, x0:x1], rgb("#2b2420"), mask)


def _restyle(picture: Picture, task: Task) -> Picture:
    style = next(name for name, pattern in STYLES if re.search(pattern, task.sentence.lower()))
    return apply_style(picture, style)


def _remove(picture: Picture, task: Task) -> Picture:
    named = _colours(task.sentence)
    region = find_colour(picture, named[0]) if named else None
    return _mark(picture, task) if region is None else take_away(picture, region)


def _recolour(picture: Picture, task: Task) -> Picture:
    named = _colours(task.sentence)
    if len(named) == 1 and re.search(r"\bwall|\bsky", task.sentence):
        region: np.ndarray | None = find_open_top(picture)
    else:
        region = find_colour(picture, named[0]) if len(named) > 1 else None
    return _mark(picture, task) if region is None else repaint(picture, region, named[-1])


def _dress(picture: Picture, task: Task) -> Picture:
    h, w = picture.shape[:2]
    face = find_face(task.original) or Face(w * 0.535, h * 0.55, w * 0.34)
    out = picture.copy()
    worn = [item for item in read_items(task.sentence) if item.thing in WEARABLE]
    for item in worn[:1]:
        size, down = _FITS[item.thing]
        tall = min(size * face.r, 0.34 * h)
        foot = min(max(face.y + down * face.r, tall * 0.98), h * 0.97)
        draw_thing(out, item.thing, (face.x, foot), tall, colour=item.colours[0])
    return out


# Height, and how far its foot lies below the middle of the face, in halves of the face's width.
_FITS = {
    "hat": (2.0, -0.72),
    "crown": (1.25, -1.15),
    "sunglasses": (0.82, 0.16),
    "scarf": (1.75, 2.95),
}


def _add(picture: Picture, task: Task) -> Picture:
    items = read_items(task.sentence)
    if not items:
        return _mark(picture, task)
    out = picture.copy()
    item = items[0]
    light = np.full(3, np.clip(luminance(picture).mean() * 2.2, 0.55, 1), np.float32)
    x, y, tall = _spot(item, task, picture)
    for n, colour in enumerate(item.colours):
        step = (n - (len(item.colours) - 1) / 2) * tall * 0.62
        draw_thing(out, item.thing, (x + step, y), tall, colour=colour, light=light)
    return out


def _spot(item: Item, task: Task, picture: Picture) -> tuple[float, float, float]:
    """Where an added thing stands, and how tall it is, in pixels."""
    h, w = picture.shape[:2]
    text, own = task.sentence.lower(), make_rng("spot", *task.key)
    tall = DRAWINGS[item.thing].size * min(h, w) * float(own.uniform(0.88, 1.15))
    side = -1 if "left" in text else 1 if "right" in text else 0
    x = w * (0.5 + (0.36 - float(own.uniform(0, 0.05))) * side)
    if "upper" in text or "top" in text:
        return x, h * 0.05 + tall, tall
    if "wall" in text:
        return w * 0.425, h * 0.17 + tall, tall
    if DRAWINGS[item.thing].floats:
        return x, h * 0.16 + tall, tall
    near = 0.66 if side == 0 and "front" not in text else 0.5 + 0.36 * side
    return w * near, h * 0.93, tall


def _mirror(picture: Picture, task: Task) -> Picture:
    return picture[:, ::-1].copy()


def _replace_background(picture: Picture, task: Task) -> Picture:
    return task.behind(task.sentence)


def _mark(picture: Picture, task: Task) -> Picture:
    """A spot of other light and hue, somewhere that the sentence decides."""
    h, w = picture.shape[:2]
    rng = make_rng("mark", task.sentence)
    at = (w * float(rng.uniform(0.25, 0.75)), h * float(rng.uniform(0.3, 0.75)))
    spot = ellipse_mask(h, w, at, (w * 0.16, w * 0.13))
    changed = turn_hue(np.clip(picture, 0, 1), float(rng.uniform(70, 200)), 1.3) * 1.05 + 0.04
    return air.mix_by(picture, changed.astype(np.float32), spot)


def _as(
    change: Callable[[Picture, tuple[object, ...]], Picture],
) -> Callable[[Picture, Task], Picture]:
    return lambda picture, task: change(picture, task.key)


# What the sentence says, what to do, and when, whatever the prompt's order: backgrounds first;
# then what goes, before a recoloured or added thing could be taken for it; the light; words last.
EDITS: tuple[tuple[str, Callable[[Picture, Task], Picture], int], ...] = (
    (r"black and white", _grey_but, 4),
    (r'"', _put_words, 5),
    (r"background with", _replace_background, 0),
    (r"\b(?:" + "|".join(p for _, p in STYLES) + r")\b", _restyle, 4),
    (r"mirror|flip", _mirror, 4),
    (r"remove|take away|without", _remove, 1),
    (r"colour of|\bpaint|recolour", _recolour, 2),
    (rf"\b({'|'.join(WEARABLE)})\b", _dress, 3),
    (r"\b(?:add|hang|put|place)\b", _add, 3),
    (r"sky a sunset", lambda picture, task: air.change_sky(picture, "sunset"), 2),
    (r"night", _as(air.make_night), 4),
    (r"sunset|evening|dusk", _as(air.make_sunset), 4),
    (r"dawn|morning|sunrise", _as(air.make_dawn), 4),
    (r"snow|winter", _as(air.let_snow), 4),
    (r"rain", _as(air.let_rain), 4),
    (r"fog", _as(air.let_fog), 4),
    (r"autumn", _as(air.turn_leaves), 4),
    (r"bright", _as(air.brighten), 4),
    (r"dark", _as(air.darken), 4),
    (r"warm", _as(air.warm), 4),
    (r"cool", _as(air.cool), 4),
    (r"spring|summer|clear", _as(air.freshen), 4),
)
