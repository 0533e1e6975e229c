"""Whether orders of several pictures and votes on pairs rate on one scale; if so, from both."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from metrics.leaderboards.build import VOTES_CLUSTERED
from metrics.leaderboards.build_orders import rate_orders
from metrics.leaderboards.forms import METHODS, ORDERS, PAIRS
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.read import compare_votes, read_votes
from metrics.leaderboards.read_ballots import close_up, read_orders
from metrics.leaderboards.store import DEFAULTS
from metrics.stats.comparisons import Comparisons
from metrics.stats.rankings import Rankings
from metrics.stats.same_scale import compare_scales, pool

FORMS = (ORDERS,)


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """The test's figures; `rows` are ratings from pairs and orders together, where it allows."""
    board = snapshot.leaderboard
    pairs, orders = read_both(board, snapshot.watermark)
    figures: dict[str, Any] = {"pairs": len(pairs.a), "orders": len(orders.slots), "rows": []}
    if not figures["pairs"] or not figures["orders"]:
        return {**figures, "verdict": "too few votes"}
    cluster = [name for name in ("prompt", "rater") if differ(pairs, orders, name)]
    found = compare_scales(pairs, orders, cluster=cluster)
    if found.verdict == "same":
        prompts = board.params.get("prompts", DEFAULTS["prompts"])
        figures["rows"] = [
            {
                "competitor": int(row.model),
                "rating": row.rating if row.votes else None,
                "rating_lower": row.rating_lower,
                "rating_upper": row.rating_upper,
            }
            for row in rate_orders(pool(pairs, orders), prompts).rows
        ]
    return {**figures, **asdict(found), "models": [int(model) for model in found.models]}


def read_both(board: Leaderboard, watermark: int) -> tuple[Comparisons, Rankings]:
    """The votes of both boards, with codes of prompts and raters that mean the same in both."""
    of_pairs = Leaderboard(
        arena=board.arena, question=board.question, category=board.category,
        rater_kinds=board.rater_kinds, method=METHODS[PAIRS], params=board.params,
    )  # fmt: skip
    votes = read_votes(of_pairs, watermark, *VOTES_CLUSTERED)
    orders = read_orders(board, watermark)
    codes = {
        name: close_up(np.concatenate([votes[name].to_numpy(), orders.clusters[name]]))
        for name in orders.clusters
    }
    pairs = compare_votes(of_pairs, votes, in_order=True)
    return (
        replace(pairs, clusters={name: code[: len(votes)] for name, code in codes.items()}),
        replace(orders, clusters={name: code[len(votes) :] for name, code in codes.items()}),
    )


def differ(pairs: Comparisons, orders: Rankings, name: str) -> bool:
    """Whether there is more than one such cluster in both."""
    return all(len(np.unique(votes.clusters[name])) > 1 for votes in (pairs, orders))
