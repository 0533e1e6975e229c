"""How the ratings came about: refitted at evenly spaced points of the votes so far."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import THOUSANDTHS, find_places, list_competitors, read_votes_of
from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.rate import rate

POINTS = 24


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Points by vote number and date (of the newest vote so far), each with all ratings.

    A rating is null before the competitor's first vote, and while no vote connects it with the
    main set. Votes that were revised or flagged since are in no point.
    """
    competitors = list_competitors(snapshot.leaderboard)
    votes = read_votes_of(snapshot, "a", "b", "outcome", "weight", "second")
    ends = np.unique(np.linspace(0, len(votes), POINTS + 1).round().astype(np.int64))[1:]
    newest = votes["second"].cum_max().to_numpy()
    tallies = zip(*tally_until(votes, ends, competitors), strict=True)
    return {
        "competitors": competitors,
        "points": [
            {
                "votes": int(end),
                "until": datetime.fromtimestamp(int(newest[end - 1]), UTC).isoformat(),
                "ratings": fit(count, weight, competitors, snapshot.settings["method"]),
            }
            for end, (count, weight) in zip(ends, tallies, strict=True)
        ],
    }


def tally_until(
    votes: pl.DataFrame, ends: IntArray, competitors: list[int]
) -> tuple[FloatArray, FloatArray]:
    """How many votes there were by each end, and their weight, by outcome, a and b."""
    size = len(competitors)
    shape = (len(ends), len(Outcome), size, size)
    cell = np.ravel_multi_index(
        (
            np.searchsorted(ends, np.arange(len(votes)), side="right"),
            votes["outcome"].to_numpy(),
            find_places(votes["a"].to_numpy(), competitors),
            find_places(votes["b"].to_numpy(), competitors),
        ),
        shape,
    )
    weight = votes["weight"].to_numpy() / THOUSANDTHS
    count, total = (
        np.bincount(cell, each, minlength=int(np.prod(shape))).reshape(shape).cumsum(axis=0)
        for each in (None, weight)
    )
    return count.astype(np.float64), total


def fit(
    count: FloatArray, weight: FloatArray, competitors: list[int], method: str
) -> list[float | None]:
    """The ratings of one point, in the order of the competitors, each to a tenth."""
    outcome, a, b = np.nonzero(count)
    comparisons = Comparisons.from_codes(
        [str(pk) for pk in competitors], a, b, outcome,
        weight=weight[outcome, a, b], count=count[outcome, a, b],
    )  # fmt: skip
    rows = {
        row.model: row
        for row in rate(comparisons, method=method, ci="none", mean="established").rows
    }
    return [
        round(row.rating, 1) if row.votes and row.component == 0 else None
        for row in (rows[model] for model in comparisons.models)
    ]
