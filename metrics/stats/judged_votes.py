"""People's votes beside a judge model's answers to the same battles, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.stats.comparisons import BoolArray, FloatArray, IntArray, Outcome


@dataclass(frozen=True, slots=True, eq=False)
class JudgedVotes:
    """R rows: a person's vote and the judge's answer to the same battle, or the latter alone.

    `a` and `b` index `models`; `outcome` and `judge` hold codes of Outcome, both as seen from
    the row's sides: `outcome` is -1 where only the judge saw the battle, `judge` is -1 where
    it gave no answer. Rows of one `battle` are votes on the same pictures. `probability` is
    that with which the battle was put to people, in (0, 1], or any multiple of it; rows of the
    judge alone do not use theirs. `clusters` may have "prompt" and "rater", -1 for none. All
    are (R,). Build with `from_codes`, which checks.
    """

    models: tuple[str, ...]
    a: IntArray
    b: IntArray
    outcome: IntArray
    judge: IntArray
    battle: IntArray
    probability: FloatArray
    clusters: Mapping[str, IntArray] = field(default_factory=dict)

    @classmethod
    def from_codes(
        cls,
        models: Sequence[str],
        a: ArrayLike,
        b: ArrayLike,
        outcome: ArrayLike,
        *,
        judge: ArrayLike,
        battle: ArrayLike | None = None,
        probability: ArrayLike | None = None,
        clusters: Mapping[str, ArrayLike] | None = None,
    ) -> "JudgedVotes":
        """Every row a battle of its own, and all equally probable, unless said otherwise.

        Raises ValueError for arrays of unequal length and, naming the row from 0, for a code
        or a probability out of range, a model against itself, and a row without any answer.
        """
        rows = len(np.asarray(a))
        judged = cls(
            tuple(models),
            np.asarray(a, dtype=np.int64),
            np.asarray(b, dtype=np.int64),
            np.asarray(outcome, dtype=np.int64),
            np.asarray(judge, dtype=np.int64),
            np.arange(rows) if battle is None else np.asarray(battle, dtype=np.int64),
            np.ones(rows) if probability is None else np.asarray(probability, dtype=np.float64),
            {name: np.asarray(codes, dtype=np.int64) for name, codes in (clusters or {}).items()},
        )
        _check(judged)
        return judged

    @property
    def voted(self) -> BoolArray:
        """Which rows are votes of people, (R,)."""
        by_people: BoolArray = self.outcome >= 0
        return by_people

    @property
    def answered(self) -> BoolArray:
        """Which rows have an answer of the judge, (R,)."""
        by_judge: BoolArray = self.judge >= 0
        return by_judge

    def shares(self) -> FloatArray:
        """One over the rows of each row's battle, so that a battle counts once, (R,)."""
        _, position, rows = np.unique(self.battle, return_inverse=True, return_counts=True)
        return np.asarray(1 / rows[position], dtype=np.float64)

    def weights(self) -> FloatArray:
        """What each vote counts: share / probability, scaled to mean 1; 0 for the judge's, (R,)."""
        raw = np.where(self.voted, self.shares() / np.where(self.voted, self.probability, 1), 0.0)
        return np.asarray(raw * self.voted.sum() / raw.sum(), dtype=np.float64)

    def codes(self, cluster: str | None) -> IntArray:
        """Each row's cluster from 0, or its battle where that is unknown or not asked for; (R,)."""
        battles = np.unique(self.battle, return_inverse=True)[1]
        if cluster is None:
            return np.asarray(battles, dtype=np.int64)
        known = self.clusters[cluster]
        codes = np.where(known >= 0, known, known.max(initial=-1) + 1 + battles)
        return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)


def _check(judged: JudgedVotes) -> None:
    columns = {
        "b": judged.b,
        "outcome": judged.outcome,
        "judge": judged.judge,
        "battle": judged.battle,
        "probability": judged.probability,
        **judged.clusters,
    }
    for name, column in columns.items():
        if column.shape != judged.a.shape:
            raise ValueError(f"{name}: {len(column)} rows, but a has {len(judged.a)}")
    size = len(judged.models)
    for name, codes, low, high in (
        ("a", judged.a, 0, size),
        ("b", judged.b, 0, size),
        ("outcome", judged.outcome, -1, len(Outcome)),
        ("judge", judged.judge, -1, len(Outcome)),
    ):
        _refuse((codes < low) | (codes >= high), codes, f"{name} out of range")
    _refuse(judged.a == judged.b, judged.a, "a model against itself")
    _refuse(~judged.voted & ~judged.answered, judged.battle, "a battle nobody answered")
    chance = judged.probability
    _refuse(judged.voted & ~((chance > 0) & np.isfinite(chance)), chance, "no probability")


def _refuse(wrong: BoolArray, values: NDArray[Any], what: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"row {row}: {what} ({values[row]})")
