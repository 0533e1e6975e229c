"""What raters say of two pictures by the same maker: the noise floor, and the side they lean to."""

from dataclasses import asdict
from typing import Any

import polars as pl

from arenas.votes.count import standing_votes
from metrics.leaderboards.build_shares import measure_share
from metrics.leaderboards.forms import ORDERS, PAIRS
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import ASKED, VOTE_COLUMNS, fetch_columns, select_counted
from metrics.stats.comparisons import Outcome

FORMS = (PAIRS, ORDERS)
CLUSTER = ["prompt", "rater"]
SAME = "competitor_a_id = competitor_b_id"
COLUMNS = {name: VOTE_COLUMNS[name] for name in ("outcome", *CLUSTER)} | {"same": f"({SAME})::int"}


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """On A/A ballots: how many votes, which share is decided, and of those which is for the left.

    `decided_between` is the decided share of votes on pairs of different competitors, to
    compare with.
    """
    votes = read_all(snapshot)
    alike, between = votes.filter(pl.col("same") == 1), votes.filter(pl.col("same") == 0)
    decided = alike.filter(is_decided())
    return {
        "votes": len(alike),
        "undecided": share_of(alike, ~is_decided()),
        "decided": share_of(alike, is_decided()),
        "left": share_of(decided, pl.col("outcome") == Outcome.MODEL_A.value),
        "decided_between": share_of(between, is_decided()),
    }


def read_all(snapshot: Snapshot) -> pl.DataFrame:
    """The votes on pairs that the board counts, and beside them those on A/A ballots."""
    rows = f"({standing_votes('%(watermark)s')}) AS votes WHERE {ASKED}"
    values = {**select_counted(snapshot.leaderboard), "watermark": snapshot.watermark}
    return pl.DataFrame(fetch_columns(COLUMNS, rows, values))


def is_decided() -> pl.Expr:
    return pl.col("outcome") < Outcome.TIE.value


def share_of(votes: pl.DataFrame, what: pl.Expr) -> dict[str, Any] | None:
    """The share of the votes, with its interval by prompt and rater; None without any."""
    if votes.is_empty():
        return None
    return asdict(measure_share(votes, votes.select(what).to_series().to_numpy(), CLUSTER))
