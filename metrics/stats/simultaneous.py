"""Differences of all models at once: how far they reach, and which models they leave together."""

from functools import lru_cache
from string import ascii_lowercase

import numpy as np
from scipy.special import ndtr, stdtrit

from metrics.stats.comparisons import BoolArray, FloatArray, IntArray
from metrics.stats.intervals import Covariance


def joint_quantiles(covariance: Covariance, components: IntArray, level: float) -> FloatArray:
    """How many standard errors all gaps of a component reach at once, (M,); NaN at 0 degrees.

    Without clusters Tukey–Kramer (Kramer 1956, Biometrics 12; Hayter 1984, Annals of
    Statistics 12): `range_quantile` of as many models as the component has, which bounds the
    maximum of |error| / standard error over all pairs. With clusters each gap's standard
    error errs by itself, which Tukey's common one does not foresee: there Bonferroni's t.
    """
    sizes = np.bincount(components)[components]
    pairs = np.maximum(sizes * (sizes - 1) / 2, 1)
    few = np.isfinite(covariance.degrees)
    student = -stdtrit(np.where(few, covariance.degrees, 1.0), (1 - level) / 2 / pairs)
    ranges = [range_quantile(size, level) for size in sizes.tolist()]
    return np.where(few, student, ranges)


@lru_cache(maxsize=1024)
def range_quantile(size: int, level: float) -> float:
    """The `level` quantile of the range of `size` standard normal variables, over √2.

    P(range <= w) = n ∫ φ(z) [Φ(z) - Φ(z - w)]^(n - 1) dz. NaN for fewer than 2 variables.
    """
    if size < 2:
        return float("nan")
    z = np.linspace(-8.0, 8.0, 400)
    density = size * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])

    low, high = 0.0, 16.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        share = (ndtr(z) - ndtr(z - middle)) ** (size - 1) @ density
        low, high = (low, middle) if share >= level else (middle, high)
    return high / float(np.sqrt(2))


def letter_groups(apart: BoolArray, order: IntArray) -> list[str]:
    """A compact letter display: two models share a letter exactly where not told apart.

    `apart` (M, M) is symmetric, false on the diagonal; `order` lists the models, best first,
    and letters come in this order. A model that is told apart from all others has none. After
    z follow a1 to z1, a2 and so on. Each letter is a largest set of models that are not told
    apart two by two (Piepho 2004, J. Comput. Graph. Stat. 13(2)), grown until each pair has one.
    """
    size = len(order)
    near = ~apart[np.ix_(order, order)]
    np.fill_diagonal(near, False)
    # A set of models is a whole number of M bits: what follows is quick even for hundreds.
    neighbours = [sum(1 << int(j) for j in np.flatnonzero(row)) for row in near]
    covered = [0] * size
    groups = [""] * size
    letters = 0
    for i in range(size):
        while missing := neighbours[i] & ~covered[i]:
            members = _grow(neighbours, i, missing.bit_length() - 1)
            together = sum(1 << member for member in members)
            for member in members:
                covered[member] |= together
                groups[order[member]] += _letter(letters)
            letters += 1
    return groups


def _grow(neighbours: list[int], first: int, other: int) -> list[int]:
    """A largest set around two models, in order: nobody outside is a neighbour of all."""
    members = [first, other]
    candidates = neighbours[first] & neighbours[other]
    while candidates:
        best = (candidates & -candidates).bit_length() - 1
        members.append(best)
        candidates &= neighbours[best]
    return members


def _letter(number: int) -> str:
    round_, place = divmod(number, len(ascii_lowercase))
    return ascii_lowercase[place] + (str(round_) if round_ else "")
