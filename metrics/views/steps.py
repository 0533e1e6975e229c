"""Ratings against training steps, drawn: a dot with its band for each checkpoint."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from metrics.leaderboards.models import Rating
from metrics.views.plot import Shown

WIDTH, HEIGHT = 860, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 14, 44
ACROSS, UP = 6, 5  # lines at most
LABEL = 70  # the least distance of two labels
LEAST_HEIGHT = 40.0  # in points


@dataclass(frozen=True, slots=True)
class Dot:
    """A checkpoint: its dot, its band from top to bottom, and the colour of its connected set."""

    shown: Shown
    x: float
    y: float
    top: float | None
    bottom: float | None
    colour: int


@dataclass(frozen=True, slots=True)
class Steps:
    """The plot. A line connects only ratings that votes connect; others cannot be compared."""

    dots: tuple[Dot, ...]
    lines: tuple[tuple[int, str], ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM
    middle: int = (LEFT + WIDTH - RIGHT) // 2


@dataclass(frozen=True, slots=True)
class Scale:
    """From numbers to places."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + (self.end - self.start) * share, 1)


def draw_steps(ratings: Sequence[Rating]) -> Steps | None:
    """The ratings by step; None where fewer than two of them say anything."""
    shown = [Shown.of(rating, live=True) for rating in ratings]
    telling = [each for each in shown if each.says_something]
    if len(telling) < 2:
        return None
    across, up = scale_across(telling), scale_up(telling)
    dots = tuple(place(each, across, up) for each in telling)
    return Steps(
        dots,
        tuple(connect(dots)),
        across=tuple((across.place(n), f"{n:,.0f}") for n in list_steps(telling, across)),
        up=tuple((up.place(n), f"{n:.0f}") for n in list_round(up.low, up.high, UP)),
    )


def place(shown: Shown, across: Scale, up: Scale) -> Dot:
    upper = None if shown.upper is None else up.place(shown.upper)
    lower = None if shown.lower is None else up.place(shown.lower)
    x, y = across.place(find_step(shown)), up.place(shown.rating.rating)
    return Dot(shown, x, y, upper, lower, shown.rating.component % 12)


def connect(dots: Sequence[Dot]) -> list[tuple[int, str]]:
    """A path for each connected set of two dots or more."""
    sets: dict[int, list[Dot]] = {}
    for dot in dots:
        sets.setdefault(dot.shown.rating.component, []).append(dot)
    return [
        (line[0].colour, "M" + " L".join(f"{dot.x} {dot.y}" for dot in line))
        for line in sets.values()
        if len(line) > 1
    ]


def find_step(shown: Shown) -> int:
    step = shown.rating.competitor.step
    assert step is not None
    return step


def scale_across(shown: Sequence[Shown]) -> Scale:
    """From the first step to the last; where all are of one step, it stands in the middle."""
    steps = [find_step(each) for each in shown]
    low, high = min(steps), max(steps)
    spare = 0.5 if low == high else 0.02 * (high - low)
    return Scale(low - spare, high + spare, LEFT, WIDTH - RIGHT)


def scale_up(shown: Sequence[Shown]) -> Scale:
    values = [each.rating.rating for each in shown]
    values += [bound for each in shown for bound in (each.lower, each.upper) if bound is not None]
    middle = (min(values) + max(values)) / 2
    reach = 0.54 * max(max(values) - min(values), LEAST_HEIGHT)
    return Scale(middle - reach, middle + reach, HEIGHT - BOTTOM, TOP)


def list_steps(shown: Sequence[Shown], across: Scale) -> list[float]:
    """The steps themselves where they are few, or else round ones."""
    steps = sorted({float(find_step(each)) for each in shown})
    if any(across.place(b) - across.place(a) < LABEL for a, b in itertools.pairwise(steps)):
        return list_round(across.low, across.high, ACROSS)
    return steps


def list_round(low: float, high: float, most: int) -> list[float]:
    """Round numbers in between, evenly spaced, at most so many."""
    rough = (high - low) / most
    power = 10 ** math.floor(math.log10(rough))
    gap = next(n * power for n in (1, 2, 5, 10) if n * power >= rough)
    first = math.ceil(low / gap)
    return [n * gap for n in range(first, math.floor(high / gap) + 1)]
