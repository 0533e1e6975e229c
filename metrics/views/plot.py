"""Where dots, bands and grid lines of an interval plot lie, as percentages of its width."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metrics.leaderboards.models import Rating
from metrics.views.limit import is_far

STEPS = (10, 20, 25, 50, 100, 200, 500, 1000)
MAX_LINES = 4
MARGIN = 0.04
MEAN = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """A rating with the bounds, ranks and groups that a page claims: at every moment, or now."""

    rating: Rating
    lower: float | None
    upper: float | None
    rank_lower: int | None
    rank_upper: int | None
    groups: str

    @property
    def says_something(self) -> bool:
        """Whether there are votes, and not so few that the interval reaches everywhere."""
        if self.lower is None or self.upper is None:
            return self.rating.votes > 0
        return not is_far(self.lower, self.upper)

    @classmethod
    def of(cls, rating: Rating, *, live: bool) -> "Shown":
        """`live` boards are looked at again and again, so their bounds hold at every moment."""
        if live:
            bounds = rating.band_lower, rating.band_upper
            ranks = rating.band_rank_lower, rating.band_rank_upper
            return cls(rating, *bounds, *ranks, rating.band_groups)
        bounds = rating.rating_lower, rating.rating_upper
        return cls(rating, *bounds, rating.rank_lower, rating.rank_upper, rating.groups)


@dataclass(frozen=True, slots=True)
class Mark:
    """A rating on the plot in percent: its dot, its band, and within it this moment's interval."""

    dot: float
    left: float
    right: float
    inner_left: float
    inner_right: float
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

    def place(self, shown: Shown) -> Mark:
        rating = shown.rating
        bounds = (shown.lower, shown.upper, rating.rating_lower, rating.rating_upper)
        values = [rating.rating if bound is None else bound for bound in bounds]
        left, right, inner_left, inner_right = map(self.percent, values)
        dot, unsure = self.percent(rating.rating), rating.rank is None
        return Mark(dot, left, right, inner_left, inner_right, unsure)


def make_plot(ratings: Sequence[Shown]) -> Plot:
    """A scale that holds every interval of a ranked competitor, and every dot."""
    values = [shown.rating.rating for shown in ratings]
    for shown in ratings:
        if shown.rating.rank is not None:
            values += [b for b in (shown.lower, shown.upper) if b is not None]
    low, high = min(values, default=MEAN - 50), max(values, default=MEAN + 50)
    margin = max((high - low) * MARGIN, 5)
    low, high = low - margin, high + margin
    step = next((s for s in STEPS if (high - low) / s <= MAX_LINES), STEPS[-1])
    first = math.ceil(low / step) * step
    plot = Plot(low, high, ())
    lines = [(plot.percent(v), v) for v in range(first, math.floor(high) + 1, step)]
    # A label at the very edge would be cut off.
    return Plot(low, high, tuple(line for line in lines if 4 <= line[0] <= 96))
