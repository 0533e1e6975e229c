import evalica
import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons
from metrics.stats.rate import rate
from metrics.stats.ratings import POINTS_PER_LOGIT

WINNERS = [evalica.Winner.X, evalica.Winner.Y, evalica.Winner.Draw, evalica.Winner.Draw]


def evalica_points(size, a, b, outcome):
    """Ratings by evalica, which takes one connected set at a time, centred on 1000."""
    names = [WINNERS[code] for code in outcome]
    scores = evalica.bradley_terry(
        a.tolist(), b.tolist(), names, tolerance=1e-13, limit=100_000
    ).scores
    logits = np.log(scores[np.arange(size)].to_numpy())
    return 1000 + POINTS_PER_LOGIT * (logits - logits.mean())


@pytest.mark.parametrize("method", ["bradley_terry", "plackett_luce"])
@pytest.mark.parametrize(
    ("size", "votes"), [(2, 50), (3, 500), (6, 2000), (12, 2000), (40, 20_000), (100, 50_000)]
)
def test_ratings_agree_with_evalica(size, votes, method):
    rng = np.random.default_rng(size)
    strengths = rng.normal(0, 0.8, size)
    a = rng.integers(0, size, votes)
    b = (a + rng.integers(1, size, votes)) % size
    won = rng.random(votes) < 1 / (1 + np.exp(strengths[b] - strengths[a]))
    outcome = np.where(rng.random(votes) < 0.3, rng.integers(2, 4, votes), np.where(won, 0, 1))
    names = [f"m{code}" for code in range(size)]
    comparisons = Comparisons.from_codes(names, a, b, outcome)
    ours = rate(comparisons, method=method, ci="none").fit.logits
    theirs = evalica_points(size, a, b, outcome)
    assert np.abs(1000 + POINTS_PER_LOGIT * ours - theirs).max() < 1e-3
