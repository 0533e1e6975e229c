"""The ratings by uniformly drawn pairs alone, beside those by all pairs."""

from typing import Any

import polars as pl

from metrics.leaderboards.build import rate_board
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import THOUSANDTHS, compare_votes, read_votes_of


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Ratings from the ballots that the random arm drew; no rows where no other arm drew any.

    Within that arm all pairs are as likely as each other, so that every vote weighs the same.
    """
    votes = read_votes_of(snapshot, "a", "b", "outcome", "prompt", "rater", "random")
    drawn = votes.filter(pl.col("random") == 1)
    figures = {"votes": len(drawn), "votes_of_other_arms": int((votes["random"] == 0).sum())}
    if not drawn.height or not figures["votes_of_other_arms"]:
        return {**figures, "rows": []}
    plain = drawn.with_columns(weight=pl.lit(THOUSANDTHS))
    ratings = rate_board(
        snapshot.leaderboard, compare_votes(snapshot.leaderboard, plain, in_order=False)
    )
    rows = [
        {
            "competitor": int(row.model),
            "rating": row.rating,
            "rating_lower": row.rating_lower,
            "rating_upper": row.rating_upper,
            "component": row.component,
            "votes": round(row.votes),
        }
        for row in ratings.rows
    ]
    return {**figures, "rows": rows}
