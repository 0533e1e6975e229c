"""Whether a series of runs gets slowly worse, below what any single run would notice."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri, stdtr

from metrics.stats.comparisons import FloatArray

# Half the shift that the sum finds soonest, in standard deviations of a run's mean.
ALLOWANCE = 0.5
# At an error rate of 1 %, one false alarm in 400 runs.
RUNS_PER_ERROR = 4.0
STATES = 70
# Scores beyond this are cut off, so that at error rates up to 5 % no single run that follows a
# quiet one sounds the alarm by itself: that is what verdicts are for.
LARGEST_SCORE = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """The sum of what is worse after each run, (R,), and the limit at which it is an alarm.

    `since` is the place of the run, from 0, with which the sum began to rise that sounded the
    alarm.
    """

    statistic: FloatArray
    limit: float
    alarm: bool
    since: int | None


def find_drift(means: FloatArray, *, error_rate: float) -> Drift:
    """Look for a lasting fall in the runs' `means` (R,), oldest first, positive being better.

    A self-starting CUSUM (Hawkins 1987, J. Quality Technology 19): run j is standardised by
    the mean and standard deviation of the runs before it, t → normal score u, and
    C_j = max(0, C_(j−1) − u_j − ALLOWANCE); the alarm is at C ≥ limit, ever. The luck of a
    baseline that all runs share is in all means alike, and cancels. Without a change, the mean
    number of runs until an alarm is RUNS_PER_ERROR / `error_rate`. The first two runs cannot be
    standardised and count 0.
    """
    limit = find_limit(RUNS_PER_ERROR / error_rate)
    statistic = np.zeros(len(means))
    for run, score in enumerate(score_runs(means)):
        if run:
            statistic[run] = max(0.0, statistic[run - 1] - score - ALLOWANCE)
    crossed = np.flatnonzero(statistic >= limit)
    if not len(crossed):
        return Drift(statistic, limit, alarm=False, since=None)
    quiet = np.flatnonzero(statistic[: crossed[0]] == 0)
    return Drift(statistic, limit, alarm=True, since=int(quiet[-1]) + 1)


def score_runs(means: FloatArray) -> FloatArray:
    """Each mean's normal score against those before it: independent N(0, 1) without a change.

    T_j = √((j − 1)/j) (x_j − mean_(j−1)) / s_(j−1) has Student's t distribution with j − 2
    degrees. 0 for the first two and while the runs before are all alike; (R,).
    """
    scores = np.zeros(len(means))
    for run in range(2, len(means)):
        before = means[:run]
        spread = before.std(ddof=1)
        if spread > 0:
            t = np.sqrt(run / (run + 1)) * (means[run] - before.mean()) / spread
            scores[run] = np.clip(_normal_score(run - 1, t), -LARGEST_SCORE, LARGEST_SCORE)
    return scores


def _normal_score(degrees: int, t: float) -> float:
    """Φ⁻¹(F_t(t)), by the tail that is not near 1."""
    return float(np.sign(t) * -ndtri(stdtr(degrees, -abs(t))))


@lru_cache(maxsize=32)
def find_limit(runs: float) -> float:
    """The limit at which the mean number of runs to a false alarm is `runs`, by bisection."""
    low, high = 0.1, 20.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if find_run_length(middle) < runs else (low, middle)
    return high


def find_run_length(limit: float, *, shift: float = 0.0) -> float:
    """The mean number of runs until the sum reaches `limit`, by a Markov chain.

    Brook & Evans 1972 (Biometrika 59): the sum is one of STATES values; `shift` standard
    deviations is by how much every run is worse.
    """
    width = 2 * limit / (2 * STATES - 1)
    centres = np.arange(STATES) * width
    edges = centres + width / 2
    reach = ndtr(edges[None, :] - centres[:, None] + ALLOWANCE - shift)
    moves = np.diff(reach, axis=1, prepend=0.0)
    lengths = np.linalg.solve(np.eye(STATES) - moves, np.ones(STATES))
    return float(lengths[0])
