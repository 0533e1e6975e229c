"""Whether what a check could not measure is missing by chance."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2_contingency

from metrics.stats._court.evidence import Evidence
from metrics.stats._court.figure import Figure, Levels
from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.crossed_shares import estimate_crossed_share
from metrics.stats.shares import wilson_bounds

# Shares that differ by less are not worth a warning, however surely they differ.
NOTABLE = 0.1
SURELY = 0.01


@dataclass(frozen=True, slots=True)
class Measurable:
    """Of one competitor's candidates that the check looked at, how many it could measure."""

    competitor: int
    measured: int
    tried: int
    share: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing, by competitor and by how people voted.

    `uneven`: the shares differ by NOTABLE or more and surely (chi² test, p < SURELY).
    `preferred` is how often people prefer the measured one of two candidates of which the other
    could not be measured: ½ where that has nothing to do with quality. `telling` says that its
    interval leaves out ½, and that by NOTABLE or more.
    """

    competitors: tuple[Measurable, ...]
    share: float | None
    p: float | None
    uneven: bool
    preferred: Figure
    telling: bool

    @property
    def warns(self) -> bool:
        return self.uneven or self.telling


def find_missing(
    evidence: Evidence, measured: IntArray, tried: IntArray, levels: Levels
) -> Missing:
    """From all decided votes, and counts of candidates by competitor code, (M,) each."""
    rows = tuple(
        Measurable(code, int(got), int(of), got / of, *wilson_bounds(got / of, of, levels.level))
        for code, (got, of) in enumerate(zip(measured.tolist(), tried.tolist(), strict=True))
        if of
    )
    shares = [row.share for row in rows]
    p = _test(measured[tried > 0], tried[tried > 0])
    spread = max(shares, default=0.0) - min(shares, default=0.0)
    preferred = _prefer(evidence, levels)
    known = None not in (preferred.value, preferred.lower, preferred.upper)
    telling = known and not (preferred.lower or 0) <= 0.5 <= (preferred.upper or 0)
    return Missing(
        rows,
        float(measured.sum() / tried.sum()) if tried.sum() else None,
        p,
        p is not None and p < SURELY and spread >= NOTABLE,
        preferred,
        telling and abs((preferred.value or 0.5) - 0.5) >= NOTABLE,
    )


def _test(measured: IntArray, tried: IntArray) -> float | None:
    """The p of equal shares, or None where all or none were measured."""
    if len(tried) < 2 or not 0 < measured.sum() < tried.sum():
        return None
    return float(chi2_contingency(np.array([measured, tried - measured])).pvalue)


def _prefer(evidence: Evidence, levels: Levels) -> Figure:
    has_a, has_b = np.isfinite(evidence.value_a), np.isfinite(evidence.value_b)
    rows = evidence.decided & (has_a != has_b)
    won: FloatArray = np.where(has_a, evidence.points, 1 - evidence.points)[rows]
    clusters = [evidence.prompt[rows], evidence.rater[rows]]
    found = estimate_crossed_share(won, clusters, level=levels.level)
    counts = [len(np.unique(codes)) for codes in clusters]
    return Figure(found.share, found.lower, found.upper, None, None, len(won), *counts)
