"""How few votes decide an order, and which."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.methods.base import Fit, make_method
from metrics.stats.ratings import POINTS_PER_LOGIT
from metrics.stats.vote_cells import VoteCells, find_neighbours, gather_cells

# How many sets of votes are tried at most to prove that none is smaller.
_TRIALS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """Votes without which `lower` rates above `upper`, which is ahead with them.

    `rows` (N,) are votes, by their place in the comparisons: without them the refitted gap,
    upper less lower in points, goes from `gap` > 0 to `gap_after` < 0, and without any N - 1 of
    them it is 0 or more. `least` says that no N - 1 votes whatever reverse the order, all having
    been tried; else N is an upper bound.
    """

    upper: str
    lower: str
    rows: IntArray
    gap: float
    gap_after: float
    least: bool


@dataclass(frozen=True, slots=True)
class Fragility:
    """The fewest votes found that change the first place, and each order of two neighbours.

    None where no removal that keeps the two connected reverses them. `method` is the fit's.
    """

    first: Removal | None
    neighbours: tuple[Removal | None, ...]
    votes: int
    method: str


def find_fragility(comparisons: Comparisons, *, method: str = "bradley_terry") -> Fragility:
    """The fewest votes whose removal reverses an order; one row of `comparisons` is one vote.

    Votes are taken away in the order of their influence on the gap (Broderick, Giordano &
    Meager 2020, arXiv 2011.14999; for rankings of models Huang, Shen, Wei & Broderick 2025,
    arXiv 2508.11847), which is found anew as they go; the rest is refitted, and votes that turn
    out not to be needed are put back, so that the result is a witnessed upper bound (see
    Removal). Votes of one pair with one outcome are equal: the first ones are named. The first
    place is the main component's; neighbours are those of every component. Raises NotConverged,
    and ValueError for a method without influence.
    """
    cells = gather_cells(comparisons, make_method(method))
    fit = cells.fit(cells.counts)
    neighbours = tuple(
        _find_removal(cells, comparisons.models, fit, upper, lower)
        for upper, lower in find_neighbours(fit)
    )
    first = _find_first(cells, comparisons.models, fit)
    return Fragility(first, neighbours, len(cells.cell), method)


def _find_first(cells: VoteCells, models: tuple[str, ...], fit: Fit) -> Removal | None:
    """The smallest removal over all that could take the first place, likeliest first."""
    rivals = np.flatnonzero(fit.components == 0)
    leader = int(rivals[np.argmax(fit.logits[rivals])])
    guesses = {
        int(rival): _guess(cells, fit, leader, int(rival)) for rival in rivals if rival != leader
    }
    best: Removal | None = None
    for rival, guess in sorted(guesses.items(), key=lambda item: item[1]):
        if best is not None and guess > 1.5 * len(best.rows):
            break  # so far from the linear guess no removal has been seen to be
        found = _find_removal(cells, models, fit, leader, rival)
        if found is not None and (best is None or len(found.rows) < len(best.rows)):
            best = found
    return best


def _guess(cells: VoteCells, fit: Fit, upper: int, lower: int) -> int:
    """How many votes it would take if every effect stayed as it is."""
    contrast = _contrast(fit, upper, lower)
    effects = cells.pulls(cells.counts, fit) @ contrast
    return int(_plan(cells.counts, effects, float(contrast @ fit.logits)).sum())


def _contrast(fit: Fit, upper: int, lower: int) -> FloatArray:
    contrast = np.zeros(len(fit.logits))
    contrast[[upper, lower]] = 1, -1
    return contrast


def _plan(counts: FloatArray, effects: FloatArray, gap: float) -> FloatArray:
    """How many votes of each cell to remove, strongest first, to close `gap`; (C,)."""
    order = np.argsort(-effects, kind="stable")
    order = order[effects[order] > 0]
    gained = np.cumsum(counts[order] * effects[order])
    before = np.concatenate([[0.0], gained[:-1]])
    wanted = np.ceil(np.clip(gap - before, 0, None) / effects[order])
    plan = np.zeros(len(counts))
    plan[order] = np.minimum(wanted, counts[order])
    return plan


def _find_removal(
    cells: VoteCells, models: tuple[str, ...], fit: Fit, upper: int, lower: int
) -> Removal | None:
    contrast = _contrast(fit, upper, lower)
    taken = _take_away(cells, fit, contrast)
    if taken is None:
        return None
    removed = _put_back(cells, taken, contrast)
    smaller, least = _try_smaller(cells, removed, contrast)
    after = cells.fit(cells.counts - smaller)
    return Removal(
        models[upper],
        models[lower],
        _name_votes(cells, smaller),
        gap=float(POINTS_PER_LOGIT * contrast @ fit.logits),
        gap_after=float(POINTS_PER_LOGIT * contrast @ after.logits),
        least=least,
    )


def _take_away(cells: VoteCells, fit: Fit, contrast: FloatArray) -> FloatArray | None:
    """Votes of each cell (C,) without which the contrast is below 0; None where it cannot be."""
    removed = np.zeros_like(cells.counts)
    gap = float(contrast @ fit.logits)
    while gap >= 0:
        left = cells.counts - removed
        effects = cells.pulls(left, fit) @ contrast
        plan = _plan(left, effects, max(gap, 1e-12))
        if not plan.any():
            return None
        # Half of them only, as every vote taken away changes what the others do.
        order = np.argsort(-effects, kind="stable")
        before = np.cumsum(plan[order]) - plan[order]
        removed[order] += np.clip(np.ceil(plan.sum() / 2) - before, 0, plan[order])
        fit = cells.fit(cells.counts - removed)
        if _apart(fit, contrast):
            return None
        gap = float(contrast @ fit.logits)
    return removed


def _apart(fit: Fit, contrast: FloatArray) -> bool:
    upper, lower = fit.components[np.flatnonzero(contrast)]
    return bool(upper != lower)


def _reverses(cells: VoteCells, removed: FloatArray, contrast: FloatArray) -> bool:
    fit = cells.fit(cells.counts - removed)
    return not _apart(fit, contrast) and float(contrast @ fit.logits) < 0


def _put_back(cells: VoteCells, removed: FloatArray, contrast: FloatArray) -> FloatArray:
    """The same less votes that are not needed: none is left that could be put back alone."""
    fit = cells.fit(cells.counts - removed)
    effects = cells.pulls(cells.counts - removed, fit) @ contrast
    weakest_first = np.argsort(effects, kind="stable")
    while True:
        for cell in weakest_first[removed[weakest_first] > 0]:
            fewer = removed.copy()
            fewer[cell] -= 1
            if _reverses(cells, fewer, contrast):
                removed = fewer
                break
        else:
            return removed


def _try_smaller(
    cells: VoteCells, removed: FloatArray, contrast: FloatArray
) -> tuple[FloatArray, bool]:
    """A smaller set of any votes that does it as well, and whether there is none smaller still."""
    while (size := int(removed.sum()) - 1) > 0:
        if comb(len(cells.counts) + size - 1, size) > _TRIALS:
            return removed, False
        found = next(
            (trial for trial in _sets(cells, size) if _reverses(cells, trial, contrast)), None
        )
        if found is None:
            break
        removed = found
    return removed, True


def _sets(cells: VoteCells, size: int) -> Iterator[FloatArray]:
    """All ways to remove `size` votes, votes of a cell being equal; (C,) each."""
    for chosen in combinations_with_replacement(range(len(cells.counts)), size):
        trial = np.bincount(chosen, minlength=len(cells.counts)).astype(np.float64)
        if (trial <= cells.counts).all():
            yield trial


def _name_votes(cells: VoteCells, removed: FloatArray) -> IntArray:
    """The first votes of each cell, as many as are removed."""
    order = np.argsort(cells.cell, kind="stable")
    start = np.concatenate([[0], np.cumsum(cells.counts)[:-1]])[cells.cell[order]]
    chosen = np.arange(len(order)) - start < removed[cells.cell[order]]
    return np.sort(order[chosen])
