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
    """Replace letters by others of like width; a higher strength keeps a lower one's mistakes."""
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
    """The line as large as fits, centred, each letter in the place of the right one."""
    w, h = width * _OVERSAMPLING, height * _OVERSAMPLING
    stencil = Image.new("L", (max(1, w), max(1, h)))
    draw = ImageDraw.Draw(stencil)
    size = _fit(line.right, w * 0.98, h * 0.86, spacing)
    font, stroke = _font(size), weight * size
    x = (w - _width(line.right, size, spacing)) / 2
    for i, (right, drawn) in enumerate(zip(line.right, line.drawn, strict=True)):
        start = x + font.getlength(line.right[:i]) + spacing * size * i
        middle = start + font.getlength(right) / 2
        at = (middle, h / 2 + 0.36 * size)
        draw.text(at, drawn, 255, font, anchor="ms", stroke_width=stroke)
    small = stencil.resize((max(1, width), max(1, height)), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)


def set_words(picture: Picture, surface: str, lines: Sequence[Line], *, flip: int) -> None:
    """Put the lines on their surface, in place. `flip` picks among equal ways to do so."""
    SURFACES[surface](picture, lines, flip)


def _write(
    picture: Picture,
    line: Line,
    place: tuple[float, float, float, float],
    colour: Colour,
    *,
    weight: float = 0.02,
    halo: Colour | None = None,
) -> None:
    """One line in a box given as shares of the picture: left, top, right, bottom."""
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = (round(v * s) for v, s in zip(place, (w, h, w, h), strict=True))
    mask = letter_mask(line, x1 - x0, y1 - y0, weight=weight)
    part = picture[y0:y1, x0:x1]
    if halo is not None:
        blend(part, halo, np.clip(blur(mask, (y1 - y0) * 0.05) * 1.3, 0, 1).astype(np.float32))
    blend(part, colour, mask)


def _stack(
    picture: Picture,
    lines: Sequence[Line],
    place: tuple[float, float, float, float],
    colour: Colour,
    *,
    weight: float = 0.02,
    halo: Colour | None = None,
) -> None:
    """Lines under one another, the first one largest."""
    x0, y0, x1, y1 = place
    shares = np.array([1.0] + [0.55] * (len(lines) - 1))
    edges = y0 + (y1 - y0) * np.concatenate([[0], np.cumsum(shares / shares.sum())])
    for line, top, bottom in zip(lines, edges[:-1], edges[1:], strict=True):
        _write(picture, line, (x0, float(top), x1, float(bottom)), colour, weight=weight, halo=halo)


def _panel(
    picture: Picture, place: tuple[float, float, float, float], frame: Colour, face: Colour
) -> None:
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = place[0] * w, place[1] * h, place[2] * w, place[3] * h
    rim = 0.012 * min(h, w)
    box(picture, x0 - rim, y0 - rim + 6, x1 + rim, y1 + rim + 6, rgb("#0a0c14"), alpha=0.4, soft=6)
    box(picture, x0 - rim, y0 - rim, x1 + rim, y1 + rim, frame, low=frame * 0.8)
    box(picture, x0, y0, x1, y1, face, low=face * 0.93)


def _posts(picture: Picture, xs: Sequence[float], top: float, colour: Colour) -> None:
    h, w = picture.shape[:2]
    for x in xs:
        half = w * 0.012
        box(picture, x * w - half, top * h, x * w + half, h, colour, low=colour * 0.7)


