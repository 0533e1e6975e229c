"""What the nameable things look like: each a few shapes, in units of the thing's height.

A shape is an ellipse (`o`: centre, radii), a polygon (`p`: its points) or a rectangle (`bar`),
with y upwards from the ground. Its tone is a number, by which the thing's own colour is
multiplied, or a colour.
"""

from dataclasses import dataclass

Tone = float | str


@dataclass(frozen=True, slots=True)
class Oval:
    x: float
    y: float
    rx: float
    ry: float
    tone: Tone


@dataclass(frozen=True, slots=True)
class Polygon:
    points: tuple[tuple[float, float], ...]
    tone: Tone


Shape = Oval | Polygon


@dataclass(frozen=True, slots=True)
class Drawing:
    colour: str  # where the prompt names none
    size: float  # height as a share of the picture's shorter side
    shapes: tuple[Shape, ...]
    floats: bool = False  # hangs or flies: no shadow on the ground
    shines: bool = False


def o(x: float, y: float, rx: float, ry: float, tone: Tone = 1.0) -> Shape:
    return Oval(x, y, rx, ry, tone)


def p(points: str, tone: Tone = 1.0) -> Shape:
    pairs = (point.split(",") for point in points.split())
    return Polygon(tuple((float(x), float(y)) for x, y in pairs), tone)


def bar(x0: float, y0: float, x1: float, y1: float, tone: Tone = 1.0) -> Shape:
    return Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), tone)


def draw(
    colour: str, size: float, *shapes: Shape, floats: bool = False, shines: bool = False
) -> Drawing:
    return Drawing(colour, size, shapes, floats, shines)


WOOD, PALE, DARK = "#7a5232", "#f6f1e6", "#2b2a30"

