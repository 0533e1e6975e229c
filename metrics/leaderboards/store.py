"""Ratings to rows: a snapshot with its settings, its pairs, and a row for each competitor."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from metrics.leaderboards.models import Analysis, Leaderboard, Rating, Snapshot
from metrics.stats.comparisons import FloatArray
from metrics.stats.ranks import RankRule
from metrics.stats.ratings import RatedModel, Ratings
from metrics.stats.winrates import WinRates

# Each connected set of competitors is ranked by itself.
RULE = RankRule(main_only=False)

HORIZON = {
    "interval": "holds at this one moment (asymptotically)",
    "band": "holds at every moment at once, however often one looks (asymptotically)",
}
DEFAULTS = {"flagged": "exclude", "prompts": "sample"}


def store_ratings(
    snapshot: Snapshot,
    ratings: Ratings,
    rates: WinRates,
    *,
    complete: bool,
    rows: Sequence[RatedModel] | None = None,
) -> Snapshot:
    """Freeze the ratings as the snapshot's; `rows` where the record is not that of the ratings."""
    snapshot.settings = describe_settings(snapshot.leaderboard, ratings, complete=complete)
    snapshot.win_rates = describe_rates(rates)
    with transaction.atomic():
        snapshot.save()
        Rating.objects.bulk_create(
            make_rating(snapshot, position, row)
            for position, row in enumerate(rows or ratings.rows)
        )
        if ratings.covariance:
            keep_gaps(snapshot, ratings)
    return snapshot


def keep_gaps(snapshot: Snapshot, ratings: Ratings) -> None:
    """Store by how much each competitor is better than each other: pages compare two of them."""
    start = perf_counter()
    gaps = ratings.gaps()
    matrices = ("points", "lower", "upper", "band_lower", "band_upper")
    data = {name: as_lists(getattr(gaps, name)) for name in matrices}
    Analysis.objects.create(
        snapshot=snapshot,
        name="gaps",
        data={"competitors": [int(model) for model in gaps.models], **data},
        seconds=perf_counter() - start,
        code_version=settings.VERSION,
    )


def as_lists(matrix: FloatArray, *, digits: int = 3) -> list[list[float | None]]:
    """Rows of numbers as JSON has them: to a thousandth of a point, null for what is unknown."""
    rounded = np.round(matrix, digits).tolist()
    return [[x if math.isfinite(x) else None for x in row] for row in rounded]


def describe_settings(board: Leaderboard, ratings: Ratings, *, complete: bool) -> dict[str, Any]:
    """All that the numbers depend on, and what they mean in words."""
    return {
        **asdict(ratings.settings),
        "flagged": board.params.get("flagged", DEFAULTS["flagged"]),
        "estimand": ratings.settings.estimand,
        "horizon": HORIZON,
        "complete": complete,
    }


def describe_rates(rates: WinRates) -> dict[str, Any]:
    """What became of each pair, by competitors' ids; null where two never met."""
    matrices = ("rate", "lower", "upper", "votes", "won", "undecided")
    return {
        "competitors": [int(model) for model in rates.models],
        "level": rates.level,
        **{name: as_lists(getattr(rates, name), digits=5) for name in matrices},
    }


def make_rating(snapshot: Snapshot, position: int, row: RatedModel) -> Rating:
    return Rating(
        snapshot=snapshot,
        competitor_id=int(row.model),
        position=position,
        component=row.component,
        rating=row.rating,
        rating_lower=row.rating_lower,
        rating_upper=row.rating_upper,
        rank=row.rank,
        rank_lower=row.rank_lower,
        rank_upper=row.rank_upper,
        band_lower=row.band_lower,
        band_upper=row.band_upper,
        band_rank_lower=row.band_rank_lower,
        band_rank_upper=row.band_rank_upper,
        groups=row.groups,
        band_groups=row.band_groups,
        no_rank=row.no_rank,
        votes=round(row.votes),
        wins=round(row.wins),
        losses=round(row.losses),
        ties=round(row.ties),
        both_bad=round(row.both_bad),
    )
