"""About which prompts people are asked, and what their votes say of all of them."""

import numpy as np

from metrics.stats.betting import Bounds
from metrics.stats.comparisons import BoolArray, FloatArray

LEAST_INCLUSION = 0.2
# Points that are neither won nor lost.
EVEN = 0.5
ELO_PER_TENFOLD = 400.0


def choose_inclusion(
    doubt: FloatArray, *, mean: float, floor: float = LEAST_INCLUSION
) -> FloatArray:
    """The probability with which people are asked about each prompt, (P,), `mean` on average.

    Proportional to `doubt` (P,), the standard deviation that a vote is expected to have around
    its prediction (which makes the variance least: Neyman 1934; Zrnic & Candès 2024, ICML), and
    between `floor` and 1. The mean is the budget's votes over prompts times votes per prompt.
    Where all are equally doubtful, all are equally likely. Raises ValueError where doubt is
    negative or not 0 < floor ≤ mean ≤ 1.
    """
    if not 0 < floor <= mean <= 1:
        raise ValueError(f"0 < floor ≤ mean ≤ 1 does not hold: {floor}, {mean}")
    if not (np.isfinite(doubt) & (doubt >= 0)).all():
        raise ValueError("doubt must not be negative")
    low, high = 0.0, 1 / max(float(doubt[doubt > 0].min(initial=1.0)), 1e-12)
    for _ in range(50):
        middle = (low + high) / 2
        short = np.clip(middle * doubt, floor, 1).mean() < mean
        low, high = (middle, high) if short else (low, middle)
    inclusion: FloatArray = np.clip(high * doubt, floor, 1)
    return _top_up(inclusion, mean)


def weigh_back(
    points: FloatArray, included: BoolArray, inclusion: FloatArray, predictions: FloatArray
) -> FloatArray:
    """Each prompt's increment, (P,): f + (y − f) / π where it was asked about, else f; less ½.

    `points` y are the means of the challenger's points over a prompt's votes (1 won, ½ tied or
    both bad, 0 lost), ignored where not `included`; π is `inclusion` and f `predictions`, both
    fixed before any vote: by a judge, or ½. Its mean is that of y − ½ over all prompts whatever
    f is (Horvitz & Thompson 1952, JASA 47; Zrnic & Candès 2024, active inference). Raises
    ValueError where a probability is not in (0, 1], or points or predictions not in [0, 1].
    """
    _refuse((inclusion <= 0) | (inclusion > 1), "a probability of inclusion is not in (0, 1]")
    _refuse(~((predictions >= 0) & (predictions <= 1)), "a prediction is not in [0, 1]")
    _refuse(included & ~((points >= 0) & (points <= 1)), "points are not in [0, 1]")
    off = np.where(included, points - predictions, 0.0)
    return np.asarray(predictions + off / inclusion - EVEN, dtype=np.float64)


def bounds_of(inclusion: FloatArray, predictions: FloatArray) -> Bounds:
    """What increments by `weigh_back` can be, known before any vote: f + (0 or 1 − f) / π − ½."""
    least = predictions - predictions / inclusion
    most = predictions + (1 - predictions) / inclusion
    return Bounds(
        float(min(least.min(initial=0.0), 0.0)) - EVEN,
        float(max(most.max(initial=1.0), 1.0)) - EVEN,
    )


def doubt_prediction(predictions: FloatArray, *, decided: float = 1.0) -> FloatArray:
    """The spread of a vote around a prediction that is right on average: √(f (1 − f)), (P,)."""
    return np.sqrt(decided * predictions * (1 - predictions))


def elo_to_points(gap: float) -> float:
    """The expected points per vote above ½ of who is `gap` Elo points ahead; in (−½, ½)."""
    return float(1 / (1 + 10 ** (-gap / ELO_PER_TENFOLD)) - EVEN)


def points_to_elo(points: float) -> float:
    """The gap in Elo points at which so many points above ½ are expected. ValueError beyond ±½."""
    if not -EVEN < points < EVEN:
        raise ValueError(f"{points} is not between −½ and ½")
    return float(ELO_PER_TENFOLD * np.log10((EVEN + points) / (EVEN - points)))


def compare_relatively(challenger: FloatArray, baseline: FloatArray) -> FloatArray:
    """2 (b − c) / (b + c) of what should be small (seconds, USD): positive where c is less.

    Within [−2, 2] for numbers of 0 or more, 0 where both are 0; close to log(b / c) where both
    are alike.
    """
    total = challenger + baseline
    gap = 2 * (baseline - challenger)
    return np.divide(gap, total, out=np.zeros_like(total), where=total > 0)


def _top_up(inclusion: FloatArray, mean: float) -> FloatArray:
    """Prompts beyond doubt share what those at 1 leave over, so that the mean is kept."""
    lack = mean * len(inclusion) - inclusion.sum()
    room = (1 - inclusion).sum()
    if lack <= 1e-9 or room <= 0:
        return inclusion
    topped: FloatArray = inclusion + (1 - inclusion) * lack / room
    return topped


def _refuse(wrong: BoolArray, what: str) -> None:
    if np.any(wrong):
        raise ValueError(what)
