"""Draws the things that prompts and edits name, each from a few shapes.

A shape is an ellipse (`o`: centre, radii) or a polygon (`p`: points) in units of the thing's
height, y upwards from the ground, with a tone: a number multiplies the thing's colour, a
string is a colour of its own.
"""

from dataclasses import dataclass

import numpy as np

from arenas.providers._procedural.canvas import Colour, Picture, disc, fill, glow, rgb
from arenas.providers._procedural.reading import COLOURS

Tone = float | str
Oval = tuple[str, float, float, float, float, Tone]
Polygon = tuple[str, tuple[tuple[float, float], ...], Tone]
Shape = Oval | Polygon


@dataclass(frozen=True, slots=True)
class Drawing:
    colour: str  # where the prompt names none
    size: float  # height as a share of the picture's shorter side
    shapes: tuple[Shape, ...]
    floats: bool = False  # hangs or flies: no shadow on the ground
    shines: bool = False


def o(x: float, y: float, rx: float, ry: float, tone: Tone = 1.0) -> Shape:
    return ("o", x, y, rx, ry, tone)


def p(*points: tuple[float, float], tone: Tone = 1.0) -> Shape:
    return ("p", points, tone)


def bar(x0: float, y0: float, x1: float, y1: float, tone: Tone = 1.0) -> Shape:
    return p((x0, y0), (x1, y0), (x1, y1), (x0, y1), tone=tone)


WOOD, PALE, DARK = "#7a5232", "#f6f1e6", "#2b2a30"

