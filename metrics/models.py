"""The rooms' models in one place, where Django looks for them."""

from metrics.court.models import CourtRuling
from metrics.leaderboards.models import Analysis, Leaderboard, Rating, Snapshot
from metrics.results.models import CheckResult

__all__ = ["Analysis", "CheckResult", "CourtRuling", "Leaderboard", "Rating", "Snapshot"]
