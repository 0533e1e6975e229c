"""How few votes, and which rater or prompt, the order hangs on."""

from typing import Any

import polars as pl

from metrics.leaderboards.analyses._clusters import name_clusters
from metrics.leaderboards.build import VOTES_CLUSTERED
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import compare_votes, read_votes_of
from metrics.stats.comparisons import Comparisons
from metrics.stats.left_out import LeftOut, leave_one_out
from metrics.stats.rate import informative_clusters
from metrics.stats.stability import Removal, find_fragility

# A list of votes longer than this is of no use to anybody.
NAMED = 200
LISTED = 10


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Removals name votes by `seq`; models are competitors' ids."""
    votes = read_votes_of(snapshot, *VOTES_CLUSTERED, "seq")
    comparisons = compare_votes(snapshot.leaderboard, votes, in_order=True)
    fragility = find_fragility(comparisons)
    return {
        "votes": fragility.votes,
        "first": describe_removal(fragility.first, votes),
        "neighbours": [
            described
            for removal in fragility.neighbours
            if (described := describe_removal(removal, votes))
        ],
        "left_out": {
            name: describe_clusters(comparisons, votes, name)
            for name in informative_clusters(comparisons)
        },
    }


def describe_removal(removal: Removal | None, votes: pl.DataFrame) -> dict[str, Any] | None:
    if removal is None:
        return None
    return {
        "upper": int(removal.upper),
        "lower": int(removal.lower),
        "removed": len(removal.rows),
        "seqs": votes["seq"].gather(removal.rows[:NAMED]).to_list(),
        "gap": removal.gap,
        "gap_after": removal.gap_after,
        "least": removal.least,
    }


def describe_clusters(comparisons: Comparisons, votes: pl.DataFrame, name: str) -> dict[str, Any]:
    found = leave_one_out(comparisons, name)
    names = name_clusters(comparisons, votes, name)

    def describe(left_out: LeftOut) -> dict[str, Any]:
        return {
            "name": names[left_out.code],
            "votes": left_out.votes,
            "first": int(left_out.first),
            "reversed": [[int(model) for model in pair] for pair in left_out.reversed],
            "moved": int(left_out.moved),
            "points": left_out.points,
        }

    return {
        "clusters": found.clusters,
        "changing": len(found.changing),
        "listed": [describe(each) for each in found.changing[:LISTED]],
        "largest": describe(found.largest),
    }
