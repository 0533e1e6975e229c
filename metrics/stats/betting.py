"""Two one-sided tests that hold at every moment at once: what bets on increments would have won."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import FloatArray, IntArray

# How boldly each bettor plays, as a multiple of the bet that is best where the truth lies `detect`
# from the threshold, and the share of the first stake that it is given.
BOLDNESS = np.array([0.3, 1.1, 2.5])
STAKES = np.array([0.06, 0.84, 0.1])
# The spread that is expected counts as so many increments, and at the least as this share of them.
EXPECTED = 10.0
LEAST_EXPECTED = 0.1
# No bet loses more than this share of what there is.
LARGEST_LOSS = 0.75
STEPS = 45


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an increment can be at the least and at the most."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Aim:
    """What increments are held against.

    `threshold` is minus the margin, or the target; `detect` the distance from it that is to be
    noticed and `spread` the standard deviation of an increment that is expected: both make the
    bets good, and the tests are valid whatever they are. All in the unit of the increments, whose
    `bounds` nothing may leave. Raises ValueError where detect or spread is not above 0 or the
    threshold is not between the bounds.
    """

    threshold: float
    detect: float
    spread: float
    bounds: Bounds

    def __post_init__(self) -> None:
        if not (self.detect > 0 and self.spread > 0):
            raise ValueError("detect and spread must be above 0")
        if not self.bounds.low < self.threshold < self.bounds.high:
            raise ValueError("the threshold must lie between the bounds")


@dataclass(frozen=True, slots=True, eq=False)
class Wealth:
    """The logarithms of both e-processes after each increment, (…, n)."""

    passing: FloatArray
    failing: FloatArray


def bet(increments: FloatArray, aim: Aim) -> Wealth:
    """Bet on a mean above the threshold, and on one below it.

    `increments` (…, n), positive where the challenger is better, are independent draws of one
    distribution in an order that was fixed before they were seen; several runs may be stacked.
    The wealth is Σ_k w_k Π_t (1 + λ_kt (x_t − m)), with bets λ_kt = κ_k detect / v_(t−1) that
    look at earlier increments only (Waudby-Smith & Ramdas 2024, JRSS-B 86(1)); v is their
    variance, with about EXPECTED increments of variance spread² added (`mix_variance`). While
    the mean is at most m, it is a non-negative supermartingale that starts at 1, so that it ever
    reaches 1/α with probability α at most (Ville 1939). Failing is the same with −x and −m.
    Raises ValueError for an increment out of bounds.
    """
    _check(increments, aim.bounds)
    bets = _choose_bets(increments, aim)
    return Wealth(
        _grow(increments - aim.threshold, bets, aim.threshold - aim.bounds.low),
        _grow(aim.threshold - increments, bets, aim.bounds.high - aim.threshold),
    )


def find_interval(
    increments: FloatArray, aim: Aim, *, alpha: float, looks: IntArray | None = None
) -> tuple[float, float]:
    """The means that neither side would have rejected at any look so far, at `alpha` for each.

    A confidence sequence: each limit is right at every moment at once with probability 1 − α.
    The lower limit is above the threshold exactly where the wealth of passing ever reached 1/α,
    and the upper one below it where that of failing did. `increments` (n,); `looks` are the
    numbers of increments after which somebody looked, all unless given. Where increments are
    not of one distribution the limits may cross.
    """
    _check(increments, aim.bounds)
    bets, bounds = _choose_bets(increments, aim), aim.bounds
    lower = _find_limit(increments, bets, (bounds, aim.threshold), alpha=alpha, looks=looks)
    turned = Bounds(-bounds.high, -bounds.low)
    upper = -_find_limit(-increments, bets, (turned, -aim.threshold), alpha=alpha, looks=looks)
    return lower, upper


def see(wealth: FloatArray, looks: IntArray | None) -> FloatArray:
    """The log wealth at the looks alone; none but the first stake, 0, before the first."""
    seen = wealth if looks is None else wealth[..., np.asarray(looks) - 1]
    return np.maximum.accumulate(np.maximum(seen, 0), axis=-1)


def _check(increments: FloatArray, bounds: Bounds) -> None:
    slack = 1e-9 * (bounds.high - bounds.low)
    inside = (increments >= bounds.low - slack) & (increments <= bounds.high + slack)
    if not inside.all():
        raise ValueError(f"an increment is not within [{bounds.low}, {bounds.high}]")


def _choose_bets(increments: FloatArray, aim: Aim) -> FloatArray:
    """What each bettor stakes per unit on each increment before it is known, (K, …, n)."""
    bets: FloatArray = np.multiply.outer(
        BOLDNESS * aim.detect, 1 / _expect_variance(increments, aim)
    )
    return bets


def _expect_variance(increments: FloatArray, aim: Aim) -> FloatArray:
    """The variance that is expected of each increment by those before it, (…, n)."""
    before = np.arange(increments.shape[-1])
    centred = increments - aim.threshold
    sums = np.cumsum(centred, axis=-1) - centred
    squares = np.cumsum(centred**2, axis=-1) - centred**2
    scatter = np.maximum(squares - sums**2 / np.maximum(before, 1), 0)
    return mix_variance(scatter, before - 1, aim.spread)


def mix_variance(scatter: FloatArray, degrees: IntArray, spread: float) -> FloatArray:
    """The variance of increments with this sum of squares, some of spread² mixed in.

    It counts as EXPECTED increments, and as fewer the more their variance differs from it, in
    either direction: so a poor guess of the spread is soon forgotten.
    """
    known = np.maximum(degrees, 0)
    ratio = np.where(known > 0, scatter / np.maximum(known, 1) / spread**2, 1.0)
    alike = np.minimum(ratio, 1 / np.maximum(ratio, 1e-12))
    weight = EXPECTED * np.clip(alike, LEAST_EXPECTED, 1)
    return np.asarray((weight * spread**2 + scatter) / (weight + known), dtype=np.float64)


def _grow(gains: FloatArray, bets: FloatArray, most: float) -> FloatArray:
    """The log of the bettors' wealth; `most` is what one unit staked can lose."""
    staked = np.minimum(bets, LARGEST_LOSS / most)
    logs = np.cumsum(np.log1p(staked * gains), axis=-1)
    logs += np.log(STAKES).reshape(-1, *(1,) * gains.ndim)
    return np.asarray(np.logaddexp.reduce(logs, axis=0), dtype=np.float64)


def _find_limit(
    increments: FloatArray,
    bets: FloatArray,
    place: tuple[Bounds, float],
    *,
    alpha: float,
    looks: IntArray | None,
) -> float:
    """The least mean that is not rejected from below, by bisection.

    A larger mean makes every factor smaller: a capped bet on x − m, too, as x ≥ low. The search
    starts at the threshold, so that the limit lies on the side that the test says.
    """
    bounds, threshold = place

    def rejects(mean: float) -> bool:
        grown = _grow(increments - mean, bets, max(mean - bounds.low, 1e-12))
        return bool(see(grown, looks).max(initial=0) >= -np.log(alpha))

    low, high = (threshold, bounds.high) if rejects(threshold) else (bounds.low, threshold)
    if low == bounds.low and not rejects(low):
        return low
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rejects(middle) else (low, middle)
    return high
