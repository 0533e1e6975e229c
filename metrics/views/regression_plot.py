"""A criterion's difference, its interval and its threshold, drawn: of one run, and over runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = Mapping[str, Any]

WIDTH, HEIGHT = 380, 170
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 12, 26
# An interval is drawn up to so many times the distance of what it is about, or it would squeeze
# everything else.
FARTHEST = 3.0
MARGIN = 0.08
# Numbers of runs that are written below a plot.
LABELS = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """One run's difference on a line of its own: places in per cent of the width."""

    zero: float
    threshold: float
    dot: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run found of a criterion."""

    run: int
    baseline: str
    row: Row


@dataclass(frozen=True, slots=True)
class Dot:
    """A run's dot and interval in the plot's pixels."""

    run: int
    x: float
    y: float
    top: float
    bottom: float
    result: str
    words: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A criterion over the runs that measured it, the oldest on the left.

    `line` breaks where the baseline was another one, at `changes`; `drift` is where a slow change
    for the worse began.
    """

    name: str
    measure: str
    category: str
    unit: str
    dots: list[Dot]
    line: str
    limit: str
    zero: float
    ticks: list[tuple[float, str]]
    runs: list[tuple[float, int]]
    changes: list[float]
    drift: float | None
    since: int | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def mark(row: Row) -> Mark | None:
    """Where the difference lies between worse (left) and better; None where there is none."""
    if row["mean"] is None:
        return None
    low, high = find_scale([row])

    def percent(value: float | None, *, otherwise: float) -> float:
        share = ((otherwise if value is None else value) - low) / (high - low)
        return round(100 * min(max(share, 0), 1), 2)

    return Mark(
        zero=percent(0, otherwise=0),
        threshold=percent(row["threshold"], otherwise=0),
        dot=percent(row["mean"], otherwise=0),
        left=percent(row["lower"], otherwise=low),
        right=percent(row["upper"], otherwise=high),
    )


def find_scale(rows: Sequence[Row]) -> tuple[float, float]:
    """What is drawn: 0, the threshold and every difference, and intervals as far as they tell."""
    held = [0.0, *(value for row in rows for value in (row["threshold"], row["mean"]))]
    reach = FARTHEST * max(abs(value) for value in held)
    bounds = [
        min(max(bound, -reach), reach)
        for row in rows
        for bound in (row["lower"], row["upper"])
        if bound is not None
    ]
    low, high = min([*held, *bounds]), max([*held, *bounds])
    margin = MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def draw_trends(seen: Mapping[str, Sequence[Seen]]) -> list[Trend]:
    """A plot for each criterion, those of one measure side by side, all prompts first."""
    trends = [draw_trend(name, each) for name, each in seen.items() if each]
    return sorted(trends, key=lambda trend: (trend.measure, trend.category))


def draw_trend(name: str, seen: Sequence[Seen]) -> Trend:
    low, high = find_scale([each.row for each in seen])
    newest, step = seen[-1].row, (WIDTH - LEFT - RIGHT) / max(len(seen) - 1, 1)

    def y(value: float | None, *, otherwise: float) -> float:
        share = ((otherwise if value is None else value) - low) / (high - low)
        share = min(max(share, 0), 1)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    xs = [round(LEFT + n * step, 1) if len(seen) > 1 else WIDTH / 2 for n in range(len(seen))]
    dots = [
        Dot(
            run=each.run,
            x=x,
            y=y(each.row["mean"], otherwise=0),
            top=y(each.row["upper"], otherwise=high),
            bottom=y(each.row["lower"], otherwise=low),
            result=each.row["result"],
            words=f"Run {each.run}: {each.row['sentence']}",
        )
        for x, each in zip(xs, seen, strict=True)
    ]
    limits = [y(each.row["threshold"], otherwise=0) for each in seen]
    changes = find_changes(seen)
    since = newest["drift"]["since"] if newest["drift"]["alarm"] else None
    return Trend(
        name=name,
        measure=newest["measure"],
        category=newest["category"],
        unit=newest["unit"],
        dots=dots,
        line=draw_line(dots, changes),
        limit=draw_limit(xs, limits),
        zero=y(0, otherwise=0),
        ticks=[(y(value, otherwise=0), write(value)) for value in find_ticks(low, high)],
        runs=thin([(dot.x, dot.run) for dot in dots]),
        changes=[dots[n].x - step / 2 for n in changes],
        drift=next((dot.x for dot in dots if since is not None and dot.run >= since), None),
        since=since,
    )


def find_changes(seen: Sequence[Seen]) -> list[int]:
    """The places of runs that were held against another baseline than the one before."""
    pairs = pairwise(seen)
    return [n for n, (a, b) in enumerate(pairs, start=1) if a.baseline != b.baseline]


def draw_line(dots: Sequence[Dot], changes: Iterable[int]) -> str:
    starts = {0, *changes}
    return " ".join(f"{'M' if n in starts else 'L'}{dot.x} {dot.y}" for n, dot in enumerate(dots))


def draw_limit(xs: Sequence[float], limits: Sequence[float]) -> str:
    """The threshold from edge to edge; it may have been another one in earlier runs."""
    path = f"M{LEFT} {limits[0]}"
    for x, before, after in zip(xs[1:], limits, limits[1:], strict=False):
        if before != after:
            path += f" H{x} V{after}"
    return f"{path} H{WIDTH - RIGHT}"


def find_ticks(low: float, high: float) -> list[float]:
    """Round numbers, some five of them."""
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * n for n in (1, 2, 5, 10) if size * n >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [n * step for n in range(first, last + 1)]


def thin(labels: Sequence[tuple[float, int]]) -> list[tuple[float, int]]:
    """Not so many that they lie on each other, the last one among them."""
    every = -(-len(labels) // LABELS)
    return [label for n, label in enumerate(reversed(labels)) if n % every == 0]


def write(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−") if abs(value) > 1e-12 else "0"
