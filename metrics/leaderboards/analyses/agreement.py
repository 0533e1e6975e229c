"""How far raters agree with each other, with themselves, and with the ratings."""

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from arenas.raters.models import Rater
from metrics.leaderboards.analyses._clusters import name_clusters
from metrics.leaderboards.build import VOTES_CLUSTERED
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import compare_votes, read_votes_of
from metrics.stats.agreement import measure_agreement
from metrics.stats.crowd import CrowdRaters, rate_raters
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT

SEED = 0


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Krippendorff's alpha, repeats, and each rater's reliability; raters by their random key."""
    votes = read_votes_of(snapshot, *VOTES_CLUSTERED, "candidate_a", "candidate_b")
    columns = (number_battles(votes), *(votes[name] for name in ("rater", "a", "b", "outcome")))
    agreement = measure_agreement(
        *(column.to_numpy() for column in columns), rng=np.random.default_rng(SEED)
    )
    keys = dict(Rater.objects.filter(pk__in=votes["rater"].unique()).values_list("pk", "key"))
    # Reliability needs raters with decided votes; without any there is nothing to say.
    decided = ((votes["outcome"] < 2) & (votes["rater"] >= 0)).any()
    comparisons = compare_votes(snapshot.leaderboard, votes, in_order=True)
    names = name_clusters(comparisons, votes, "rater")
    return {
        **{name: asdict(getattr(agreement, name)) for name in ("alpha", "repeats", "mirrored")},
        "raters": [
            {**asdict(rater), "rater": str(keys[rater.rater])} for rater in agreement.raters
        ],
        "reliability": describe(rate_raters(comparisons), names) if decided else None,
    }


def number_battles(votes: pl.DataFrame) -> pl.Series:
    """A code for the same pictures whatever their sides; without pictures, of pair and prompt.

    A vote without either is a battle of its own.
    """
    low, high = (
        [getattr(pl, f"{which}_horizontal")(f"{name}a", f"{name}b") for name in ("candidate_", "")]
        for which in ("min", "max")
    )
    known = pl.col("candidate_a") >= 0
    alone = pl.when(~known & (pl.col("prompt") < 0)).then(pl.int_range(pl.len())).otherwise(-1)
    key = pl.struct(
        pl.when(known).then(low[0]).otherwise(low[1]).alias("low"),
        pl.when(known).then(high[0]).otherwise(high[1]).alias("high"),
        pl.col("prompt"),
        alone.alias("alone"),
    )
    return votes.select(key.rank("dense").cast(pl.Int64).alias("battle"))["battle"]


def describe(raters: CrowdRaters, names: dict[int, str]) -> dict[str, Any]:
    """Ratings of decided votes by raters' weights, and each rater's reliability, lowest first."""
    order = np.argsort(raters.reliability, kind="stable")
    return {
        "level": raters.level,
        "adverse": len(raters.adverse),
        "rows": [
            {"competitor": int(model), "rating": MEAN + POINTS_PER_LOGIT * float(logit)}
            for model, logit in zip(raters.models, raters.logits, strict=True)
        ],
        "raters": [
            {
                "rater": names[int(raters.raters[k])],
                "votes": float(raters.votes[k]),
                "reliability": float(raters.reliability[k]),
                "lower": float(raters.reliability_lower[k]),
                "upper": float(raters.reliability_upper[k]),
            }
            for k in order
        ],
    }
