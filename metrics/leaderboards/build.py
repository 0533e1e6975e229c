"""Votes to a frozen snapshot: read up to a watermark, rate, store with all settings."""

import math
from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from arenas.definitions.models import Arena, Question
from arenas.votes.count import fold_counts
from metrics.leaderboards.models import Analysis, Leaderboard, Rating, Snapshot
from metrics.leaderboards.read import compare_votes, count_votes, read_counts, read_votes
from metrics.stats.comparisons import Comparisons, FloatArray
from metrics.stats.methods.base import make_method
from metrics.stats.ranks import RankRule
from metrics.stats.rate import rate
from metrics.stats.ratings import RatedModel, Ratings
from metrics.stats.winrates import WinRates, win_rates

# Each connected set of competitors is ranked by itself.
RULE = RankRule(main_only=False)

# So many votes are read one by one in about a second; of more, a refresh reads the counts.
AT_ONCE = 200_000

# What compare_votes takes.
VOTES_CLUSTERED = ("a", "b", "outcome", "weight", "prompt", "rater")

HORIZON = {
    "interval": "holds at this one moment (asymptotically)",
    "band": "holds at every moment at once, however often one looks (asymptotically)",
}
# Where votes chose the pairs, weights in the fit itself would cost most of what that gains.
WEIGHTED = {"bradley_terry": "rescaled"}

DEFAULTS = {"flagged": "exclude", "prompts": "sample"}


def find_leaderboard(
    arena: Arena,
    question: Question,
    *,
    category: str = "",
    rater_kinds: list[str] | None = None,
    method: str = "bradley_terry",
    flagged: str = "exclude",
    prompts: str = "sample",
) -> Leaderboard:
    """The definition with these settings, made when it is new.

    `flagged` is exclude or include; `prompts` is sample (of all that could be asked) or fixed.
    """
    params = {"flagged": flagged, "prompts": prompts}
    leaderboard, _ = Leaderboard.objects.get_or_create(
        arena=arena,
        question=question,
        category=category,
        rater_kinds=sorted(rater_kinds or arena.board_raters),
        method=method,
        params={name: value for name, value in params.items() if value != DEFAULTS[name]},
    )
    return leaderboard


def build_snapshot(board: Leaderboard) -> Snapshot:
    """Rate the sealed votes and freeze the result. Votes cast meanwhile are in the next one.

    Intervals are clustered by prompt and rater. Where that would take long, the snapshot comes
    from the counts, clustered by prompt alone, and says in its settings that it is not complete.
    """
    with transaction.atomic():
        watermark = fold_counts()  # the counts stay there until the transaction ends
        if has_many(board) and not make_method(board.method).needs_order:
            by_prompt = board.params.get("prompts") != "fixed"
            counts = read_counts(board, by_prompt=by_prompt)
        else:
            counts = None
    return freeze(board, watermark, counts or read_clustered(board, watermark))


def has_many(board: Leaderboard) -> bool:
    """Whether the board has more votes than are read at once; the newest snapshot may know."""
    newest = board.snapshots.first()
    return bool(newest and newest.votes > AT_ONCE) or count_votes(board) > AT_ONCE


def complete_snapshot(snapshot: Snapshot) -> Snapshot:
    """The same board at the same watermark, from the single votes, clustered two ways."""
    board = snapshot.leaderboard
    return freeze(board, snapshot.watermark, read_clustered(board, snapshot.watermark))


def read_clustered(board: Leaderboard, watermark: int) -> Comparisons:
    """The single votes, clustered by prompt and rater."""
    votes = read_votes(board, watermark, *VOTES_CLUSTERED)
    return compare_votes(board, votes, in_order=make_method(board.method).needs_order)


def rate_board(board: Leaderboard, comparisons: Comparisons) -> Ratings:
    """Ratings as the board defines them. Raises NotConverged, and ValueError without votes."""
    prompts = board.params.get("prompts", DEFAULTS["prompts"])
    weighted = comparisons.importance is not None
    method = WEIGHTED.get(board.method, board.method) if weighted else board.method
    return rate(comparisons, method=method, rule=RULE, prompts=prompts, mean="established")


def freeze(board: Leaderboard, watermark: int, comparisons: Comparisons) -> Snapshot:
    """The stored result; a board without votes says so by having no rows."""
    snapshot = Snapshot(
        leaderboard=board,
        watermark=watermark,
        votes=round(comparisons.votes),
        settings={"method": board.method, "complete": True},
        code_version=settings.VERSION,
    )
    if not comparisons.votes:
        snapshot.save()
        return snapshot
    ratings = rate_board(board, comparisons)
    snapshot.settings = describe_settings(board, ratings, complete="rater" in comparisons.clusters)
    snapshot.win_rates = describe_rates(win_rates(comparisons))
    with transaction.atomic():
        snapshot.save()
        Rating.objects.bulk_create(
            make_rating(snapshot, position, row) for position, row in enumerate(ratings.rows)
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
