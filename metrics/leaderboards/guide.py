"""Which competitor for which job: the best of each category within a price and a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arenas.competitors.models import Competitor
from arenas.definitions.models import Question
from metrics.leaderboards.compare import Gap, find_boards, find_gap
from metrics.leaderboards.costs import NO_COST, Cost, measure_costs
from metrics.leaderboards.models import Rating, Snapshot
from metrics.leaderboards.store import RULE


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost at most (USD) and how long it may take (seconds); None: anything."""

    usd: float | None = None
    seconds: float | None = None

    def allow(self, cost: Cost) -> bool:
        """Whether the cost is known to be within each limit that is set."""
        return _within(cost.usd, self.usd) and _within(cost.seconds, self.seconds)


def _within(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value <= limit)


@dataclass(frozen=True, slots=True)
class Option:
    """A competitor that fits; `gap` is how far it is below the best, None for the best itself."""

    competitor: Competitor
    rating: Rating
    cost: Cost
    gap: Gap | None
    cheapest: bool
    fastest: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A category ("": all prompts): the best that fits, and all that votes cannot tell from it.

    `beyond` counts those that the limits leave out, `worse` those that are known to be worse.
    """

    category: str
    options: tuple[Option, ...]
    beyond: int
    worse: int

    @property
    def is_open(self) -> bool:
        """Whether the votes cannot tell anybody from the best yet."""
        return len(self.options) > 2 and not self.worse


def list_jobs(
    question: Question, rater_kinds: Sequence[str], categories: Sequence[str], limits: Limits
) -> list[Job]:
    snapshots = find_boards(question, rater_kinds, categories)
    costs = measure_costs(question.arena)
    present = set(question.arena.competitors().values_list("pk", flat=True))
    return [
        make_job(category, snapshots[category], costs, present, limits)
        for category in ["", *categories]
        if category in snapshots
    ]


def make_job(
    category: str,
    snapshot: Snapshot,
    costs: dict[tuple[int, str], Cost],
    present: set[int],
    limits: Limits,
) -> Job:
    """Of the main set of connected competitors, without those that have left or few votes."""
    main = [
        rating
        for rating in snapshot.ratings.select_related("competitor")
        if rating.votes and rating.component == 0 and rating.competitor_id in present
    ]
    # One lucky vote makes nobody the best, unless nobody has more.
    tried = [rating for rating in main if rating.votes >= RULE.min_votes] or main
    rated = [(rating, costs.get((rating.competitor_id, category), NO_COST)) for rating in tried]
    fitting = [(rating, cost) for rating, cost in rated if limits.allow(cost)]
    gaps = snapshot.analyses.filter(name="gaps").values_list("data", flat=True).first()
    kept = [
        (rating, cost, gap)
        for rating, cost in fitting
        for gap in [gap_below(gaps, fitting[0][0], rating)]
        if gap is None or gap.lower <= 0
    ]
    least_usd = find_least([cost.usd for _, cost, _ in kept])
    least_time = find_least([cost.seconds for _, cost, _ in kept])
    options = tuple(
        Option(
            rating.competitor,
            rating,
            cost,
            gap,
            cheapest=cost.usd is not None and cost.usd == least_usd,
            fastest=cost.seconds is not None and cost.seconds == least_time,
        )
        for rating, cost, gap in kept
    )
    return Job(category, options, len(rated) - len(fitting), len(fitting) - len(kept))


def find_least(values: Sequence[float | None]) -> float | None:
    """The least of the known values, where they differ at all."""
    known = {value for value in values if value is not None}
    return min(known) if len(known) > 1 else None


def gap_below(gaps: Mapping[str, Any] | None, best: Rating, rating: Rating) -> Gap | None:
    if gaps is None or best.competitor_id == rating.competitor_id:
        return None
    return find_gap(gaps, (best.competitor, rating.competitor))
