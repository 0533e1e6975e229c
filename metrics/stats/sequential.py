"""Bands that hold at every moment at once, however often somebody looks."""

import numpy as np
from scipy.special import ndtri, stdtrit

from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.intervals import Covariance

# Where the band is narrowest against the fixed-time interval: r² / s² there, at level 0.95.
NARROWEST = 8.0


def band_reach(covariance: Covariance, *, level: float, planned: float) -> FloatArray:
    """Half the width of each rating's band, (M,), in logits.

    An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024,
    Annals of Statistics 52(6); Robbins 1970, Annals of Math. Statistics 41(5)): with standard
    error s, s √((1 + s²/r²) (log(1 + r²/s²) + 2 log(1/α))). In the t votes of one model it is
    their boundary with tρ² = r²/s²; written so, it also holds for gaps, weighted votes and
    clusters, whose information 1/s² does not grow with t. r must not depend on the votes: it
    is set by `planned`, the half-width (logits) of the fixed-time interval at which the band
    is to be narrowest, 1.55 times as wide. It is at most 1.6 times as wide while that interval
    is 0.48 to 1.63 times `planned` (11-fold in votes), and twice from 0.03 to 3.2 times.
    """
    scale = np.sqrt(NARROWEST) * planned / ndtri((1 + level) / 2)
    return reach_at_any_time(
        covariance.standard_errors(), covariance.degrees, 1 - level, scale=scale
    )


def band_gap_reach(
    covariance: Covariance, *, level: float, planned: float, components: IntArray | None = None
) -> FloatArray:
    """Half the width of each gap's band, (M, M), in logits, as by `band_reach`.

    With `components` (M,) all gaps of a component hold at once: α is shared out among them.
    """
    scale = np.sqrt(2 * NARROWEST) * planned / ndtri((1 + level) / 2)
    sizes = np.full(1, 2) if components is None else np.bincount(components)[components]
    alpha = (1 - level) / np.maximum(sizes * (sizes - 1) / 2, 1)
    errors = covariance.gap_standard_errors()
    return reach_at_any_time(errors, covariance.degrees[:, None], alpha[:, None], scale=scale)


def reach_at_any_time(
    errors: FloatArray, degrees: FloatArray, alpha: FloatArray | float, *, scale: float
) -> FloatArray:
    """The boundary for standard `errors` and r = `scale`, in their unit.

    It is stretched as Student's t is against the normal; NaN at 0 degrees.
    """
    tiny = np.finfo(np.float64).tiny
    gained = scale**2 / np.maximum(errors**2, tiny)
    reach = errors * np.sqrt((1 + 1 / gained) * (np.log1p(gained) - 2 * np.log(alpha)))
    few = np.isfinite(degrees)
    tail = np.asarray(alpha) / 2
    student = np.where(few, stdtrit(np.where(few, degrees, 1.0), tail), ndtri(tail))
    return np.asarray(reach * student / ndtri(tail), dtype=np.float64)
