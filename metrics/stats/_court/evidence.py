"""What a check or judge is held against: people's votes on pairs that it may have measured."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from metrics.stats.comparisons import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """R votes of people on one question about pairs, and what the check says of each pair.

    `a`, `b`, `prompt`, `rater` (-1 unknown), `candidate_a`, `candidate_b` are codes, (R,).
    `points` are what the vote gave a: 1, 0, or ½ where it was undecided. `gap` says by how much
    the check likes a better, in its own unit and stated direction, NaN where it did not measure
    both; `value_a` and `value_b` are what it says of each alone, more being better. Build with
    `from_columns`, which turns every row so that a < b; the constructor trusts its arguments.
    """

    a: IntArray
    b: IntArray
    candidate_a: IntArray
    candidate_b: IntArray
    prompt: IntArray
    rater: IntArray
    points: FloatArray
    gap: FloatArray
    value_a: FloatArray
    value_b: FloatArray

    @classmethod
    def from_columns(
        cls,
        a: ArrayLike,
        b: ArrayLike,
        *,
        candidates: tuple[ArrayLike, ArrayLike],
        prompt: ArrayLike,
        rater: ArrayLike,
        points: ArrayLike,
        values: tuple[ArrayLike, ArrayLike],
        gap: ArrayLike | None = None,
    ) -> "Evidence":
        """Check and turn. Without a `gap` it is the difference of the values.

        Raises ValueError for arrays of unequal length, a model against itself, points other
        than 0, ½ and 1, and infinite values.
        """
        codes = [_codes(column) for column in (a, b, *candidates, prompt, rater)]
        said, first, second = (_numbers(column) for column in (points, *values))
        ahead = first - second if gap is None else _numbers(gap)
        _check(*codes, said, first, second, ahead)
        turned = codes[0] > codes[1]
        sides = np.where(turned, codes[1], codes[0]), np.where(turned, codes[0], codes[1])
        shown = np.where(turned, codes[3], codes[2]), np.where(turned, codes[2], codes[3])
        return cls(
            *sides,
            *shown,
            prompt=codes[4],
            rater=codes[5],
            points=np.where(turned, 1 - said, said),
            gap=np.where(turned, -ahead, ahead),
            value_a=np.where(turned, second, first),
            value_b=np.where(turned, first, second),
        )

    def __len__(self) -> int:
        return len(self.a)

    def select(self, rows: BoolArray | IntArray) -> "Evidence":
        """The rows where `rows` is true, or of these numbers."""
        return Evidence(*(getattr(self, column.name)[rows] for column in fields(self)))

    @property
    def decided(self) -> BoolArray:
        return np.asarray(self.points != 0.5)

    @property
    def measured(self) -> BoolArray:
        return np.isfinite(self.gap)

    @property
    def battle(self) -> IntArray:
        """A code for the same two candidates, (R,)."""
        return number_together(self.candidate_a, self.candidate_b)

    @property
    def pair(self) -> IntArray:
        """A code for the same two competitors, (R,)."""
        return number_together(self.a, self.b)


def number_together(*columns: IntArray) -> IntArray:
    """Codes from 0, equal exactly where all columns are."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, own = np.unique(column, return_inverse=True)
        _, code = np.unique(code * (own.max(initial=0) + 1) + own, return_inverse=True)
    return np.asarray(code, dtype=np.int64)


def _codes(column: ArrayLike) -> IntArray:
    return np.asarray(column, dtype=np.int64)


def _numbers(column: ArrayLike) -> FloatArray:
    return np.asarray(column, dtype=np.float64)


def _check(*columns: IntArray | FloatArray) -> None:
    a, b, *_, points, value_a, value_b, gap = columns
    if len({column.shape for column in columns}) != 1 or a.ndim != 1:
        raise ValueError("the columns differ in length")
    if (a == b).any():
        raise ValueError("a model against itself")
    if not np.isin(points, (0, 0.5, 1)).all():
        raise ValueError("points are 0, ½ or 1")
    if any(np.isinf(column).any() for column in (value_a, value_b, gap)):
        raise ValueError("a value is infinite")
