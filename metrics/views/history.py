"""The rating history as lines: where each competitor stood after so many votes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arenas.competitors.models import Competitor

WIDTH, HEIGHT = 860, 300
LEFT, RIGHT, TOP, BOTTOM = 44, 190, 12, 26
MOST = 12  # more lines than colours cannot be told apart
LABEL = 15  # the least distance of two labels
STEPS = (10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class Track:
    """One competitor's line as an SVG path, and where its label stands."""

    name: str
    colour: int
    path: str
    end: tuple[float, float]
    label: float


@dataclass(frozen=True, slots=True)
class History:
    tracks: list[Track]
    grid: list[tuple[float, int]]
    votes: list[tuple[float, int]]
    left_out: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def draw_history(data: Mapping[str, Any], shown: Sequence[Competitor]) -> History | None:
    """Lines of the competitors in the order of the board; None for fewer than two points."""
    points = data["points"]
    index = {pk: i for i, pk in enumerate(data["competitors"])}
    drawn = [c for c in shown if c.pk in index][:MOST]
    values = [p["ratings"][index[c.pk]] for p in points for c in drawn]
    known = [value for value in values if value is not None]
    if len(points) < 2 or not known:
        return None
    last = int(points[-1]["votes"])
    step = next((s for s in STEPS if (max(known) - min(known)) / s <= 6), STEPS[-1])
    low, high = min(known) // step * step, -(-max(known) // step) * step
    low, high = float(low), float(max(high, low + step))

    def x(votes: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * votes / last, 1)

    def y(rating: float) -> float:
        share = (rating - low) / (high - low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    lines = [
        [(x(p["votes"]), y(p["ratings"][index[c.pk]])) for p in points
         if p["ratings"][index[c.pk]] is not None]
        for c in drawn
    ]  # fmt: skip
    found = [(c, n, line) for n, (c, line) in enumerate(zip(drawn, lines, strict=True)) if line]
    labels = spread([line[-1][1] for _, _, line in found])
    tracks = [
        Track(c.name, n, "M" + " L".join(f"{a} {b}" for a, b in line), line[-1], label)
        for (c, n, line), label in zip(found, labels, strict=True)
    ]
    return History(
        tracks,
        grid=[(y(v), int(v)) for v in _range(low, high, step)],
        votes=[(x(n), n) for n in (last // 4, last // 2, 3 * last // 4, last) if n],
        left_out=len(shown) - len(found),
    )


def _range(low: float, high: float, step: int) -> range:
    return range(int(low), int(high) + 1, step)


def spread(heights: Sequence[float]) -> list[float]:
    """The heights, moved apart where labels would lie on each other, within the plot."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = list(heights)
    floor = float(TOP)
    for i in order:
        placed[i] = max(placed[i], floor)
        floor = placed[i] + LABEL
    ceiling = float(HEIGHT - BOTTOM)
    for i in reversed(order):
        placed[i] = min(placed[i], ceiling)
        ceiling = placed[i] - LABEL
    return placed
