"""Differences with their intervals on one scale around 0, as percentages of its width."""

from collections.abc import Sequence
from dataclasses import dataclass

from metrics.leaderboards.compare import Gap

# Wider than this a difference is no news, and one unsure line would squeeze all others.
MOST = 600.0
LEAST = 40.0


@dataclass(frozen=True, slots=True)
class GapMark:
    dot: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class GapPlot:
    """A scale from `-reach` to `reach` points, better for the first one to the right."""

    reach: float

    def percent(self, points: float) -> float:
        share = (points + self.reach) / (2 * self.reach)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def place(self, gap: Gap) -> GapMark:
        return GapMark(*(self.percent(value) for value in (gap.points, gap.lower, gap.upper)))

    @property
    def lines(self) -> list[tuple[float, str]]:
        step = next(s for s in (20, 50, 100, 200, 500) if self.reach / s <= 3.5)
        steps = range(-int(self.reach // step) * step, int(self.reach) + 1, step)
        return [(self.percent(value), f"{value:+d}" if value else "0") for value in steps]


def make_gap_plot(gaps: Sequence[Gap]) -> GapPlot:
    """Every difference is within the scale; bounds are too, unless they are very far."""
    dots = max((abs(gap.points) for gap in gaps), default=0.0)
    bounds = max((max(abs(gap.lower), abs(gap.upper)) for gap in gaps), default=0.0)
    return GapPlot(max(LEAST, dots * 1.1, min(bounds * 1.05, MOST)))
