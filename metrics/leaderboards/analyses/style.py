"""Ratings with image style held constant, and what each property of pictures goes with."""

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from arenas.definitions.models import Arena
from metrics.leaderboards.build import VOTES_CLUSTERED
from metrics.leaderboards.features import COVARIATES, SECONDS, Covariate, read_features
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import compare_votes, read_votes_of
from metrics.stats.comparisons import FloatArray
from metrics.stats.controls import Controlled, control_ratings
from metrics.stats.covariates import standardise_differences
from metrics.stats.intervals import Covariance
from metrics.stats.methods.base import Fit
from metrics.stats.rate import informative_clusters
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT

# Fewer votes than this for each coefficient would fit noise.
LEAST_VOTES = 20
SHOWN_FIRST = ("Being shown first", "shown first")


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Both kinds of ratings from the same votes; no rows where too little is known of pictures."""
    votes = read_votes_of(snapshot, *VOTES_CLUSTERED, "candidate_a", "candidate_b")
    chosen = choose_covariates(snapshot.leaderboard.arena)
    differences = find_differences(votes, chosen)
    known = ~np.isnan(differences).any(axis=1)
    if known.sum() < LEAST_VOTES * len(chosen):
        return {"rows": [], "votes": int(known.sum()), "unknown": int((~known).sum())}
    # In order, so that a vote keeps its row and its pictures.
    comparisons = compare_votes(snapshot.leaderboard, votes, in_order=True)
    controlled = control_ratings(
        comparisons,
        differences,
        [each.name for each in chosen],
        cluster=informative_clusters(comparisons),
    )
    return describe(controlled, chosen)


def choose_covariates(arena: Arena) -> list[Covariate]:
    """Where answers were made beforehand nobody saw how long they took."""
    live = arena.mode == Arena.Mode.LIVE
    return [each for each in COVARIATES if live or each.measure != SECONDS]


def find_differences(votes: pl.DataFrame, chosen: list[Covariate]) -> FloatArray:
    """What the first candidate of each vote has more than the second, in standard deviations.

    A row of NaN where one of the two was not measured in full.
    """
    seats = votes["candidate_a"], votes["candidate_b"]
    candidates = pl.concat(seats).unique().sort()
    features = read_features([pk for pk in candidates.to_list() if pk >= 0])
    known = candidates.to_frame("candidate").join(features, on="candidate", how="left")
    columns = [pl.col(each.name).cast(pl.Float64) for each in chosen]
    table = known.sort("candidate").select(columns).to_numpy()
    a, b = (candidates.search_sorted(seat).to_numpy() for seat in seats)
    differences = standardise_differences(table, a, b)
    unknown = np.isnan(table).any(axis=1)
    differences[unknown[a] | unknown[b]] = np.nan
    return differences


def describe(controlled: Controlled, chosen: list[Covariate]) -> dict[str, Any]:
    words = {each.name: (each.description, each.more) for each in chosen}
    return {
        "votes": controlled.votes,
        "unknown": controlled.unknown,
        "cluster": controlled.cluster,
        "level": controlled.level,
        "rows": [
            {"competitor": int(model), **plain, **{f"styled_{k}": v for k, v in styled.items()}}
            for model, plain, styled in zip(
                controlled.models,
                in_points(controlled.plain, controlled.plain_covariance, controlled.level),
                in_points(controlled.controlled, controlled.covariance, controlled.level),
                strict=True,
            )
        ],
        "coefficients": [
            {
                "name": each.name,
                "description": words.get(each.name, SHOWN_FIRST)[0],
                "more": words.get(each.name, SHOWN_FIRST)[1],
                **asdict(each.points),
            }
            for each in controlled.coefficients
        ],
        "dropped": [asdict(each) for each in controlled.dropped],
    }


def in_points(fit: Fit, covariance: Covariance, level: float) -> list[dict[str, float | None]]:
    """Each model's rating with its interval; null without votes."""
    rating = MEAN + POINTS_PER_LOGIT * fit.logits
    reach = POINTS_PER_LOGIT * covariance.reach(level)
    return [
        {
            "rating": float(value) if voted else None,
            "lower": float(value - wide) if voted and np.isfinite(wide) else None,
            "upper": float(value + wide) if voted and np.isfinite(wide) else None,
        }
        for value, wide, voted in zip(rating, reach, fit.voted, strict=True)
    ]
