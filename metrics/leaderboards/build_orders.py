"""Orders of several pictures to a frozen snapshot: a board of their own."""

from dataclasses import replace

import numpy as np
from django.conf import settings

from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.read_ballots import close_up, read_orders
from metrics.leaderboards.store import DEFAULTS, RULE, store_ratings
from metrics.stats.comparisons import Comparisons
from metrics.stats.rankings import Rankings
from metrics.stats.rate import informative_clusters
from metrics.stats.rate_rankings import rate_rankings
from metrics.stats.ratings import RatedModel, Ratings
from metrics.stats.winrates import win_rates


def freeze_orders(board: Leaderboard, watermark: int) -> Snapshot:
    """The stored result, by Plackett–Luce, clustered by prompt and rater; a ballot is one vote."""
    orders = read_orders(board, watermark)
    closed = {name: close_up(codes) for name, codes in orders.clusters.items()}
    orders = replace(orders, clusters=closed)
    snapshot = Snapshot(
        leaderboard=board,
        watermark=watermark,
        votes=len(orders.slots),
        settings={"method": board.method, "complete": True},
        code_version=settings.VERSION,
    )
    if not len(orders.slots):
        snapshot.save()
        return snapshot
    ratings = rate_orders(orders, board.params.get("prompts", DEFAULTS["prompts"]))
    rows = count_ballots(orders, ratings)
    rates = win_rates(orders.pairs())
    return store_ratings(snapshot, ratings, rates, complete=True, rows=rows)


def rate_orders(orders: Rankings, prompts: str) -> Ratings:
    cluster = informative_clusters(carry_clusters(orders), prompts)
    return rate_rankings(orders, cluster=cluster, rule=RULE, prompts=prompts)


def carry_clusters(orders: Rankings) -> Comparisons:
    """The orders' clusters on comparisons without rows, which is what tells who informs."""
    nothing = np.zeros(0, dtype=np.int64)
    return Comparisons(
        orders.models, nothing, nothing, nothing, nothing.astype(np.float64), orders.clusters
    )


def count_ballots(orders: Rankings, ratings: Ratings) -> list[RatedModel]:
    """The rows with a record in ballots: the first place alone is a win, a shared one a tie."""
    places = orders.places
    first = places == 0
    shared = first & (first.sum(axis=1) > 1)[:, None]
    present = orders.slots >= 0

    def count(kind: np.ndarray) -> dict[str, float]:
        numbers = np.bincount(orders.slots[kind], minlength=len(orders.models))
        return dict(zip(orders.models, numbers.astype(float).tolist(), strict=True))

    votes, wins, ties = count(present), count(first & ~shared), count(shared)
    losses = count(present & ~first)
    return [
        replace(
            row,
            votes=votes[row.model],
            wins=wins[row.model],
            losses=losses[row.model],
            ties=ties[row.model],
        )
        for row in ratings.rows
    ]
