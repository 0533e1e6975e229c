"""Which single rater or prompt decides an order."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.methods.base import Fit, make_method
from metrics.stats.ratings import POINTS_PER_LOGIT
from metrics.stats.vote_cells import VoteCells, find_neighbours, gather_cells

# How many suspects are really left out at most.
REFITS = 100


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one rater or prompt, `code` of the clusters, changes when its votes are left out.

    `first` comes first then; `reversed` are the neighbours (upper, lower) that change order;
    `moved` is the model whose rating moves most, by `points`.
    """

    code: int
    votes: int
    first: str
    reversed: tuple[tuple[str, str], ...]
    moved: str
    points: float


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """Every cluster left out in turn: `changing` change an order, those of most votes first.

    `suspected` of the `clusters` were expected to by one Newton step; at most REFITS of them,
    and the five expected to move a rating most, were refitted. `largest` moved one most.
    """

    cluster: str
    clusters: int
    suspected: int
    changing: tuple[LeftOut, ...]
    largest: LeftOut
    method: str


def leave_one_out(
    comparisons: Comparisons, cluster: str, *, method: str = "bradley_terry"
) -> LeaveOneOut:
    """Which single cluster ("rater", "prompt") changes the first place or an order of neighbours.

    One row of `comparisons` is one vote; votes without a cluster stay. Screened by one Newton
    step from the full fit, x - H⁻¹ (the cluster's summed scores), the infinitesimal jackknife,
    and confirmed by refits. Raises ValueError where fewer than
    two clusters share the votes.
    """
    cells = gather_cells(comparisons, make_method(method))
    codes = comparisons.clusters[cluster]
    known = np.flatnonzero(codes >= 0)
    present, group = np.unique(codes[known], return_inverse=True)
    if len(present) < 1 + (len(known) == len(codes)):
        raise ValueError(f"no {cluster} to leave out: votes must be left without it")
    members = csr_array(
        (np.ones(len(known)), (group, cells.cell[known])), shape=(len(present), len(cells.counts))
    )
    fit = cells.fit(cells.counts)
    moves = -(members @ cells.pulls(cells.counts, fit))
    suspected, largest = _screen(fit, moves)
    chosen = np.union1d(suspected[:REFITS], largest)
    refitted = [
        _leave_out(cells, comparisons.models, fit, members[[at]].toarray()[0], int(present[at]))
        for at in chosen
    ]
    changing = [left for left in refitted if left.reversed]
    return LeaveOneOut(
        cluster,
        clusters=len(present),
        suspected=len(suspected),
        changing=tuple(sorted(changing, key=lambda left: (-left.votes, left.code))),
        largest=max(refitted, key=lambda left: abs(left.points)),
        method=method,
    )


def _screen(fit: Fit, moves: FloatArray) -> tuple[IntArray, IntArray]:
    """Clusters whose moves (G, M) may reverse neighbours, nearest first; and the largest movers."""
    pairs = np.array(find_neighbours(fit), dtype=np.int64).reshape(-1, 2)
    gaps = fit.logits[pairs[:, 0]] - fit.logits[pairs[:, 1]]
    closing = moves[:, pairs[:, 1]] - moves[:, pairs[:, 0]]
    share = (closing / np.maximum(gaps, 1e-12)).max(axis=1, initial=0.0)
    # A step understates what votes do that make up much of a model's: half the gap is suspect.
    suspected = np.flatnonzero(share > 0.5)
    nearest = suspected[np.argsort(-share[suspected], kind="stable")]
    largest = np.argsort(-np.abs(moves).max(axis=1), kind="stable")[:5]
    return nearest, largest


def _leave_out(
    cells: VoteCells, models: tuple[str, ...], fit: Fit, counts: FloatArray, code: int
) -> LeftOut:
    again = cells.fit(cells.counts - counts)
    reversed_pairs = tuple(
        (models[upper], models[lower])
        for upper, lower in find_neighbours(fit)
        if again.components[upper] == again.components[lower]
        and again.logits[upper] < again.logits[lower]
    )
    # A model that loses all its votes has no rating that could move.
    moved = np.where(again.voted, POINTS_PER_LOGIT * (again.logits - fit.logits), 0.0)
    main = np.flatnonzero(again.components == 0)
    most = int(np.argmax(np.abs(moved)))
    return LeftOut(
        code,
        votes=int(counts.sum()),
        first=models[int(main[np.argmax(again.logits[main])])],
        reversed=reversed_pairs,
        moved=models[most],
        points=float(moved[most]),
    )
