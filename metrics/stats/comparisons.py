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
SWAPPED = np.array([Outcome.MODEL_B, Outcome.MODEL_A, Outcome.TIE, Outcome.BOTH_BAD])


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """What unequal weights leave to say of R rows: how many votes, and their squared weights.

    A vote that the pairing made likelier than a uniform draw would have weighs less: its
    weight is the probability under a uniform draw over the one under which it was shown
    (Horvitz & Thompson 1952, JASA 47). `count` and `squares` are sums over a row's votes, (R,).
    """

    count: FloatArray
    squares: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """R rows of M models: row r stands for votes on `a[r]` and `b[r]` that ended alike.

    `a` and `b` index `models`; `outcome` holds codes of Outcome; `weight` is the sum of the
    votes' weights, and how many they are where each weighs 1, for which `importance` is None;
    each array of `clusters` (such as "prompt" and "rater") says which cluster a row's votes
    belong to, -1 for none. All have shape (R,). `in_order` says that the rows stand in the
    order of the votes. Build with `from_codes`, which checks; the constructor trusts its
    arguments.
    """

    models: tuple[str, ...]
    a: IntArray
    b: IntArray
    outcome: IntArray
    weight: FloatArray
    clusters: Mapping[str, IntArray] = field(default_factory=dict)
    in_order: bool = False
    importance: Importance | None = None

    @classmethod
    def from_codes(
        cls,
        models: Sequence[str],
        a: ArrayLike,
        b: ArrayLike,
        outcome: ArrayLike,
        *,
        weight: ArrayLike | None = None,
        count: ArrayLike | None = None,
        squares: ArrayLike | None = None,
        clusters: Mapping[str, ArrayLike] | None = None,
        in_order: bool = False,
    ) -> "Comparisons":
        """Check the codes and add up equal rows, unless their order is to be kept.

        Each row has `count` votes, whose weights sum to `weight` and whose squared weights
        sum to `squares`. `weight` or `count` alone says how often a vote of weight 1 was
        cast; without both, once. `squares` is weight²/count unless given: equal weights.
        Raises ValueError, naming the row from 0, for a code out of range, a model against
        itself, or a sum that is negative, infinite, NaN or impossible; and for a name twice
        or arrays of unequal length.
        """
        codes = _integers(a, "a")
        sums = [None if sum_ is None else _sums(sum_, codes) for sum_ in (weight, count, squares)]
        comparisons = cls(
            tuple(models),
            codes,
            _integers(b, "b"),
            _integers(outcome, "outcome"),
            next((sum_ for sum_ in sums[:2] if sum_ is not None), np.ones(len(codes))),
            {name: _integers(values, name) for name, values in (clusters or {}).items()},
            in_order,
        )
        _check(comparisons)
        closed = {name: _closed_up(codes) for name, codes in comparisons.clusters.items()}
        importance = _importance(comparisons.weight, *sums[1:])
        comparisons = replace(comparisons, clusters=closed, importance=importance)
        return comparisons if in_order else comparisons.aggregated()

    @property
    def count(self) -> FloatArray:
        """How many votes each row stands for, (R,)."""
        return self.importance.count if self.importance else self.weight

    @property
    def squares(self) -> FloatArray:
        """The sum of the squared weights of each row's votes, (R,)."""
        return self.importance.squares if self.importance else self.weight

    @property
    def votes(self) -> float:
        """How many votes there are, whatever they weigh."""
        return float(self.count.sum())

    def select(self, rows: BoolArray | IntArray) -> "Comparisons":
        """The rows where `rows` is true, or of these numbers."""
        kept = self.importance
        return replace(
            self,
            a=self.a[rows],
            b=self.b[rows],
            outcome=self.outcome[rows],
            weight=self.weight[rows],
            clusters={name: codes[rows] for name, codes in self.clusters.items()},
            importance=kept and Importance(kept.count[rows], kept.squares[rows]),
        )

    def reweighted(self, weight: FloatArray) -> "Comparisons":
        """The same rows with other sums of weights (R,): each vote stands for more or fewer."""
        if not self.importance:
            return replace(self, weight=weight)
        times = weight / self.weight
        return replace(
            self, weight=weight, importance=Importance(self.count * times, self.squares * times)
        )

    def aggregated(self) -> "Comparisons":
        """Equal rows as one, with their sums added; rows of weight 0 are dropped."""
        cell, cells = _number([self.a, self.b, self.outcome, *self.clusters.values()])
        weight = _add_up(cell, self.weight, cells)
        used = np.flatnonzero(weight)
        row = np.empty(cells, dtype=np.int64)
        row[cell] = np.arange(len(cell))
        importance = self.importance and Importance(
            _add_up(cell, self.count, cells)[used], _add_up(cell, self.squares, cells)[used]
        )
        kept = self.select(row[used])
        return replace(kept, weight=weight[used], importance=importance, in_order=False)

    def canonical(self) -> "Comparisons":
        """The same votes with a < b in every row, and equal rows as one."""
        swap = self.a > self.b
        return replace(
            self,
            a=np.where(swap, self.b, self.a),
            b=np.where(swap, self.a, self.b),
            outcome=np.where(swap, SWAPPED[self.outcome], self.outcome),
            in_order=False,
        ).aggregated()

    def clustered_by(self, names: Sequence[str]) -> "Comparisons":
        """The same votes with these clusters only. Raises ValueError for an unknown one."""
        unknown = [name for name in names if name not in self.clusters]
        if unknown:
            known = ", ".join(self.clusters) or "none"
            raise ValueError(f"no clusters {unknown[0]!r} (known: {known})")
        if list(names) == list(self.clusters):
            return self
        kept = replace(self, clusters={name: self.clusters[name] for name in names})
        return kept if self.in_order else kept.aggregated()

    def tallies(self, values: FloatArray | None = None) -> FloatArray:
        """Sums by outcome: [k, i, j] over the rows where a = i met b = j with outcome k.

        Of the weights, or of `values` (R,), such as `count`; (4, M, M).
        """
        size = len(self.models)
        cell = (self.outcome * size + self.a) * size + self.b
        summed = self.weight if values is None else values
        counts = np.bincount(cell, summed, minlength=len(Outcome) * size * size)
        return counts.astype(np.float64).reshape(len(Outcome), size, size)

    def wins(self, values: FloatArray | None = None) -> FloatArray:
        """[i, j]: how often i beat j, with half of what was undecided between them; (M, M).

        In weights, or in `values` (R,), such as `count`.
        """
        first, second, tie, bad = self.tallies(values)
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


