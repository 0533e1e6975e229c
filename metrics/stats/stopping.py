"""When bets on increments will have decided: probabilities from the limit of many small ones.

Time is n detect² / spread², and distance from the threshold is in `detect`: 1 is what was planned
for. There the sum of increments is a Brownian motion with drift, and the bettors' wealth is
Σ_k w_k exp(κ_k B − κ_k² t / 2), which reaches 1/α where B reaches a curve.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from metrics.stats.betting import BOLDNESS, EXPECTED, LARGEST_LOSS, STAKES
from metrics.stats.comparisons import FloatArray

# A walk steps over a curve on average by this much of its standard deviation (Siegmund 1985,
# Sequential Analysis, X): it must go further than the Brownian motion would.
OVERSHOOT = 0.5826
# Steps so coarse that few recursions are made: a hundredth of the time that is found.
ROUNDED = 0.05
TIMES = np.geomspace(0.1, 300.0, 70)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(100)
# How far below the curve walks are followed, in standard deviations of their sum.
DEPTH = 7.0
LARGEST = 60.0
# Beyond this the limit says nothing, and a handful of increments decide.
LARGEST_STEP = 2.0
# Bets that differ by this share are taken for the same, and those within this share of the cap are
# at times cut by it.
ALIKE = 0.15
NEAR_CAP = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Survival:
    """Where walks without drift are that have not crossed the curve: density by time.

    `places` and `mass` are (T, G); a drift θ multiplies the mass at y by exp(θy − θ²t/2).
    """

    places: FloatArray
    mass: FloatArray

    def decided(self, drift: float, rows: slice = slice(None)) -> FloatArray:
        """The probability to have crossed by each of TIMES (or some), for a drift of 0 or more."""
        times = TIMES[rows, None]
        tilt = drift * self.places[rows] - drift**2 * times / 2
        share = 1 - (self.mass[rows] * np.exp(tilt)).sum(axis=1)
        return np.maximum.accumulate(np.clip(share, 0, 1))


def follow(alpha: float, *, step: float = 0.0) -> Survival:
    """Follow the walk until the end of TIMES; `step` is an increment's spread, detect / spread."""
    return _follow(alpha, round(OVERSHOOT * min(step, LARGEST_STEP) / ROUNDED) * ROUNDED)


def find_time(alpha: float, power: float, *, drift: float = 1.0, step: float = 0.0) -> float:
    """When walks of this drift will have crossed with probability `power`; inf if after TIMES."""
    decided = follow(alpha, step=step).decided(drift)
    if decided[-1] < power:
        return float("inf")
    first = int(np.searchsorted(decided, power))
    around = slice(max(first - 1, 0), first + 1)
    return float(np.interp(power, decided[around], TIMES[around]))


def find_drift_for(alpha: float, power: float, *, time: float, step: float = 0.0) -> float:
    """The drift with which walks cross by `time` with probability `power`, by bisection.

    Before the first of TIMES and after the last it goes as 1/time and as at the last.
    """
    survival, low, high = follow(alpha, step=step), 0.0, LARGEST
    row = int(np.clip(np.searchsorted(TIMES, time), 1, len(TIMES) - 1))
    around = slice(row - 1, row + 1)
    for _ in range(40):
        middle = (low + high) / 2
        decided = survival.decided(middle, around)
        enough = np.interp(time, TIMES[around], decided) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high * max(float(TIMES[0]) / time, 1.0)


def fixed_time(alpha: float, power: float) -> float:
    """The time that a one-sided test with one look takes for the planned difference."""
    return float((ndtri(1 - alpha) + ndtri(power)) ** 2)


