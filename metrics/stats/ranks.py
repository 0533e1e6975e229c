"""Ranks that say no more than the intervals do."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class RankRule:
    """When a model has seen too little to be given a rank.

    It has none when it is not connected to the main set of models (the component with the
    most votes; unless `main_only` is false), has fewer than `min_votes` votes that count,
    was seen on fewer than `min_prompts` prompts (where the votes name them and they stand for
    more), has no interval though one was asked for, or one wider than twice `max_half_width`
    points. Such a model keeps its rating, its interval and the ranks that the votes allow.
    """

    min_votes: float = 10
    min_prompts: int = 20
    max_half_width: float = 200.0
    main_only: bool = True

    def reason(
        self, *, component: int, votes: float, prompts: int | None, half_width: float | None
    ) -> str:
        """Why a model gets no rank, or nothing; None for what is not known or not asked for."""
        if votes == 0:
            return "no votes"
        if self.main_only and component != 0:
            return "not connected to the main set of models"
        if votes < self.min_votes:
            return f"fewer than {self.min_votes:g} votes"
        if prompts is not None and prompts < self.min_prompts:
            return f"fewer than {self.min_prompts} prompts"
        if half_width is not None and np.isnan(half_width):
            return "too few clusters for an interval"
        if half_width is not None and half_width > self.max_half_width:
            return f"interval wider than ±{self.max_half_width:g}"
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Positions within each component, 1 the best; all (M,)."""

    rank: IntArray
    lower: IntArray
    upper: IntArray


def rank_models(better: BoolArray, surely: BoolArray, components: IntArray) -> Ranks:
    """Ranks from who is better than whom, (M, M): [i, j] says that j is better than i.

    `rank` is 1 + the models that are `better`, each gap judged by itself. `lower` is 1 + the
    models that are `surely` better, all gaps judged at once, and `upper` the component's
    size - those that are surely worse: so the ranks of all models lie between their bounds
    together (Mogstad, Romano, Shaikh & Wilhelm 2024, Review of Economic Studies 91(1)).
    """
    same = components[:, None] == components[None, :]
    ahead = same & (better | surely)
    above = same & surely
    return Ranks(
        rank=1 + ahead.sum(axis=1),
        lower=1 + above.sum(axis=1),
        upper=same.sum(axis=1) - above.sum(axis=0),
    )