def _add_up(codes: IntArray, values: FloatArray, size: int) -> FloatArray:
    return np.bincount(codes, values, minlength=size).astype(np.float64, copy=False)


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
    _refuse(comparisons.a == comparisons.b, comparisons.a, "a model against itself")


def _sums(values: ArrayLike, codes: IntArray) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != codes.shape:
        raise ValueError(f"weight: shape {array.shape}, but a has {codes.shape}")
    _refuse(~np.isfinite(array) | (array < 0), array, "weight is not a count")
    return array


def _importance(
    weight: FloatArray, count: FloatArray | None, squares: FloatArray | None
) -> Importance | None:
    if count is None and squares is None:
        return None
    count = weight if count is None else count
    least = np.divide(weight**2, count, out=np.zeros_like(weight), where=count > 0)
    squares = least if squares is None else squares
    _refuse((count == 0) & (weight > 0), weight, "weight without a vote")
    _refuse(squares < least * (1 - 1e-9), squares, "squares too small for the weight")
    if np.array_equal(count, weight) and np.array_equal(squares, weight):
        return None
    return Importance(count, squares)


def _refuse(wrong: BoolArray, values: NDArray[Any], what: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"row {row}: {what} ({values[row]})")


def _number(columns: Sequence[IntArray]) -> tuple[IntArray, int]:
    """A code for each row, equal exactly where all columns are, and how many codes there are."""
    packed, span = _pack(columns)
    # Counting into an array is far quicker than sorting, while most of the array is in use.
    if span <= 8 * len(packed):
        return packed, span
    present, position = np.unique(packed, return_inverse=True)
    return position, len(present)


def _pack(columns: Sequence[IntArray]) -> tuple[IntArray, int]:
    """One code per row that is equal exactly where all columns are equal, and their bound."""
    packed = np.zeros_like(columns[0])
    span = 1
    for column in columns:
        width = int(column.max(initial=-1)) + 2  # -1 is a code too
        if span * width > np.iinfo(np.int64).max:
            packed = np.unique(packed, return_inverse=True)[1]
            span = int(packed.max()) + 1
        packed = packed * width + column + 1
        span *= width
    return packed, span
