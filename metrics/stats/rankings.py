"""Ballots that rank several models: who stood above whom, in tiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, Outcome

# A tier of t models is averaged over the 2^t - 1 sets that may still be open in it.
MOST_SLOTS = 8

# The tiers of (a, b) by Outcome.
_TIERS = np.array([[0, 1], [1, 0], [0, 0], [0, 0]])


@dataclass(frozen=True, slots=True, eq=False)
class Rankings:
    """R ballots of up to K slots: `weight[r]` of them ranked the models `slots[r]` alike.

    `slots` (R, K) index `models`, and -1 is an empty slot; `tiers` (R, K) rise from the best,
    and models with equal tiers are tied. Each array of `clusters` (R,) says which cluster a
    ballot belongs to, -1 for none. Build with `from_codes`, which checks.
    """

    models: tuple[str, ...]
    slots: IntArray
    tiers: IntArray
    weight: FloatArray
    clusters: Mapping[str, IntArray] = field(default_factory=dict)

    @classmethod
    def from_codes(
        cls,
        models: Sequence[str],
        slots: ArrayLike,
        tiers: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        clusters: Mapping[str, ArrayLike] | None = None,
    ) -> "Rankings":
        """Check the codes; `weight` is 1 for every ballot unless given.

        Raises ValueError, naming the ballot from 0, for a code out of range, a model twice on
        a ballot, fewer than two models, or a weight that is no count; and for arrays of other
        shapes or more than MOST_SLOTS slots.
        """
        places = np.atleast_2d(np.asarray(slots, dtype=np.int64))
        counted = np.ones(len(places)) if weight is None else np.asarray(weight, dtype=np.float64)
        rankings = cls(
            tuple(models),
            places,
            np.atleast_2d(np.asarray(tiers, dtype=np.int64)),
            counted,
            {name: np.asarray(codes, np.int64) for name, codes in (clusters or {}).items()},
        )
        _check(rankings)
        return rankings

    @classmethod
    def of_pairs(cls, comparisons: Comparisons) -> "Rankings":
        """The same votes as ballots of two slots, row by row."""
        slots = np.stack([comparisons.a, comparisons.b], axis=1)
        tiers = _TIERS[comparisons.outcome]
        return cls(comparisons.models, slots, tiers, comparisons.weight, comparisons.clusters)

    @property
    def places(self) -> IntArray:
        """How many models of the ballot stand above each slot, (R, K); K in empty slots."""
        present = self.slots >= 0
        above = (self.tiers[:, None, :] < self.tiers[:, :, None]) & present[:, None, :]
        places: IntArray = np.where(present, above.sum(axis=2), self.slots.shape[1])
        return places

    def aggregated(self) -> "Rankings":
        """Equal ballots as one, with their weights added, best first, and without clusters."""
        places = self.places
        order = np.lexsort((self.slots, places))
        columns = [np.take_along_axis(values, order, axis=1) for values in (self.slots, places)]
        ballots, row = np.unique(np.hstack(columns), axis=0, return_inverse=True)
        weight = np.bincount(row.ravel(), self.weight, minlength=len(ballots)).astype(np.float64)
        slots, tiers = np.hsplit(ballots, 2)
        return Rankings(self.models, slots, tiers, weight)

    def pairs(self) -> Comparisons:
        """Every pair that the ballots imply, each counted once per ballot."""
        columns = [self._pair(*both) for both in combinations(range(self.slots.shape[1]), 2)]
        a, b, outcome, ballot = (np.concatenate(column) for column in zip(*columns, strict=True))
        return Comparisons.from_codes(
            self.models,
            a,
            b,
            outcome,
            weight=self.weight[ballot],
            clusters={name: codes[ballot] for name, codes in self.clusters.items()},
        )

    def _pair(self, first: int, second: int) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """The models in two slots, what came of them, and the ballots where both are there."""
        a, b = self.slots[:, first], self.slots[:, second]
        step = np.sign(self.tiers[:, first] - self.tiers[:, second])
        outcome = np.array([Outcome.TIE, Outcome.MODEL_B, Outcome.MODEL_A])[step]
        ballot = np.flatnonzero((a >= 0) & (b >= 0))
        return a[ballot], b[ballot], outcome[ballot], ballot


def _check(rankings: Rankings) -> None:
    slots, weight = rankings.slots, rankings.weight
    if len(set(rankings.models)) != len(rankings.models):
        raise ValueError("models: a name is there twice")
    if slots.shape[1] > MOST_SLOTS:
        raise ValueError(f"{slots.shape[1]} slots on a ballot, where {MOST_SLOTS} are the most")
    if rankings.tiers.shape != slots.shape:
        raise ValueError(f"tiers: shape {rankings.tiers.shape}, but slots have {slots.shape}")
    for name, values in {"weight": weight, **rankings.clusters}.items():
        if values.shape != slots.shape[:1]:
            raise ValueError(f"{name}: shape {values.shape}, but there are {len(slots)} ballots")
    outside = ((slots < -1) | (slots >= len(rankings.models))).any(axis=1)
    ordered = np.sort(slots, axis=1)
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
    _refuse(outside, "a model out of range")
    _refuse(twice, "a model twice")
    _refuse((slots >= 0).sum(axis=1) < 2, "fewer than two models")
    _refuse(~np.isfinite(weight) | (weight < 0), "weight is not a count")


def _refuse(wrong: ArrayLike, what: str) -> None:
    if np.any(wrong):
        raise ValueError(f"ballot {int(np.argmax(wrong))}: {what}")
