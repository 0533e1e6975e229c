"""Votes grouped into cells of equal ones, so that thousands can be taken away and refitted."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.methods.base import BaseMethod, Fit

_SWAPPED = np.array([Outcome.MODEL_B, Outcome.MODEL_A, Outcome.TIE])


@dataclass(frozen=True, slots=True, eq=False)
class VoteCells:
    """V votes in C cells of votes that a method cannot tell apart: `cell` (V,) of each vote.

    `votes` has a row for each cell, weighing what one vote does, and `counts` (C,) says how many
    there are. A vote is one row of the comparisons these were gathered from.
    """

    votes: Comparisons
    cell: IntArray
    counts: FloatArray
    method: BaseMethod

    def fit(self, counts: FloatArray) -> Fit:
        """The ratings of as many votes of each cell as `counts` (C,) says."""
        return self.method.fit(self._counted(counts))

    def pulls(self, counts: FloatArray, fit: Fit) -> FloatArray:
        """How far one vote of each cell pulls every logit, (C, M).

        The first-order influence H⁻¹ s of its score (Broderick, Giordano & Meager 2020, arXiv
        2011.14999), H being the information of `counts` at their `fit`.
        """
        influence = self.method.influence(self._counted(counts), fit)
        pulled = influence.scores @ influence.inverse[:, : len(fit.logits)]
        return np.asarray(self.votes.weight[:, None] * pulled, dtype=np.float64)

    def _counted(self, counts: FloatArray) -> Comparisons:
        return self.votes.reweighted(self.votes.weight * counts)


def gather_cells(comparisons: Comparisons, method: BaseMethod) -> VoteCells:
    """Cells of votes that are equal to the method: sides do not matter unless it says so."""
    swap = (comparisons.a > comparisons.b) & (not method.sided)
    a = np.where(swap, comparisons.b, comparisons.a)
    b = np.where(swap, comparisons.a, comparisons.b)
    outcome = np.minimum(comparisons.outcome, Outcome.TIE)
    outcome = np.where(swap, _SWAPPED[outcome], outcome)
    size = len(comparisons.models)
    weights, weight = np.unique(comparisons.weight, return_inverse=True)
    key = ((weight * len(_SWAPPED) + outcome) * size + a) * size + b
    _, first, cell, counts = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    votes = Comparisons(
        comparisons.models, a[first], b[first], outcome[first], weights[weight[first]]
    )
    return VoteCells(votes, cell, counts.astype(np.float64), method)


def find_neighbours(fit: Fit) -> list[tuple[int, int]]:
    """Each model and the next below it in its component."""
    order = np.lexsort((-fit.logits, fit.components))
    return [
        (int(upper), int(lower))
        for upper, lower in pairwise(order)
        if fit.components[upper] == fit.components[lower]
    ]
