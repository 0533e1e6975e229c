"""Where the dots of a plot of two numbers lie, in the units of its drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 520, 330
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 40  # margins, with room for the axes' words
LINES = 6  # at most
STEPS = (1, 2, 2.5, 5)  # times a power of ten


@dataclass(frozen=True, slots=True)
class Point:
    """One competitor: a number on each axis, each with its interval where there is one."""

    number: int
    name: str
    x: float
    y: float
    x_bounds: tuple[float, float] | None
    y_bounds: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Dot:
    number: int
    name: str
    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Scatter:
    dots: list[Dot]
    across: list[Tick]
    up: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class Axis:
    """From a value to a place: `low` and `high` are values, `start` and `end` places."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, *, percent: bool = False) -> list[Tick]:
        step = find_step(self.high - self.low)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [each * step for each in range(first, last + 1)]
        labels = [f"{100 * v:.0f} %" if percent else f"{v:.4g}" for v in values]
        return [Tick(self.place(v), label) for v, label in zip(values, labels, strict=True)]


def find_step(reach: float) -> float:
    """A round step of which not too many fit in."""
    power = 10.0 ** math.floor(math.log10(reach / LINES))
    return next(each * power for each in (*STEPS, 10) if reach / (each * power) <= LINES)


def make_scatter(points: Sequence[Point], *, low: float, high: float) -> Scatter | None:
    """x within its possible values `low` … `high`, y a share; None with fewer than two points."""
    if len(points) < 2:
        return None
    across = make_axis(
        [(each.x, each.x_bounds) for each in points], low, high, (LEFT + 8, WIDTH - RIGHT - 8)
    )
    up = make_axis(
        [(each.y, each.y_bounds) for each in points], 0, 1, (HEIGHT - BOTTOM - 8, TOP + 8)
    )
    dots = [place_dot(each, across, up) for each in points]
    return Scatter(dots, across.ticks(), up.ticks(percent=True))


def make_axis(
    values: Sequence[tuple[float, tuple[float, float] | None]],
    low: float,
    high: float,
    places: tuple[int, int],
) -> Axis:
    """An axis that holds every value and every bound that is possible, and some room."""
    every = [bound for value, bounds in values for bound in (value, *(bounds or ()))]
    least, most = max(min(every), low), min(max(every), high)
    room = 0.05 * (most - least) or 0.05 * (high - low)
    return Axis(max(least - room, low), min(most + room, high), *places)


def place_dot(point: Point, across: Axis, up: Axis) -> Dot:
    left, right = point.x_bounds or (point.x, point.x)
    bottom, top = point.y_bounds or (point.y, point.y)
    return Dot(
        point.number,
        point.name,
        across.place(point.x),
        up.place(point.y),
        across.place(left),
        across.place(right),
        up.place(top),
        up.place(bottom),
    )
