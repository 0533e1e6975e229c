"""Whether the probabilities that a check stands for come true."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from metrics.stats._court.evidence import Evidence
from metrics.stats._court.figure import Figure, Levels, make_figure
from metrics.stats._court.held_out import fit_slope
from metrics.stats.comparisons import FloatArray
from metrics.stats.crossed_shares import estimate_crossed_share

BINS = 5
# Flatter predictions than this in all rows say nothing about how steep they should be.
FLAT = 0.05


@dataclass(frozen=True, slots=True)
class Bin:
    """Votes predicted to side with the check with about one probability, and how many did."""

    predicted: float
    share: float
    lower: float
    upper: float
    votes: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bins from least to most sure, and the slope of votes on predicted log odds.

    The slope is 1 where the probabilities are right, below 1 where they are too sure; the error
    is the mean |predicted - share| over the bins' votes (expected calibration error), 0..1.
    """

    bins: tuple[Bin, ...]
    slope: Figure
    error: float


def calibrate(evidence: Evidence, logit: FloatArray, levels: Levels) -> Calibration | None:
    """The reliability of held-out log odds (R,) that a is preferred; None where there are none.

    The slope b solves Σ ℓ (y - expit(b ℓ)) = 0 through the origin, since turning a pair round
    changes nothing (Cox 1958, Biometrika 45), with a sandwich interval clustered two ways.
    """
    known = np.isfinite(logit)
    told, votes = logit[known], evidence.select(known)
    if len(told) < BINS or float(np.sqrt(np.mean(told**2))) < FLAT:
        return None
    bins = _bin(votes, told, levels)
    missed = sum(each.votes * abs(each.predicted - each.share) for each in bins)
    return Calibration(bins, _slope(votes, told, levels), missed / len(told))


def _slope(votes: Evidence, told: FloatArray, levels: Levels) -> Figure:
    usual = float(np.sqrt(np.mean(told**2)))
    slope = fit_slope(told / usual, votes.points) / usual
    chance = expit(slope * told)
    bend = float((told * told) @ (chance * (1 - chance)))
    influence = told * (votes.points - chance) / bend
    clusters = (votes.prompt, votes.rater)
    bounds = (-np.inf, np.inf)
    return make_figure(slope, influence, clusters, levels, floor=1 / bend, bounds=bounds)


def _bin(votes: Evidence, told: FloatArray, levels: Levels) -> tuple[Bin, ...]:
    sure = expit(np.abs(told))
    with_it = np.where(told > 0, votes.points, 1 - votes.points)
    edges = np.unique(np.quantile(sure, np.linspace(0, 1, BINS + 1))[1:-1])
    place = np.searchsorted(edges, sure, side="left")
    found = []
    for number in np.unique(place):
        rows = place == number
        clusters = [votes.prompt[rows], votes.rater[rows]]
        share = estimate_crossed_share(with_it[rows], clusters, level=levels.level)
        bounds = (float(share.share or 0), float(share.lower or 0), float(share.upper or 0))
        found.append(Bin(float(sure[rows].mean()), *bounds, int(rows.sum())))
    return tuple(found)
