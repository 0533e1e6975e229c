"""What a check says of competitors that nothing was fitted on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from metrics.stats._court.evidence import Evidence
from metrics.stats.comparisons import BoolArray, FloatArray, IntArray

FOLDS = 8
# With fewer votes on other competitors nothing is fitted for a pair.
LEAST_ROWS = 50
# At most this share of pairs may be called ties of the check.
MOST_TIES = 0.2
# The logistic slope is N(0, PRIOR²) beforehand, for a gap of the usual size.
PRIOR = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """For each row: whether the check sides with the vote (1, 0; ½ for its ties), (R,).

    `band` (R,) is the gap up to which it counts as undecided, `logit` (R,) the log odds that
    people prefer a; NaN where too little is known of other competitors.
    """

    right: FloatArray
    band: FloatArray
    logit: FloatArray


def hold_out(evidence: Evidence) -> HeldOut:
    """Tie band and calibration of each row, fitted without the competitors of its fold.

    Competitors are dealt into FOLDS folds (each its own where there are no more); for a pair of
    folds (f, g) the fit takes the votes on pairs with nobody of f or g. The direction is the
    check's own and never fitted. `evidence` are decided, measured votes.
    """
    band = np.zeros(len(evidence))
    logit = np.full(len(evidence), np.nan)
    order = np.argsort(np.abs(evidence.gap), kind="stable")  # once, for every band to be chosen
    for test, train in _split(evidence):
        among = order[train[order]]
        gap, points = evidence.gap[among], evidence.points[among]
        if len(gap) < LEAST_ROWS:
            continue
        usual = float(np.median(np.abs(gap))) or float(np.abs(gap).max()) or 1.0
        band[test] = choose_band(gap, points)
        logit[test] = fit_slope(gap / usual, points) * evidence.gap[test] / usual
    return HeldOut(side_with(evidence.gap, evidence.points, band), band, logit)


def side_with(gap: FloatArray, points: FloatArray, band: FloatArray | float) -> FloatArray:
    """1 where the check is with the vote, 0 where against it, ½ where |gap| is within the band."""
    agreed = (gap > 0) == (points > 0.5)
    return np.where(np.abs(gap) <= band, 0.5, agreed.astype(np.float64))


def choose_band(gap: FloatArray, points: FloatArray) -> float:
    """The band of the highest accuracy, ties being ½; it takes in MOST_TIES of the rows at most."""
    order = np.argsort(np.abs(gap), kind="stable")
    size = np.abs(gap)[order]
    gained = np.cumsum(0.5 - side_with(gap, points, 0.0)[order])
    # Rows of one size stand or fall together.
    ends = np.append(np.diff(size) > 0, True) & (np.arange(len(size)) < MOST_TIES * len(size))
    if not ends.any():
        return 0.0
    best = int(np.argmax(np.where(ends, gained, -np.inf)))
    return float(size[best]) if gained[best] > 0 else 0.0


def fit_slope(gap: FloatArray, points: FloatArray) -> float:
    """The β of P(a is preferred) = expit(β gap), with its prior, by Newton's method."""
    slope = 0.0
    for _ in range(50):
        chance = expit(slope * gap)
        pull = float(gap @ (points - chance)) - slope / PRIOR**2
        bend = float((gap * gap) @ (chance * (1 - chance))) + 1 / PRIOR**2
        step = float(np.clip(pull / bend, -1, 1))
        slope += step
        if abs(step) < 1e-6:
            break
    return slope


def _split(evidence: Evidence) -> Iterator[tuple[BoolArray, BoolArray]]:
    """For each pair of folds: its rows, and those with nobody of either."""
    present, codes = np.unique(np.concatenate([evidence.a, evidence.b]), return_inverse=True)
    folds: IntArray = codes % min(FOLDS, max(len(present), 1))
    of_a, of_b = folds[: len(evidence)], folds[len(evidence) :]
    low, high = np.minimum(of_a, of_b), np.maximum(of_a, of_b)
    for f, g in np.unique(np.column_stack([low, high]), axis=0).tolist():
        touched = (low == f) | (low == g) | (high == f) | (high == g)
        yield (low == f) & (high == g), ~touched
