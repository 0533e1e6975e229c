"""What being shown first was worth to a picture."""

from dataclasses import asdict
from typing import Any

from metrics.leaderboards.build import read_clustered
from metrics.leaderboards.models import Snapshot
from metrics.stats.position import estimate_position
from metrics.stats.rate import informative_clusters


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """The share that the first side won, and its advantage in points, each with its interval."""
    comparisons = read_clustered(snapshot.leaderboard, snapshot.watermark)
    return asdict(estimate_position(comparisons, cluster=informative_clusters(comparisons)))
