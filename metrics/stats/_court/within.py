"""Whether a check tells good from bad between the same two competitors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.stats._court.evidence import Evidence
from metrics.stats._court.figure import NOTHING, Figure, Levels, make_figure
from metrics.stats.comparisons import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """One pair's rows; of each, its partners on other prompts, and how many of them are in order.

    A row's partners are those that the other of the two won.
    """

    rows: IntArray
    partners: FloatArray
    ordered: FloatArray

    @property
    def count(self) -> float:
        """How many pairs of votes there are; each is seen from both sides."""
        return float(self.partners.sum()) / 2

    @property
    def area(self) -> float:
        return float(self.ordered.sum()) / 2 / self.count

    @property
    def weight(self) -> float:
        return self.count / len(self.rows)


def measure_within(evidence: Evidence, levels: Levels) -> Figure:
    """The concordance of check and votes within pairs of competitors, 0..1; ½ is blind.

    Of two votes on the same two competitors and different prompts, one for each, how often is
    the check's gap larger where a won: the area under the ROC curve in each pair, ties ½,
    weighted by n⁺n⁻ / (n⁺ + n⁻) (van Elteren 1960) so that knowing who is better gains nothing.
    Its influence is the sum of placements, as for clustered ROC curves (Obuchowski 1997,
    Biometrics 53; DeLong et al. 1988); the floor is the variance of a check without any
    information, 1 / (12 Σ w). `evidence` are decided, measured votes.
    """
    found = [_read_pair(evidence, rows) for rows in _group(evidence.pair)]
    pairs = [pair for pair in found if pair.count > 0]
    if not pairs:
        return NOTHING
    weights = np.array([pair.weight for pair in pairs])
    areas = np.array([pair.area for pair in pairs])
    value = float(weights @ areas / weights.sum())
    influence = np.concatenate(
        [
            weight / weights.sum() / pair.count * (pair.ordered - value * pair.partners)
            for pair, weight in zip(pairs, weights, strict=True)
        ]
    )
    used = np.concatenate([pair.rows for pair in pairs])
    clusters = [codes[used] for codes in (evidence.prompt, evidence.rater)]
    floor = 1 / (12 * float(weights.sum()))
    return make_figure(value, influence, clusters, levels, floor=floor)


def _group(codes: IntArray) -> Sequence[IntArray]:
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(codes) else []


def _read_pair(evidence: Evidence, rows: IntArray) -> _Pair:
    won: BoolArray = evidence.points[rows] > 0.5
    rank = np.unique(evidence.gap[rows], return_inverse=True)[1]
    prompt = np.unique(evidence.prompt[rows], return_inverse=True)[1]
    partners, ordered = np.zeros(len(rows)), np.zeros(len(rows))
    for side in (won, ~won):
        all_below = _count_below(rank[~side], rank[side])
        # Those of the same prompt are taken off again: ranks within it, and how many there are.
        span = int(rank.max()) + 1
        start = prompt[side] * span
        own, others = start + rank[side], np.sort(prompt[~side] * span + rank[~side])
        before, after = (np.searchsorted(others, edge) for edge in (start, start + span))
        same_below = _count_below(others, own) - before
        partners[side] = (~side).sum() - (after - before)
        ordered[side] = all_below - same_below
    ordered[~won] = partners[~won] - ordered[~won]
    return _Pair(rows, partners, ordered)


def _count_below(values: IntArray, of: IntArray) -> FloatArray:
    """How many of `values` are below each of `of`, equal ones being half."""
    ranked = np.sort(values)
    left, right = (np.searchsorted(ranked, of, side=side) for side in ("left", "right"))
    return np.asarray((left + right) / 2, dtype=np.float64)
