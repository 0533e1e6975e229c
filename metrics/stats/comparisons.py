"""Votes as arrays: who met whom, how it ended, and how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Outcome(IntEnum):
    """The codes of `winner`: its four spellings, in this order."""

    MODEL_A = 0
    MODEL_B = 1
    TIE = 2
    BOTH_BAD = 3


# The outcome seen from the other side.
_SWAPPED = np.array([Outcome.MODEL_B, Outcome.MODEL_A, Outcome.TIE, Outcome.BOTH_BAD])


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """R rows of M models: row r says that `weight[r]` votes on `a[r]` and `b[r]` ended alike.

    `a` and `b` index `models`; `outcome` holds codes of Outcome; each array of `clusters`
    (such as "prompt" and "rater") says which cluster a row's votes belong to, -1 for none.
    All have shape (R,). `in_order` says that the rows stand in the order of the votes.
    Build with `from_codes`, which checks; the constructor trusts its arguments.
    """

    models: tuple[str, ...]
    a: IntArray
    b: IntArray
    outcome: IntArray
    weight: FloatArray
    clusters: Mapping[str, IntArray] = field(default_factory=dict)
    in_order: bool = False

    @classmethod
    def from_codes(
        cls,
        models: Sequence[str],
        a: ArrayLike,
        b: ArrayLike,
        outcome: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        clusters: Mapping[str, ArrayLike] | None = None,
        in_order: bool = False,
    ) -> "Comparisons":
        """Check the codes and add up equal rows, unless their order is to be kept.

        `weight` is 1 for every row unless given. Raises ValueError, naming the row from 0,
        for a code out of range, a model against itself, or a weight that is negative,
        infinite or NaN; and for a name twice or arrays of unequal length.
        """
        codes = _integers(a, "a")
        counted = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=np.float64)
        comparisons = cls(
            tuple(models),
            codes,
            _integers(b, "b"),
            _integers(outcome, "outcome"),
            counted,
            {name: _integers(values, name) for name, values in (clusters or {}).items()},
            in_order,
        )
        _check(comparisons)
        closed = {name: _closed_up(codes) for name, codes in comparisons.clusters.items()}
        comparisons = replace(comparisons, clusters=closed)
        return comparisons if in_order else comparisons.aggregated()

    @property
    def votes(self) -> float:
        """How many votes there are: the sum of the weights."""
        return float(self.weight.sum())

    def select(self, rows: BoolArray) -> "Comparisons":
        """The rows where `rows` is true."""
        return replace(
            self,
            a=self.a[rows],
            b=self.b[rows],
            outcome=self.outcome[rows],
            weight=self.weight[rows],
            clusters={name: codes[rows] for name, codes in self.clusters.items()},
        )

    def reweighted(self, weight: FloatArray) -> "Comparisons":
        """The same rows, counted `weight` (R,) times."""
        return replace(self, weight=weight)

    def aggregated(self) -> "Comparisons":
        """Equal rows as one, with their weights added; rows of weight 0 are dropped."""
        used = self.select(self.weight > 0)
        columns = [used.a, used.b, used.outcome, *used.clusters.values()]
        first, row = np.unique(_pack(columns), return_index=True, return_inverse=True)[1:]
        weight = np.bincount(row, used.weight, minlength=len(first)).astype(np.float64)
        a, b, outcome, *clusters = (column[first] for column in columns)
        named = dict(zip(used.clusters, clusters, strict=True))
        return Comparisons(self.models, a, b, outcome, weight, named)

    def canonical(self) -> "Comparisons":
        """The same votes with a < b in every row, and equal rows as one."""
        swap = self.a > self.b
        return replace(
            self,
            a=np.where(swap, self.b, self.a),
            b=np.where(swap, self.a, self.b),
            outcome=np.where(swap, _SWAPPED[self.outcome], self.outcome),
            in_order=False,
        ).aggregated()

    def clustered_by(self, names: Sequence[str]) -> "Comparisons":
        """The same votes with these clusters only. Raises ValueError for an unknown one."""
        unknown = [name for name in names if name not in self.clusters]
        if unknown:
            known = ", ".join(self.clusters) or "none"
            raise ValueError(f"no clusters {unknown[0]!r} (known: {known})")
        kept = replace(self, clusters={name: self.clusters[name] for name in names})
        return kept if self.in_order else kept.aggregated()

    def tallies(self) -> FloatArray:
        """Votes by outcome: [k, i, j] is how often a = i met b = j with outcome k; (4, M, M)."""
        size = len(self.models)
        cell = (self.outcome * size + self.a) * size + self.b
        counts = np.bincount(cell, self.weight, minlength=len(Outcome) * size * size)
        return counts.astype(np.float64).reshape(len(Outcome), size, size)

    def wins(self) -> FloatArray:
        """[i, j]: how often i beat j, with half of what was undecided between them; (M, M)."""
        first, second, tie, bad = self.tallies()
        half = (tie + bad) / 2
        won: FloatArray = first + second.T + half + half.T
        return won

    def seen(self, cluster: str) -> IntArray:
        """In how many clusters of that name each model was seen, (M,)."""
        codes, size = self.clusters[cluster], len(self.models)
        known = codes >= 0
        seats = [codes[known] * size + side[known] for side in (self.a, self.b)]
        return np.bincount(distinct(np.concatenate(seats)) % size, minlength=size)


def distinct(codes: IntArray) -> IntArray:
    """The values of `codes`, each once, in rising order."""
    # Without a second result numpy hashes, which takes ten times as long on a million codes.
    return np.unique(codes, return_counts=True)[0]


def _closed_up(codes: IntArray) -> IntArray:
    """The same clusters in fewer numbers, so that keys of a database may be codes."""
    if codes.max(initial=-1) < len(codes):
        return codes
    present, position = np.unique(codes, return_inverse=True)
    return np.asarray(position - (present[0] < 0), dtype=np.int64)


def _integers(values: ArrayLike, name: str) -> IntArray:
    array: NDArray[Any] = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{name}: expected one row of whole numbers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def _check(comparisons: Comparisons) -> None:
    models = comparisons.models
    if len(set(models)) != len(models):
        raise ValueError("models: a name is there twice")
    columns: dict[str, tuple[NDArray[Any], int, int]] = {
        "a": (comparisons.a, 0, len(models)),
        "b": (comparisons.b, 0, len(models)),
        "outcome": (comparisons.outcome, 0, len(Outcome)),
    }
    for name, codes in comparisons.clusters.items():
        columns[name] = (codes, -1, np.iinfo(np.int64).max)
    for name, (codes, low, high) in columns.items():
        if len(codes) != len(comparisons.a):
            raise ValueError(f"{name}: {len(codes)} rows, but a has {len(comparisons.a)}")
        _refuse((codes < low) | (codes >= high), codes, f"{name} out of range")
    weight = comparisons.weight
    if weight.shape != comparisons.a.shape:
        raise ValueError(f"weight: shape {weight.shape}, but a has {comparisons.a.shape}")
    _refuse(~np.isfinite(weight) | (weight < 0), weight, "weight is not a count")
    _refuse(comparisons.a == comparisons.b, comparisons.a, "a model against itself")


def _refuse(wrong: BoolArray, values: NDArray[Any], what: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"row {row}: {what} ({values[row]})")


def _pack(columns: Sequence[IntArray]) -> IntArray:
    """One code per row that is equal exactly where all columns are equal."""
    packed = np.zeros_like(columns[0])
    span = 1
    for column in columns:
        width = int(column.max(initial=-1)) + 2  # -1 is a code too
        if span * width > np.iinfo(np.int64).max:
            packed = np.unique(packed, return_inverse=True)[1]
            span = int(packed.max()) + 1
        packed = packed * width + column + 1
        span *= width
    return packed
