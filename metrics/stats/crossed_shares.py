"""A share of votes that belong together in two ways, such as by prompt and by rater."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.shares import Share, estimate_share


def estimate_crossed_share(
    value: FloatArray, clusters: Sequence[IntArray], *, level: float = 0.95
) -> Share:
    """The average of `value` (R,), 0..1, with its interval for votes in two `clusters` (R,) each.

    The variance is V1 + V2 - V12 (Cameron, Gelbach & Miller 2011, JBES 29(2)) with
    Vc = G/(G - 1) Σ (Σ (v - mean))² / R² over the G clusters of one way, or over those of both
    (V12), and Student's t of the fewer clusters less one. The interval is never narrower than
    that of `estimate_share` by either way alone, which holds for shares of 0 and 1 too. With one
    way it is that interval; `clusters` of the result counts the fewer ones.
    """
    weight = np.ones(len(value))
    ways = [estimate_share(value, weight, codes, level=level) for codes in clusters]
    fewest = min(ways, key=lambda way: way.clusters)
    share, lower, upper = fewest.share, fewest.lower, fewest.upper
    if share is None or lower is None or upper is None:
        return fewest
    lowest = min([lower, *(way.lower for way in ways if way.lower is not None)])
    highest = max([upper, *(way.upper for way in ways if way.upper is not None)])
    if len(ways) == 2 and fewest.clusters > 1:
        variance = partial(_vary, value - share)
        both = variance(clusters[0]) + variance(clusters[1]) - variance(_cross(*clusters))
        reach = float(stdtrit(fewest.clusters - 1, (1 + level) / 2)) * sqrt(max(both, 0.0))
        lowest, highest = min(lowest, share - reach), max(highest, share + reach)
    return replace(fewest, lower=max(lowest, 0.0), upper=min(highest, 1.0))


def _vary(residual: FloatArray, codes: IntArray) -> float:
    """The variance of the mean by clusters; a row without one (-1) is a cluster of its own."""
    own = codes < 0
    code = np.where(own, codes.max(initial=-1) + 1 + np.arange(len(codes)), codes)
    _, code = np.unique(code, return_inverse=True)
    sums = np.bincount(code, residual)
    few = len(sums) / (len(sums) - 1) if len(sums) > 1 else 1.0
    return few * float(sums @ sums) / len(residual) ** 2


def _cross(first: IntArray, second: IntArray) -> IntArray:
    """The clusters of rows that share both."""
    codes: IntArray = np.where(
        (first < 0) | (second < 0), -1, first * (second.max(initial=0) + 1) + second
    )
    return codes
