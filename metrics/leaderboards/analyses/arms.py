"""How often each arm of the pairing has drawn so far."""

from typing import Any

from metrics.leaderboards.models import Snapshot
from metrics.pairing.policy import count_ballots


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """All of the arena's ballots, answered or not, by the arm that drew them."""
    return {"ballots": count_ballots(snapshot.leaderboard.arena)}