DRAWINGS = {
    "apple": Drawing("red", 0.16, (
        o(-0.17, 0.42, 0.28, 0.4), o(0.17, 0.42, 0.28, 0.4), o(-0.2, 0.58, 0.09, 0.13, 1.5),
        bar(-0.02, 0.76, 0.03, 1.0, WOOD), o(0.14, 0.92, 0.13, 0.06, "#5f9c4a"))),
    "balloon": Drawing("red", 0.36, (
        bar(-0.006, 0.0, 0.006, 0.36, "#dcd6cc"), p((-0.04, 0.33), (0.04, 0.33), (0, 0.39), tone=0.8),
        o(0, 0.69, 0.26, 0.31), o(-0.09, 0.8, 0.06, 0.09, 1.6)), floats=True),
    "ball": Drawing("yellow", 0.26, (o(0, 0.5, 0.5, 0.5), o(-0.17, 0.7, 0.13, 0.12, 1.5))),
    "bird": Drawing("white", 0.1, (
        p((-0.9, 0.75), (-0.35, 0.95), (0, 0.5), (-0.1, 0.3), (-0.4, 0.7)),
        p((0.9, 0.8), (0.3, 1.0), (0, 0.5), (0.15, 0.3), (0.4, 0.7), tone=0.88),
        o(0.05, 0.42, 0.36, 0.16, 0.95), p((0.36, 0.5), (0.56, 0.42), (0.36, 0.38), tone="#e8962e")),
        floats=True),
    "boat": Drawing("white", 0.24, (
        bar(-0.02, 0.2, 0.02, 1.0, WOOD), p((0.05, 0.95), (0.05, 0.3), (0.42, 0.3)),
        p((-0.05, 0.85), (-0.05, 0.3), (-0.34, 0.3), tone=0.9),
        p((-0.5, 0.24), (0.52, 0.24), (0.36, 0.0), (-0.36, 0.0), tone=0.92))),
    "book": Drawing("blue", 0.22, (
        bar(-0.16, 0.0, 0.16, 1.0), bar(0.11, 0.02, 0.15, 0.98, PALE), bar(-0.16, 0.7, 0.1, 0.76, "#e8cf8a"),
        bar(-0.16, 0.2, 0.1, 0.25, "#e8cf8a"))),
    "candle": Drawing("yellow", 0.2, (
        o(0, 0.03, 0.22, 0.05, "#b08a3f"), bar(-0.1, 0.04, 0.1, 0.68, 1.05), o(0, 0.68, 0.1, 0.025, 1.2),
        p((0, 1.0), (0.07, 0.82), (0.0, 0.7), (-0.07, 0.82), tone="#ffb13d"), o(0, 0.79, 0.03, 0.06, "#fff6cf")),
        shines=True),
    "chair": Drawing("brown", 0.4, (
        bar(-0.24, 0.0, -0.18, 1.0, 0.8), bar(0.18, 0.0, 0.24, 1.0, 0.8), bar(-0.24, 0.62, 0.24, 0.98),
        p((-0.3, 0.46), (0.3, 0.46), (0.26, 0.54), (-0.26, 0.54), tone=1.15))),
    "clock": Drawing("white", 0.17, (
        o(0, 0.5, 0.5, 0.5, WOOD), o(0, 0.5, 0.42, 0.42), bar(-0.02, 0.48, 0.02, 0.8, DARK),
        p((0, 0.47), (0.26, 0.42), (0.26, 0.46), (0, 0.53), tone=DARK), o(0, 0.5, 0.04, 0.04, DARK)),
        floats=True),
    "crown": Drawing("golden", 0.12, (
        p((-0.7, 0.0), (0.7, 0.0), (0.85, 0.85), (0.4, 0.45), (0.0, 1.0), (-0.4, 0.45), (-0.85, 0.85)),
        bar(-0.7, 0.0, 0.7, 0.16, 0.8), o(0, 0.28, 0.1, 0.12, "#c8343a"), o(-0.42, 0.26, 0.07, 0.09, "#3d7cc9"),
        o(0.42, 0.26, 0.07, 0.09, "#3d7cc9")), floats=True),
    "cube": Drawing("blue", 0.28, (
        p((-0.5, 0.12), (0.14, 0.0), (0.14, 0.74), (-0.5, 0.8)),
        p((0.14, 0.0), (0.5, 0.16), (0.5, 0.84), (0.14, 0.74), tone=0.68),
        p((-0.5, 0.8), (0.14, 0.74), (0.5, 0.84), (-0.1, 0.92), tone=1.3))),
    "cup": Drawing("red", 0.17, (
        o(0.48, 0.5, 0.2, 0.24, 0.8), o(0.48, 0.5, 0.11, 0.14, "#bdb3a4"),
        p((-0.45, 0.92), (0.45, 0.92), (0.32, 0.03), (-0.32, 0.03)), o(0, 0.92, 0.45, 0.1, 1.25),
        o(0, 0.91, 0.38, 0.07, "#5a3a22"))),
    "flower": Drawing("red", 0.26, (
        bar(-0.015, 0.0, 0.015, 0.7, "#4b7f3c"), o(0.1, 0.3, 0.11, 0.05, "#4b7f3c"),
        *(o(0.15 * float(np.cos(a)), 0.76 + 0.15 * float(np.sin(a)), 0.11, 0.11) for a in np.arange(6) * 1.047),
        o(0, 0.76, 0.09, 0.09, "#f5c830"))),
    "hat": Drawing("red", 0.16, (
        o(0, 0.14, 1.05, 0.15, 0.82), p((-0.6, 0.14), (0.6, 0.14), (0.5, 0.85), (0.2, 1.0), (-0.3, 0.97), (-0.52, 0.8)),
        bar(-0.6, 0.16, 0.6, 0.32, 0.55)), floats=True),
    "house": Drawing("red", 0.3, (
        bar(0.2, 0.6, 0.32, 1.0, "#8a5a4a"), bar(-0.5, 0.0, 0.5, 0.55),
        p((-0.62, 0.52), (0.62, 0.52), (0.0, 1.0), tone="#5a4038"), bar(-0.1, 0.0, 0.1, 0.34, "#5a3d28"),
        bar(-0.38, 0.2, -0.2, 0.4, "#fdf3c8"), bar(0.2, 0.2, 0.38, 0.4, "#fdf3c8"))),
    "kite": Drawing("purple", 0.32, (
        p((-0.02, 0.3), (0.1, 0.12), (0.02, 0.0), (0.12, 0.13), (0.0, 0.32), tone="#e9dcc0"),
        p((0, 1.0), (0.3, 0.68), (0, 0.3), (-0.3, 0.68)), p((0, 1.0), (0.3, 0.68), (0, 0.68), tone=1.3),
        p((0, 0.68), (0, 0.3), (-0.3, 0.68), tone=0.72)), floats=True),
    "lantern": Drawing("red", 0.22, (
        o(0, 0.92, 0.12, 0.08, DARK), bar(-0.26, 0.74, 0.26, 0.84, 0.7), bar(-0.22, 0.12, 0.22, 0.76, "#ffe7a0"),
        bar(-0.24, 0.1, -0.17, 0.78), bar(0.17, 0.1, 0.24, 0.78), bar(-0.29, 0.0, 0.29, 0.12, 0.8)), shines=True),
    "lighthouse": Drawing("white", 0.58, (
        p((-0.5, 0.0), (-0.3, 0.1), (0.3, 0.1), (0.5, 0.0), tone="#7d7f7a"),
        p((-0.14, 0.07), (0.14, 0.07), (0.09, 0.76), (-0.09, 0.76)),
        p((-0.12, 0.32), (0.12, 0.32), (0.11, 0.44), (-0.11, 0.44), tone="#c8403a"),
        bar(-0.13, 0.75, 0.13, 0.78, "#3a4048"), bar(-0.07, 0.78, 0.07, 0.89, "#ffe9a0"),
        p((-0.1, 0.89), (0.1, 0.89), (0.0, 1.0), tone="#c8403a"))),
    "moon": Drawing("yellow", 0.2, (
        o(0, 0.5, 0.5, 0.5, 1.12), o(-0.15, 0.6, 0.11, 0.09, 0.97), o(0.16, 0.36, 0.08, 0.07, 0.97)),
        floats=True, shines=True),
    "scarf": Drawing("green", 0.2, (
        p((0.25, 0.6), (0.62, 0.6), (0.7, -0.5), (0.35, -0.45), tone=0.85),
        p((-1.0, 1.0), (-0.5, 0.8), (0, 0.76), (0.5, 0.8), (1.0, 1.0), (1.05, 0.6), (0.5, 0.32), (0, 0.26),
          (-0.5, 0.32), (-1.05, 0.6)), bar(0.3, -0.2, 0.68, -0.1, PALE)), floats=True),
    "sunglasses": Drawing("black", 0.07, (
        bar(-1.25, 0.62, 1.25, 0.78), o(-0.62, 0.45, 0.52, 0.46), o(0.62, 0.45, 0.52, 0.46),
        o(-0.74, 0.62, 0.18, 0.13, "#7a8694"), o(0.5, 0.62, 0.18, 0.13, "#7a8694")), floats=True),
    "teapot": Drawing("green", 0.22, (
        p((0.4, 0.3), (0.85, 0.78), (0.75, 0.84), (0.3, 0.6), tone=0.85), o(-0.55, 0.45, 0.24, 0.28, 0.8),
        o(-0.55, 0.45, 0.15, 0.18, "#bdb3a4"), o(0, 0.42, 0.55, 0.42), o(0, 0.82, 0.26, 0.07, 1.2),
        o(0, 0.93, 0.07, 0.07, 0.8), o(-0.2, 0.6, 0.12, 0.12, 1.45))),
    "tent": Drawing("orange", 0.3, (
        p((-0.7, 0.0), (0.7, 0.0), (0.0, 1.0)), p((0.0, 1.0), (0.7, 0.0), (0.95, 0.18), tone=0.7),
        p((-0.2, 0.0), (0.2, 0.0), (0.0, 0.62), tone="#3a2a28"))),
    "tree": Drawing("green", 0.42, (
        bar(-0.05, 0.0, 0.05, 0.4, "#5f4028"), o(-0.2, 0.55, 0.2, 0.19, 0.85), o(0.2, 0.55, 0.2, 0.19, 0.8),
        o(0, 0.75, 0.26, 0.25), o(0.0, 0.55, 0.22, 0.2, 0.95))),
    "umbrella": Drawing("red", 0.42, (
        bar(-0.014, 0.05, 0.014, 0.6, WOOD), p((-0.5, 0.52), (-0.42, 0.78), (-0.2, 0.95), (0, 1.0), (0.2, 0.95),
        (0.42, 0.78), (0.5, 0.52), (0.25, 0.57), (0, 0.52), (-0.25, 0.57)),
        p((0, 1.0), (0.2, 0.95), (0.25, 0.57), (0, 0.52), tone=0.8),
        p((0, 1.0), (-0.42, 0.78), (-0.5, 0.52), (-0.25, 0.57), tone=1.15))),
    "vase": Drawing("blue", 0.3, (
        o(0, 0.32, 0.3, 0.32), p((-0.12, 0.5), (0.12, 0.5), (0.1, 0.9), (-0.1, 0.9)),
        o(0, 0.94, 0.17, 0.06, 1.25), o(0, 0.94, 0.13, 0.04, 0.4), o(-0.12, 0.42, 0.07, 0.13, 1.5))),
}  # fmt: skip


