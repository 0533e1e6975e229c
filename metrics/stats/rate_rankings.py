"""From ballots that rank several models to a rated, ranked list with intervals."""

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from metrics.stats.comparisons import Comparisons
from metrics.stats.intervals import estimate_covariance
from metrics.stats.methods.plackett_luce import Method
from metrics.stats.rankings import Rankings
from metrics.stats.ranks import RankRule
from metrics.stats.rate import PLANNED_HALF_WIDTH
from metrics.stats.ratings import Ratings, Settings
from metrics.stats.rows import make_rows


def rate_rankings(
    rankings: Rankings,
    *,
    cluster: Sequence[str] = (),
    level: float = 0.95,
    rule: RankRule | None = None,
    prompts: str = "sample",
    planned_half_width: float = PLANNED_HALF_WIDTH,
) -> Ratings:
    """Rate models by Plackett–Luce, with sandwich intervals that take a ballot as one vote.

    `cluster` names at most two clusters of the ballots; without, each ballot is its own. In the
    rows a ballot of k models counts as the k - 1 votes that each of its models took part in,
    against every other. Settings are those of `rate`. Raises ValueError without ballots, and
    NotConverged.
    """
    if not rankings.weight.any():
        raise ValueError("no ballots to rate")
    settings = Settings(
        method="plackett_luce",
        ci="sandwich",
        tie="half",
        both_bad="tie",
        cluster=tuple(cluster),
        level=level,
        rounds=0,
        seed=0,
        rule=rule or RankRule(),
        prompts=prompts,
        mean="all",
        weighted=False,
        planned_half_width=planned_half_width,
    )
    method = Method()
    start = perf_counter()
    fit = method.fit(rankings)
    fitted = perf_counter()
    influence = method.influence(rankings, fit)
    covariance = estimate_covariance(_name_ballots(rankings), fit, influence, cluster=cluster)
    seconds = {"fit": fitted - start, "ci": perf_counter() - fitted}
    pairs = rankings.pairs()
    rows = make_rows(pairs, pairs, fit, covariance, settings)
    return Ratings(rows, rankings.models, fit, covariance, settings, seconds)


def _name_ballots(rankings: Rankings) -> Comparisons:
    """A row for each ballot, by its two best models: which component and clusters it is of."""
    best = np.argsort(rankings.places, axis=1, kind="stable")[:, :2]
    a, b = np.take_along_axis(rankings.slots, best, axis=1).T
    nothing = np.zeros(len(a), dtype=np.int64)
    return Comparisons(rankings.models, a, b, nothing, rankings.weight, rankings.clusters)
