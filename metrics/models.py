"""The rooms' models in one place, where Django looks for them."""

from metrics.api.models import ApiToken
from metrics.court.models import CourtRuling
from metrics.leaderboards.models import Analysis, Leaderboard, Rating, Snapshot
from metrics.regressions.models import Notice, Promotion, RegressionEval, Run
from metrics.results.models import CheckResult

__all__ = [
    "Analysis",
    "ApiToken",
    "CheckResult",
    "CourtRuling",
    "Leaderboard",
    "Notice",
    "Promotion",
    "Rating",
    "RegressionEval",
    "Run",
    "Snapshot",
]