def _poster(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    """A title over the picture's top, the rest over a shaded foot."""
    h, w = picture.shape[:2]
    dark = float(luminance(picture[: h // 4]).mean()) < 0.5
    ink, halo = (rgb("#fff4d8"), rgb("#141022")) if dark else (rgb("#1c2333"), rgb("#fdf8ec"))
    box(picture, 0, 0, w, h * 0.24, halo, alpha=0.28, soft=h * 0.03)
    _write(picture, lines[0], (0.06, 0.05, 0.94, 0.2), ink, weight=0.03, halo=halo)
    if len(lines) > 1:
        box(picture, 0, h * 0.83, w, h * 1.1, rgb("#12101c"), alpha=0.72, soft=h * 0.02)
        _stack(picture, lines[1:], (0.1, 0.85, 0.9, 0.97), rgb("#fff4d8"))


def _cover(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    h, w = picture.shape[:2]
    _poster(picture, lines, flip)
    for inset in (0.02, 0.034):
        d, t = inset * w, max(1.0, w * 0.004)
        for x0, x1 in ((d, d + t), (w - d - t, w - d)):
            box(picture, x0, d, x1, h - d, rgb("#f3dfae"), alpha=0.7)
        for y0, y1 in ((d, d + t), (h - d - t, h - d)):
            box(picture, d, y0, w - d, y1, rgb("#f3dfae"), alpha=0.7)


def _billboard(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    faces = (
        ("#fdf6e3", "#b3262e"),
        ("#17325c", "#ffe08a"),
        ("#f4c534", "#1d2433"),
        ("#0f5f5c", "#fff4dc"),
    )
    face, ink = (rgb(c) for c in faces[flip % len(faces)])
    _posts(picture, (0.3, 0.7), 0.6, rgb("#3d434c"))
    place = (0.14, 0.16, 0.86, 0.62)
    _panel(picture, place, rgb("#2c313a"), face)
    _stack(picture, lines, (0.17, 0.22, 0.83, 0.56), ink, weight=0.035)


def _neon(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    h, w = picture.shape[:2]
    tube, light = rgb("#ffe3f2"), rgb("#ff3f9a")
    x0, y0, x1, y1 = int(0.06 * w), int(0.26 * h), int(0.94 * w), int(0.74 * h)
    part = picture[y0:y1, x0:x1]
    mask = letter_mask(lines[0], x1 - x0, y1 - y0, weight=0.012)
    whole = np.zeros((h, w), np.float32)
    whole[y0:y1, x0:x1] = mask
    picture += blur(whole, h * 0.09)[..., None] * light * 1.5
    picture += blur(whole, h * 0.018)[..., None] * light * 0.9
    blend(part, tube, mask)


def _chalk(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    _stack(picture, lines, (0.16, 0.16, 0.84, 0.76), rgb("#f3f4ee"), weight=0.008)


def _banner(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    h, w = picture.shape[:2]
    cloth = rgb(("#b8302c", "#1f4f8a", "#2a6b4a", "#6a2f6f")[flip % 4])
    xs = np.linspace(0, w, 24)
    sag = h * 0.03 * (1 - (2 * xs / w - 1) ** 2)
    top = list(zip(xs, h * 0.1 + sag, strict=True))
    low = list(zip(xs[::-1], h * 0.32 + sag[::-1], strict=True))
    fill(picture, [*top, *low], cloth, bottom=cloth * 0.8)
    _stack(picture, lines, (0.06, 0.155, 0.94, 0.325), rgb("#fff8e8"), weight=0.03)


def _warning(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    _posts(picture, (0.5,), 0.7, rgb("#6f747a"))
    _panel(picture, (0.16, 0.2, 0.84, 0.72), rgb("#1c1c1e"), rgb("#f7c92b"))
    _stack(picture, lines, (0.2, 0.25, 0.8, 0.67), rgb("#17171a"), weight=0.035)


def _wood(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    _posts(picture, (0.5,), 0.5, rgb("#5a3d26"))
    _panel(picture, (0.13, 0.26, 0.87, 0.6), rgb("#5a3d26"), rgb("#a8753f"))
    _stack(picture, lines, (0.17, 0.3, 0.83, 0.56), rgb("#fff1d2"), weight=0.03)


def _plate(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    _panel(picture, (0.16, 0.3, 0.84, 0.66), rgb("#8a6a35"), rgb("#fbf6e8"))
    _stack(picture, lines, (0.2, 0.35, 0.8, 0.61), rgb("#2a2430"), weight=0.02)


def _notice(picture: Picture, lines: Sequence[Line], flip: int) -> None:
    h, w = picture.shape[:2]
    ink = rgb("#1d1b22")
    _stack(picture, lines, (0.1, 0.14, 0.9, 0.8), ink, weight=0.02)
    for y in (0.09, 0.86):
        box(picture, 0.1 * w, y * h, 0.9 * w, y * h + max(2, h * 0.006), rgb("#b3262e"))


def write_over(picture: Picture, line: Line, place: tuple[float, float, float, float]) -> None:
    """A line laid over a finished picture, legible on whatever is beneath."""
    h, w = picture.shape[:2]
    beneath = picture[int(place[1] * h) : int(place[3] * h), int(place[0] * w) : int(place[2] * w)]
    dark = float(luminance(np.ascontiguousarray(beneath)).mean()) < 0.55
    ink, halo = (rgb("#fff6dc"), rgb("#10111c")) if dark else (rgb("#191c28"), rgb("#ffffff"))
    _write(picture, line, place, ink, weight=0.03, halo=halo)


SURFACES = {
    "poster": _poster,
    "cover": _cover,
    "billboard": _billboard,
    "neon": _neon,
    "chalk": _chalk,
    "banner": _banner,
    "warning": _warning,
    "wood": _wood,
    "plate": _plate,
    "notice": _notice,
}
