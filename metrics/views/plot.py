"""Where dots, bands and grid lines of an interval plot lie, as percentages of its width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metrics.leaderboards.models import Rating

STEPS = (10, 20, 25, 50, 100, 200, 500, 1000)
MAX_LINES = 6
MARGIN = 0.04
MEAN = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating on the plot: its dot and band in percent, and whether the band is cut off."""

    dot: float
    left: float
    right: float
    unsure: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """The plot's scale from `low` to `high` rating points, with labelled grid lines."""

    low: float
    high: float
    lines: tuple[tuple[float, int], ...]

    def percent(self, rating: float) -> float:
        share = (rating - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0), 1), 2)

    @property
    def mean(self) -> float:
        return self.percent(MEAN)

    def place(self, rating: Rating) -> Mark:
        lower = rating.rating if rating.rating_lower is None else rating.rating_lower
        upper = rating.rating if rating.rating_upper is None else rating.rating_upper
        return Mark(
            self.percent(rating.rating),
            self.percent(lower),
            self.percent(upper),
            unsure=rating.rank is None,
        )


def make_plot(ratings: Sequence[Rating]) -> Plot:
    """A scale that holds every interval of a ranked competitor, and every dot."""
    values = [rating.rating for rating in ratings]
    for rating in ratings:
        if rating.rank is not None:
            values += [b for b in (rating.rating_lower, rating.rating_upper) if b is not None]
    low, high = min(values, default=MEAN - 50), max(values, default=MEAN + 50)
    margin = max((high - low) * MARGIN, 5)
    low, high = low - margin, high + margin
    step = next((s for s in STEPS if (high - low) / s <= MAX_LINES), STEPS[-1])
    first = math.ceil(low / step) * step
    plot = Plot(low, high, ())
    lines = [(plot.percent(v), v) for v in range(first, math.floor(high) + 1, step)]
    # A label at the very edge would be cut off.
    return Plot(low, high, tuple(line for line in lines if 4 <= line[0] <= 96))
