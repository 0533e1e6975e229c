"""Where one line of strengths does not fit: pairs that go their own way, and cycles."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.special import betainc, ndtr

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray
from metrics.stats.methods.base import BaseMethod, Fit
from metrics.stats.methods.bradley_terry import POINTS

# A pair that alone links two sets of models is fitted exactly: it has no residual.
LEAST_FREEDOM = 1e-6
SIGNIFICANT = 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PairResidual:
    """How far `first`'s wins over `second`, ties being half, are from what ratings expect.

    `z` is the standardised residual; `p` its two-sided chance under the model, `adjusted`
    that for all pairs looked at (Holm 1979).
    """

    first: str
    second: str
    votes: float
    observed: float
    expected: float
    z: float
    p: float
    adjusted: float


@dataclass(frozen=True, slots=True)
class Residuals:
    """The most surprising pairs first, of `pairs` that met.

    `surprising` have |z| > 1.96, of which luck alone gives about `by_luck`.
    """

    largest: tuple[PairResidual, ...]
    pairs: int
    surprising: int
    by_luck: float


@dataclass(frozen=True, slots=True)
class Cycle:
    """The first model beat the second, the second the third, and the third the first.

    `shares` (3) are what each won of those votes, `votes` (3) how many; `p` as by find_cycles.
    """

    models: tuple[str, str, str]
    shares: tuple[float, float, float]
    votes: tuple[float, float, float]
    p: float
    adjusted: float


@dataclass(frozen=True, slots=True)
class Cycles:
    """The surest cycles first, of `found` among `triples` whose pairs all met `least` times."""

    surest: tuple[Cycle, ...]
    found: int
    triples: int
    significant: int
    least: float


def pair_residuals(
    comparisons: Comparisons, fit: Fit, method: BaseMethod, *, most: int = 20
) -> Residuals:
    """Standardised Pearson residuals of pairs (McCullagh & Nelder 1989, section 12.5).

    z = (O - E) / sqrt(phi V (1 - h)), with V the sum of p(1 - p) over the pair's votes, phi the
    votes' pooled dispersion, which ties make smaller than 1, and h the pair's leverage in the
    fit, where the method knows it. Votes count as independent: where prompts or raters differ, z
    is too large.
    """
    z, surplus, votes = _standardise(comparisons, fit, method)
    first, second = np.nonzero(np.triu(votes))
    p = 2 * ndtr(-np.abs(z[first, second]))
    adjusted = _holm(p, len(p))
    wins = comparisons.wins()
    largest = tuple(
        PairResidual(
            first=comparisons.models[i],
            second=comparisons.models[j],
            votes=float(votes[i, j]),
            observed=float(wins[i, j]),
            expected=float(wins[i, j] - surplus[i, j]),
            z=float(z[i, j]),
            p=float(p[k]),
            adjusted=float(adjusted[k]),
        )
        for k, i, j in ((k, first[k], second[k]) for k in np.argsort(p, kind="stable")[:most])
    )
    surprising = int((p < SIGNIFICANT).sum())
    return Residuals(largest, len(p), surprising, SIGNIFICANT * len(p))


def find_cycles(comparisons: Comparisons, *, least: float = 10, most: int = 20) -> Cycles:
    """Triples whose observed majorities run in a circle.

    Each pair of a triple met `least` times or more. The p of a cycle is the largest of its three
    one-sided sign tests (ties left out): all three majorities must be real (Berger 1982,
    Technometrics 24(4)). `adjusted` allows for both directions of all triples (Holm 1979), and
    `significant` counts those below 0.05. Votes count as independent.
    """
    wins = comparisons.wins(comparisons.count)
    votes = wins + wins.T
    first, second, *_ = comparisons.tallies(comparisons.count)
    decided = first + second.T
    enough = votes >= least
    beaten = enough & (wins > wins.T)
    # The chance of so many wins or more among the decided votes, were both alike.
    chance = np.where(decided > 0, betainc(np.maximum(decided, 1e-9), decided.T + 1, 0.5), 1.0)
    met = enough.astype(np.float64)
    triples = round(float(np.einsum("ij,jk,ki->", met, met, met, optimize=True)) / 6)
    cycles = np.concatenate([_cycles_from(model, beaten) for model in range(len(wins))])
    edges = [(cycles[:, k], cycles[:, (k + 1) % 3]) for k in range(3)]
    p = np.maximum.reduce([chance[edge] for edge in edges])
    adjusted = _holm(p, 2 * triples)
    surest = tuple(
        Cycle(
            models=_three(comparisons.models[code] for code in cycles[k]),
            shares=_three(float(wins[edge][k] / votes[edge][k]) for edge in edges),
            votes=_three(float(votes[edge][k]) for edge in edges),
            p=float(p[k]),
            adjusted=float(adjusted[k]),
        )
        for k in np.argsort(p, kind="stable")[:most]
    )
    return Cycles(surest, len(p), triples, int((adjusted < SIGNIFICANT).sum()), least)


def _standardise(
    comparisons: Comparisons, fit: Fit, method: BaseMethod
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each pair: z, the wins above what is expected, and the votes; (M, M) each."""
    chance = method.expected_share(fit, comparisons)
    off = POINTS[comparisons.outcome] - chance
    spread = chance * (1 - chance)
    pooled = float(comparisons.squares @ off**2) / float(comparisons.squares @ spread)
    one_way = _by_pair(comparisons, comparisons.weight * off)
    surplus = one_way - one_way.T
    sums = (comparisons.squares * spread, comparisons.weight * spread, comparisons.count)
    shown = [_by_pair(comparisons, values) for values in sums]
    variance, information, votes = (total + total.T for total in shown)
    freedom = 1 - information * _gap_variances(comparisons, fit, method)
    free = freedom > LEAST_FREEDOM
    error = np.sqrt(pooled * variance * np.where(free, freedom, 1.0))
    z = np.divide(surplus, error, out=np.zeros_like(error), where=free & (error > 0))
    return z, surplus, votes


def _cycles_from(model: int, beaten: BoolArray) -> IntArray:
    """The cycles of which `model` is the first in order, (N, 3)."""
    later = np.arange(len(beaten)) > model
    second, third = np.nonzero(beaten & np.outer(beaten[model] & later, beaten[:, model] & later))
    return np.stack([np.full_like(second, model), second, third], axis=1)


def _three(values: Iterable[T]) -> tuple[T, T, T]:
    first, second, third = values
    return first, second, third


def _by_pair(comparisons: Comparisons, values: FloatArray) -> FloatArray:
    """The sum of `values` (R,) over rows with a = i and b = j, (M, M)."""
    return np.asarray(comparisons.tallies(values).sum(axis=0))


def _gap_variances(comparisons: Comparisons, fit: Fit, method: BaseMethod) -> FloatArray:
    """The model's own variance of each gap, (M, M); 0 where the method has none."""
    size = len(fit.logits)
    try:
        inverse = method.influence(comparisons, fit).inverse[:size, :size]
    except ValueError:
        return np.zeros((size, size))
    own = np.diagonal(inverse)
    return np.asarray(own[:, None] + own[None, :] - 2 * inverse)


def _holm(p: FloatArray, tests: int) -> FloatArray:
    """p-values (N,) that allow for `tests` of them (Holm 1979, Scand. J. Statistics 6(2))."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * (tests - np.arange(len(p))))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted
