"""Draws a thing that a prompt or an edit names."""

import numpy as np

from arenas.providers._procedural.canvas import Colour, Picture, disc, fill, glow, rgb
from arenas.providers._procedural.drawings import DRAWINGS, Oval, Shape
from arenas.providers._procedural.reading import COLOURS


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
    light = np.ones(3, np.float32) if light is None or drawing.shines else light
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
    paint = rgb(shape.tone) if isinstance(shape.tone, str) else main * np.float32(shape.tone)
    paint = np.clip(paint, 0, 1) * light
    top, low = np.clip(paint * np.float32(1.1), 0, 1), paint * np.float32(0.8)
    if isinstance(shape, Oval):
        at = (foot[0] + shape.x * height, foot[1] - shape.y * height)
        disc(picture, at, (shape.rx * height, shape.ry * height), top, bottom=low)
    else:
        points = [(foot[0] + x * height, foot[1] - y * height) for x, y in shape.points]
        fill(picture, points, top, bottom=low)
