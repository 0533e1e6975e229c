"""What a rating is made of, and what it leaves: the result, with its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from metrics.stats.intervals import Covariance
from metrics.stats.methods.base import Fit
from metrics.stats.ranks import RankRule

# The Elo scale: 400 points are odds of 10 to 1, and every component's mean is 1000.
MEAN = 1000.0
POINTS_PER_LOGIT = 400 / log(10)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a result depends on besides the votes; `cluster` are those really used."""

    method: str
    ci: str
    tie: str
    both_bad: str
    cluster: tuple[str, ...]
    level: float
    rounds: int
    seed: int
    rule: RankRule


@dataclass(frozen=True, slots=True)
class RatedModel:
    """One row. None stands for a bound or a rank that the votes do not give.

    `ties` excludes `both_bad`, so that wins, losses, ties and both_bad add up to votes.
    `separated` says that a weak prior holds the rating; `no_rank` why there is no rank.
    """

    model: str
    rating: float
    rating_lower: float | None
    rating_upper: float | None
    rank: int | None
    rank_lower: int | None
    rank_upper: int | None
    votes: float
    wins: float
    losses: float
    ties: float
    both_bad: float
    component: int
    separated: bool
    no_rank: str


@dataclass(frozen=True, slots=True)
class Gap:
    """How much better one model is than another, in rating points, with its interval."""

    points: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """A rated list, best first, and everything needed to rebuild it from the same votes.

    `fit` and `covariance` are in logits and in the order of `models`; `seconds` has `fit`
    and `ci`.
    """

    rows: tuple[RatedModel, ...]
    models: tuple[str, ...]
    fit: Fit
    covariance: Covariance | None
    settings: Settings
    seconds: Mapping[str, float]

    def gap(self, model: str, other: str) -> Gap:
        """`model` less `other`. Raises ValueError when votes do not connect them, or ci none."""
        first, second = self.models.index(model), self.models.index(other)
        if self.covariance is None:
            raise ValueError("no interval of a gap was asked for (ci is none)")
        if self.fit.components[first] != self.fit.components[second]:
            raise ValueError(f"{model} and {other} are not connected by votes")
        points = POINTS_PER_LOGIT * float(self.fit.logits[first] - self.fit.logits[second])
        reach = float(
            POINTS_PER_LOGIT
            * self.covariance.quantiles(self.settings.level)[first]
            * self.covariance.gap_standard_errors()[first, second]
        )
        return Gap(points, points - reach, points + reach)
