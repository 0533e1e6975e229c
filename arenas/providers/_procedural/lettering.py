"""Sets words: on posters, billboards, signs and boards, right or misspelt."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from arenas.providers._procedural.canvas import (
    Colour,
    Mask,
    Picture,
    blend,
    blur,
    box,
    fill,
    luminance,
    make_rng,
    rgb,
)

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OVERSAMPLING = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A right string and the one that is drawn in its place, letter under letter."""

    right: str
    drawn: str


def spell(strings: Sequence[str], strength: float, *, key: tuple[object, ...]) -> list[Line]:
    """Replace a share of the letters by others of like width; a stronger share keeps the weaker's."""
    places = [(i, j) for i, s in enumerate(strings) for j, c in enumerate(s) if c.isalpha()]
    rng = make_rng("spelling", *key)
    order = [places[k] for k in rng.permutation(len(places))]
    picks = rng.random(len(order))
    wrong = max(1, round(0.45 * strength * len(order))) if strength and order else 0
    drawn = [list(s) for s in strings]
    for (i, j), pick in zip(order[:wrong], picks, strict=False):
        drawn[i][j] = _other_letter(strings[i][j], float(pick))
    return [Line(s, "".join(d)) for s, d in zip(strings, drawn, strict=True)]


def _other_letter(letter: str, pick: float) -> str:
    pool = _LETTERS if letter.isupper() else _LETTERS.lower()
    others = [c for c in pool if c != letter]
    others.sort(key=lambda c: abs(_font(64).getlength(c) - _font(64).getlength(letter)))
    return others[int(pick * 8)]


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow is built with FreeType in its wheels
    return font


def _fit(line: str, width: float, height: float, spacing: float) -> int:
    size = int(height)
    while size > 6 and _width(line, size, spacing) > width:
        size = int(size * 0.94)
    return size


def _width(line: str, size: int, spacing: float) -> float:
    return _font(size).getlength(line) + spacing * size * (len(line) - 1)


def letter_mask(
    line: Line, width: int, height: int, *, weight: float = 0.02, spacing: float = 0.02
) -> Mask:
    """The line, as large as the box allows and centred in it, each letter in the right one's place."""
    w, h = width * _OVERSAMPLING, height * _OVERSAMPLING
    stencil = Image.new("L", (max(1, w), max(1, h)))
    draw = ImageDraw.Draw(stencil)
    size = _fit(line.right, w * 0.98, h * 0.86, spacing)
    font, stroke = _font(size), weight * size
    x = (w - _width(line.right, size, spacing)) / 2
    for i, (right, drawn) in enumerate(zip(line.right, line.drawn, strict=True)):
        start = x + font.getlength(line.right[:i]) + spacing * size * i
        middle = start + font.getlength(right) / 2
        draw.text((middle, h / 2), drawn, 255, font, anchor="mm" if False else "ms" if False else "mm",
                  stroke_width=stroke)  # fmt: skip
    small = stencil.resize((max(1, width), max(1, height)), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)