def draw_thing(
    picture: Picture,
    thing: str,
    foot: tuple[float, float],
    height: float,
    *,
    colour: str = "",
    light: Colour | None = None,
) -> None:
    """Draw it, in place, standing on `foot` (or hanging above it), `height` pixels tall."""
    drawing = DRAWINGS[thing]
    light = np.ones(3, np.float32) if light is None else light
    main = rgb(COLOURS[colour or drawing.colour])
    if not drawing.floats:
        disc(picture, (foot[0], foot[1]), (height * 0.42, height * 0.07), rgb("#0c0e18"),
             alpha=0.42, soft=height * 0.04)  # fmt: skip
    if drawing.shines:
        glow(picture, (foot[0], foot[1] - height * 0.6), height * 1.1, rgb("#5a4420"))
    for shape in drawing.shapes:
        _draw_shape(picture, shape, foot, height, main, light)


def _draw_shape(
    picture: Picture,
    shape: Shape,
    foot: tuple[float, float],
    height: float,
    main: Colour,
    light: Colour,
) -> None:
    tone = shape[-1]
    paint = rgb(tone) if isinstance(tone, str) else main * tone
    paint = np.clip(paint, 0, 1).astype(np.float32) * light
    top, low = np.clip(paint * 1.1, 0, 1), paint * 0.8
    if shape[0] == "o":
        _, x, y, rx, ry, _ = shape
        at = (foot[0] + x * height, foot[1] - y * height)
        disc(picture, at, (rx * height, ry * height), top, bottom=low)
    else:
        points = [(foot[0] + x * height, foot[1] - y * height) for x, y in shape[1]]
        fill(picture, points, top, bottom=low)