def find_slowdown(
    increments: FloatArray, *, step: float, largest: float, alpha: float, power: float
) -> float:
    """How many times longer such increments take than the limit says, for the planned difference.

    Tails and skewness change what bets gain, a cap keeps them small (`largest` is the most that
    may be bet on an increment of one standard deviation), and the variance that they rest on is
    learnt on the way. Only the shape of `increments` (n,) is used. Each bettor's log wealth alone
    is taken for a Brownian motion with the mean and variance of its gains, here and in the limit,
    and the quickest one counts; inf where none gains.
    """
    shape = (increments - increments.mean()) / increments.std()
    drifts, levels = (BOLDNESS - BOLDNESS**2 / 2) * step**2, -np.log(alpha * STAKES)
    limit = _find_first(levels, drifts, BOLDNESS * step, power=power)
    staked = np.minimum(BOLDNESS * step, largest)
    gains = np.log1p(np.maximum(np.multiply.outer(staked, shape + step), -LARGEST_LOSS))
    # Bettors whom the cap makes bet alike are as one with all their stakes.
    alike = np.abs(np.subtract.outer(staked, staked)) <= ALIKE * staked[:, None]
    lessons = find_lessons(float((shape**4).mean()), limit, step=step)
    # A bet at the cap does not grow when the variance seems small, which is what costs.
    free = np.clip((largest / (BOLDNESS * step) - 1) / NEAR_CAP, 0, 1)
    levels = -np.log(alpha * (alike @ STAKES)) + free * lessons
    return _find_first(levels, gains.mean(axis=1), gains.std(axis=1), power=power) / limit


def find_lessons(kurtosis: float, increments: float, *, step: float) -> FloatArray:
    """What each bettor's log wealth loses, (K,), until the variance of increments is known.

    A variance that is wrong by a share ε costs (3κ²/2 − κ) step² ε² per increment, and after t of
    them ε² is (kurtosis − 1) t / (t + EXPECTED)² on average.
    """
    known = increments / EXPECTED
    wrong = (kurtosis - 1) * (np.log1p(known) - known / (1 + known))
    return np.asarray(np.maximum(1.5 * BOLDNESS**2 - BOLDNESS, 0) * step**2 * wrong)


def _find_first(
    levels: FloatArray, drifts: FloatArray, spreads: FloatArray, *, power: float
) -> float:
    """When the quickest bettor alone will have passed its level with this probability."""
    bettors = zip(levels, drifts, spreads, strict=True)
    return min(_find_passage(*map(float, bettor), power=power) for bettor in bettors)


def _find_passage(level: float, drift: float, spread: float, *, power: float) -> float:
    """When a Brownian motion will have passed `level` with this probability, by bisection."""
    if drift <= 0:
        return float("inf")
    low, high = 0.0, 100 * (level / drift + (spread / drift) ** 2)
    for _ in range(60):
        middle = (low + high) / 2
        wide = spread * np.sqrt(middle)
        late = np.exp(2 * drift * level / spread**2 + log_ndtr(-(drift * middle + level) / wide))
        passed = ndtr((drift * middle - level) / wide) + late
        low, high = (low, middle) if passed >= power else (middle, high)
    return high


def find_curve(alpha: float, times: FloatArray) -> FloatArray:
    """Where B must be at each time for the wealth to be 1/α, by bisection."""
    low, high = np.full(len(times), -50.0), np.full(len(times), 50.0 + 5 * times)
    for _ in range(60):
        middle = (low + high) / 2
        logs = np.log(STAKES) + np.multiply.outer(middle, BOLDNESS)
        logs -= np.multiply.outer(times, BOLDNESS**2 / 2)
        enough = np.logaddexp.reduce(logs, axis=1) >= -np.log(alpha)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


@lru_cache(maxsize=64)
def _follow(alpha: float, overshoot: float) -> Survival:
    """The recursion of Armitage, McPherson & Rowe 1969 (JRSS-A 132) by Gauss–Legendre sums.

    Between two times a path that starts and ends below the curve stays there with probability
    1 − exp(−2 (b − y) (b' − y') / h): the Brownian bridge.
    """
    curve = find_curve(alpha, np.concatenate([[0.0], TIMES])) + overshoot
    steps = np.diff(TIMES, prepend=0.0)
    depth = DEPTH * np.sqrt(TIMES) + curve[1:]
    places = curve[1:, None] - depth[:, None] * (1 - NODES) / 2
    sizes = depth[:, None] * WEIGHTS / 2
    start, mass, all_mass = np.zeros(1), np.ones(1), []
    for i in range(len(TIMES)):
        apart = places[i][:, None] - start
        gap = np.multiply.outer(curve[i + 1] - places[i], curve[i] - start)
        kernel = np.exp(-(apart**2) / (2 * steps[i])) * -np.expm1(-2 * gap / steps[i])
        mass = kernel @ mass * sizes[i] / np.sqrt(2 * np.pi * steps[i])
        start = places[i]
        all_mass.append(mass)
    return Survival(places, np.array(all_mass))
