"""What a rating is made of, and what it leaves: the result, with its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from metrics.stats.comparisons import FloatArray
from metrics.stats.intervals import Covariance
from metrics.stats.methods.base import Fit
from metrics.stats.ranks import RankRule
from metrics.stats.sequential import band_gap_reach

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
    prompts: str
    mean: str
    weighted: bool
    planned_half_width: float

    @property
    def estimand(self) -> str:
        """What is estimated, in plain words."""
        weighing = (
            "each vote weighted to what a uniform draw of pair and prompt would then have given"
            if self.weighted
            else "pairs and prompts weighted as often as they were shown"
        )
        prompts = (
            "on these very prompts"
            if self.prompts == "fixed"
            else "over all prompts of which these are a sample"
        )
        others = (
            "the component" if self.mean == "all" else f"those with {self.rule.min_votes:g} votes"
        )
        return f"Strength against the average of {others}, {prompts}; {weighing}."


@dataclass(frozen=True, slots=True)
class RatedModel:
    """One row. None stands for a bound or a rank that the votes do not give.

    `ties` excludes `both_bad`, so that wins, losses, ties and both_bad add up to votes.
    `separated` says that a weak prior holds the rating; `no_rank` why there is no rank. The
    interval holds at this moment, the band at every moment at once; the ranks allowed by each
    hold for all models together. Two models without a common letter in `groups` can be told
    apart at this moment, in `band_groups` at every moment; who can be told apart from all
    others has none.
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
    band_lower: float | None
    band_upper: float | None
    band_rank_lower: int | None
    band_rank_upper: int | None
    groups: str
    band_groups: str


@dataclass(frozen=True, slots=True)
class Gap:
    """How much better one model is than another, in rating points, with its interval."""

    points: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """By how many points model i is better than model j, [i, j], each with its interval.

    All (M, M) in the order of `models`; NaN where votes do not connect the two. The intervals
    hold at this moment, the bands at every moment at once; each for one gap by itself.
    """

    models: tuple[str, ...]
    points: FloatArray
    lower: FloatArray
    upper: FloatArray
    band_lower: FloatArray
    band_upper: FloatArray


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
        if self.fit.components[first] != self.fit.components[second]:
            raise ValueError(f"{model} and {other} are not connected by votes")
        points = POINTS_PER_LOGIT * float(self.fit.logits[first] - self.fit.logits[second])
        level = self.settings.level
        reach = POINTS_PER_LOGIT * float(self._errors().gap_reach(level)[first, second])
        return Gap(points, points - reach, points + reach)

    def gaps(self) -> Gaps:
        """All gaps at once. Raises ValueError for ci none."""
        covariance, level, components = self._errors(), self.settings.level, self.fit.components
        connected = components[:, None] == components[None, :]
        logits = np.where(connected, self.fit.logits[:, None] - self.fit.logits, np.nan)
        points = POINTS_PER_LOGIT * logits
        reach = POINTS_PER_LOGIT * covariance.gap_reach(level)
        planned = self.settings.planned_half_width / POINTS_PER_LOGIT
        band = POINTS_PER_LOGIT * band_gap_reach(covariance, level=level, planned=planned)
        return Gaps(
            self.models, points, points - reach, points + reach, points - band, points + band
        )

    def _errors(self) -> Covariance:
        if self.covariance is None:
            raise ValueError("no interval of a gap was asked for (ci is none)")
        return self.covariance
