"""How often each competitor's pictures are usable, whomever they met."""

from dataclasses import asdict
from typing import Any

from metrics.leaderboards.build import read_clustered
from metrics.leaderboards.models import Snapshot
from metrics.stats.rate import informative_clusters
from metrics.stats.usable import estimate_usable


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """The usable rate of both sides of every “both unusable”, fitted jointly."""
    if "both_bad" not in snapshot.leaderboard.arena.outcomes:
        return {"rows": []}
    comparisons = read_clustered(snapshot.leaderboard, snapshot.watermark)
    rates = asdict(estimate_usable(comparisons, cluster=informative_clusters(comparisons)[:1]))
    rows = [{**row, "competitor": int(row.pop("model"))} for row in rates.pop("rows")]
    return {**rates, "rows": rows}
