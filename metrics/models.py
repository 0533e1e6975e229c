"""The rooms' models in one place, where Django looks for them."""

from metrics.leaderboards.models import Leaderboard, Rating, Snapshot
from metrics.results.models import CheckResult

__all__ = ["CheckResult", "Leaderboard", "Rating", "Snapshot"]