DRAWINGS = {
    "apple": draw(
        "red",
        0.16,
        o(-0.17, 0.42, 0.28, 0.4),
        o(0.17, 0.42, 0.28, 0.4),
        o(-0.2, 0.58, 0.09, 0.13, 1.5),
        bar(-0.02, 0.76, 0.03, 1, WOOD),
        o(0.14, 0.92, 0.13, 0.06, "#5f9c4a"),
    ),
    "balloon": draw(
        "red",
        0.36,
        bar(-0.006, 0, 0.006, 0.36, "#dcd6cc"),
        p("-0.04,0.33 0.04,0.33 0,0.39", 0.8),
        o(0, 0.69, 0.26, 0.31),
        o(-0.09, 0.8, 0.06, 0.09, 1.6),
        floats=True,
    ),
    "ball": draw(
        "yellow",
        0.26,
        o(0, 0.5, 0.5, 0.5),
        o(-0.17, 0.7, 0.13, 0.12, 1.5),
    ),
    "bird": draw(
        "white",
        0.1,
        p("-0.9,0.75 -0.35,0.95 0,0.5 -0.1,0.3 -0.4,0.7"),
        p("0.9,0.8 0.3,1 0,0.5 0.15,0.3 0.4,0.7", 0.88),
        o(0.05, 0.42, 0.36, 0.16, 0.95),
        p("0.36,0.5 0.56,0.42 0.36,0.38", "#e8962e"),
        floats=True,
    ),
    "boat": draw(
        "white",
        0.34,
        bar(-0.02, 0.2, 0.02, 1, WOOD),
        p("0.05,0.95 0.05,0.3 0.42,0.3"),
        p("-0.05,0.85 -0.05,0.3 -0.34,0.3", 0.9),
        p("-0.5,0.24 0.52,0.24 0.36,0 -0.36,0", 0.92),
    ),
    "book": draw(
        "blue",
        0.22,
        bar(-0.16, 0, 0.16, 1),
        bar(0.11, 0.02, 0.15, 0.98, PALE),
        bar(-0.16, 0.7, 0.1, 0.76, "#e8cf8a"),
        bar(-0.16, 0.2, 0.1, 0.25, "#e8cf8a"),
    ),
    "candle": draw(
        "yellow",
        0.2,
        o(0, 0.03, 0.22, 0.05, "#b08a3f"),
        bar(-0.1, 0.04, 0.1, 0.68, 1.05),
        o(0, 0.68, 0.1, 0.025, 1.2),
        p("0,1 0.07,0.82 0,0.7 -0.07,0.82", "#ffb13d"),
        o(0, 0.79, 0.03, 0.06, "#fff6cf"),
        shines=True,
    ),
    "chair": draw(
        "brown",
        0.4,
        bar(-0.24, 0, -0.18, 1, 0.8),
        bar(0.18, 0, 0.24, 1, 0.8),
        bar(-0.24, 0.62, 0.24, 0.98),
        p("-0.3,0.46 0.3,0.46 0.26,0.54 -0.26,0.54", 1.15),
    ),
    "clock": draw(
        "white",
        0.17,
        o(0, 0.5, 0.5, 0.5, WOOD),
        o(0, 0.5, 0.42, 0.42),
        bar(-0.02, 0.48, 0.02, 0.8, DARK),
        p("0,0.47 0.26,0.42 0.26,0.46 0,0.53", DARK),
        o(0, 0.5, 0.04, 0.04, DARK),
        floats=True,
    ),
    "crown": draw(
        "golden",
        0.12,
        p("-0.7,0 0.7,0 0.85,0.85 0.4,0.45 0,1 -0.4,0.45 -0.85,0.85"),
        bar(-0.7, 0, 0.7, 0.16, 0.8),
        o(0, 0.28, 0.1, 0.12, "#c8343a"),
        o(-0.42, 0.26, 0.07, 0.09, "#3d7cc9"),
        o(0.42, 0.26, 0.07, 0.09, "#3d7cc9"),
        floats=True,
    ),
    "cube": draw(
        "blue",
        0.28,
        p("-0.5,0.12 0.14,0 0.14,0.74 -0.5,0.8"),
        p("0.14,0 0.5,0.16 0.5,0.84 0.14,0.74", 0.68),
        p("-0.5,0.8 0.14,0.74 0.5,0.84 -0.1,0.92", 1.3),
    ),
    "cup": draw(
        "red",
        0.17,
        o(0.48, 0.5, 0.2, 0.24, 0.8),
        o(0.48, 0.5, 0.11, 0.14, "#bdb3a4"),
        p("-0.45,0.92 0.45,0.92 0.32,0.03 -0.32,0.03"),
        o(0, 0.92, 0.45, 0.1, 1.25),
        o(0, 0.91, 0.38, 0.07, "#5a3a22"),
    ),
    "flower": draw(
        "red",
        0.26,
        bar(-0.015, 0, 0.015, 0.7, "#4b7f3c"),
        o(0.1, 0.3, 0.11, 0.05, "#4b7f3c"),
        o(0.15, 0.76, 0.11, 0.11),
        o(0.075, 0.89, 0.11, 0.11),
        o(-0.075, 0.89, 0.11, 0.11),
        o(-0.15, 0.76, 0.11, 0.11),
        o(-0.075, 0.63, 0.11, 0.11),
        o(0.075, 0.63, 0.11, 0.11),
        o(0, 0.76, 0.09, 0.09, "#f5c830"),
    ),
    "hat": draw(
        "red",
        0.16,
        o(0, 0.14, 1.05, 0.15, 0.82),
        p("-0.6,0.14 0.6,0.14 0.5,0.85 0.2,1 -0.3,0.97 -0.52,0.8"),
        bar(-0.6, 0.16, 0.6, 0.32, 0.55),
        floats=True,
    ),
    "house": draw(
        "red",
        0.3,
        bar(0.2, 0.6, 0.32, 1, "#8a5a4a"),
        bar(-0.5, 0, 0.5, 0.55),
        p("-0.62,0.52 0.62,0.52 0,1", "#5a4038"),
        bar(-0.1, 0, 0.1, 0.34, "#5a3d28"),
        bar(-0.38, 0.2, -0.2, 0.4, "#fdf3c8"),
        bar(0.2, 0.2, 0.38, 0.4, "#fdf3c8"),
    ),
    "kite": draw(
        "purple",
        0.32,
        p("-0.02,0.3 0.1,0.12 0.02,0 0.12,0.13 0,0.32", "#e9dcc0"),
        p("0,1 0.3,0.68 0,0.3 -0.3,0.68"),
        p("0,1 0.3,0.68 0,0.68", 1.3),
        p("0,0.68 0,0.3 -0.3,0.68", 0.72),
        floats=True,
    ),
    "lantern": draw(
        "red",
        0.22,
        o(0, 0.92, 0.12, 0.08, DARK),
        bar(-0.26, 0.74, 0.26, 0.84, 0.7),
        bar(-0.22, 0.12, 0.22, 0.76, "#ffe7a0"),
        bar(-0.24, 0.1, -0.17, 0.78),
        bar(0.17, 0.1, 0.24, 0.78),
        bar(-0.29, 0, 0.29, 0.12, 0.8),
        shines=True,
    ),
    "lighthouse": draw(
        "white",
        0.58,
        p("-0.5,0 -0.3,0.1 0.3,0.1 0.5,0", "#7d7f7a"),
        p("-0.14,0.07 0.14,0.07 0.09,0.76 -0.09,0.76"),
        p("-0.12,0.32 0.12,0.32 0.11,0.44 -0.11,0.44", "#c8403a"),
        bar(-0.13, 0.75, 0.13, 0.78, "#3a4048"),
        bar(-0.07, 0.78, 0.07, 0.89, "#ffe9a0"),
        p("-0.1,0.89 0.1,0.89 0,1", "#c8403a"),
    ),
    "moon": draw(
        "yellow",
        0.2,
        o(0, 0.5, 0.5, 0.5, 1.12),
        o(-0.15, 0.6, 0.11, 0.09, 0.97),
        o(0.16, 0.36, 0.08, 0.07, 0.97),
        floats=True,
        shines=True,
    ),
    "scarf": draw(
        "green",
        0.2,
        p("0.25,0.6 0.62,0.6 0.7,-0.5 0.35,-0.45", 0.85),
        p("-1,1 -0.5,0.8 0,0.76 0.5,0.8 1,1 1.05,0.6 0.5,0.32 0,0.26 -0.5,0.32 -1.05,0.6"),
        bar(0.3, -0.2, 0.68, -0.1, PALE),
        floats=True,
    ),
    "sunglasses": draw(
        "black",
        0.07,
        bar(-1.25, 0.62, 1.25, 0.78),
        o(-0.62, 0.45, 0.52, 0.46),
        o(0.62, 0.45, 0.52, 0.46),
        o(-0.74, 0.62, 0.18, 0.13, "#7a8694"),
        o(0.5, 0.62, 0.18, 0.13, "#7a8694"),
        floats=True,
    ),
    "teapot": draw(
        "green",
        0.22,
        p("0.4,0.3 0.85,0.78 0.75,0.84 0.3,0.6", 0.85),
        o(-0.55, 0.45, 0.24, 0.28, 0.8),
        o(-0.55, 0.45, 0.15, 0.18, "#bdb3a4"),
        o(0, 0.42, 0.55, 0.42),
        o(0, 0.82, 0.26, 0.07, 1.2),
        o(0, 0.93, 0.07, 0.07, 0.8),
        o(-0.2, 0.6, 0.12, 0.12, 1.45),
    ),
    "tent": draw(
        "orange",
        0.3,
        p("-0.7,0 0.7,0 0,1"),
        p("0,1 0.7,0 0.95,0.18", 0.7),
        p("-0.2,0 0.2,0 0,0.62", "#3a2a28"),
    ),
    "tree": draw(
        "green",
        0.42,
        bar(-0.05, 0, 0.05, 0.4, "#5f4028"),
        o(-0.2, 0.55, 0.2, 0.19, 0.85),
        o(0.2, 0.55, 0.2, 0.19, 0.8),
        o(0, 0.75, 0.26, 0.25),
        o(0, 0.55, 0.22, 0.2, 0.95),
    ),
    "umbrella": draw(
        "red",
        0.42,
        bar(-0.014, 0.05, 0.014, 0.6, WOOD),
        p(
            "-0.5,0.52 -0.42,0.78 -0.2,0.95 0,1 0.2,0.95 0.42,0.78 0.5,0.52 0.25,0.57 0,0.52 -0.25,0.57"
        ),
        p("0,1 0.2,0.95 0.25,0.57 0,0.52", 0.8),
        p("0,1 -0.42,0.78 -0.5,0.52 -0.25,0.57", 1.15),
    ),
    "vase": draw(
        "blue",
        0.3,
        o(0, 0.32, 0.3, 0.32),
        p("-0.12,0.5 0.12,0.5 0.1,0.9 -0.1,0.9"),
        o(0, 0.94, 0.17, 0.06, 1.25),
        o(0, 0.94, 0.13, 0.04, 0.4),
        o(-0.12, 0.42, 0.07, 0.13, 1.5),
    ),
}
