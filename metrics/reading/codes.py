"""From columns of codes to comparisons: the one place where votes in bulk are checked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metrics.stats.comparisons import Comparisons, IntArray, Outcome

REQUIRED = ("model_a", "model_b", "winner")
DEFAULT_CLUSTERS = ("prompt", "rater")
# `tie (bothbad)` is what published arenas wrote.
OUTCOMES = {outcome.name.lower(): outcome for outcome in Outcome} | {
    "tie (bothbad)": Outcome.BOTH_BAD
}
# Programs that know only text write NaN for a name that is missing.
EMPTY = ("", "NaN", "nan")
# With more models a table of every pair is larger than a list of the votes, as a rule.
MOST_COUNTED = 1000


class Unclear(ValueError):
    """Votes that need a slower look, which names the row or finds them usable after all."""


class TooManyModels(Exception):
    """More models than are counted in a table."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """R texts: row r holds `values[codes[r]]`. Each value stands once, used or not."""

    codes: NDArray[np.integer[Any]]
    values: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """R votes; each array of `clusters` holds a code for each, -1 for none."""

    model_a: Column
    model_b: Column
    winner: Column
    clusters: Mapping[str, NDArray[np.integer[Any]]] = field(default_factory=dict)


def encode(
    model_a: Iterable[str],
    model_b: Iterable[str],
    winner: Iterable[str],
    *,
    clusters: Mapping[str, Iterable[Any]] | None = None,
    in_order: bool = False,
) -> Comparisons:
    """Comparisons from votes in memory: R strings each, and R hashables for each cluster.

    None, NaN and "" are no cluster. Raises ValueError for columns of unequal length or no
    votes, and, naming the row from 0, for a name that is empty or no string, an unknown winner
    or a model against itself.
    """
    named = {name: _encode_cluster(values) for name, values in (clusters or {}).items()}
    batch = Batch(_encode(model_a), _encode(model_b), _encode(winner), named)
    columns = (batch.model_a, batch.model_b, batch.winner)
    lengths = {len(codes) for codes in (*(column.codes for column in columns), *named.values())}
    if len(lengths) > 1:
        raise ValueError(f"columns of unequal length: {sorted(lengths)}")
    try:
        return list_votes(batch, in_order=True) if in_order else compare(batch)
    except Unclear as error:
        raise ValueError(_describe_first_wrong(batch)) from error


def compare(batch: Batch) -> Comparisons:
    """One batch of votes, their order forgotten. Raises Unclear."""
    if not _known(batch.clusters):
        with suppress(TooManyModels):
            return count_votes([batch])
    return list_votes(batch, in_order=False)


def list_votes(batch: Batch, *, in_order: bool) -> Comparisons:
    """One row for each vote, or for equal votes unless `in_order`. Raises Unclear."""
    models = _checked(_used_names(batch))
    numbers = {name: number for number, name in enumerate(models)}
    a, b = (_table(c.values, numbers).take(c.codes) for c in (batch.model_a, batch.model_b))
    outcome = _table(batch.winner.values, OUTCOMES).take(batch.winner.codes)
    if outcome.min() < 0:
        raise Unclear("an unknown winner")
    if (a == b).any():
        raise Unclear("a model against itself")
    return Comparisons.from_codes(
        models, a, b, outcome, clusters=_known(batch.clusters), in_order=in_order
    )


def count_votes(batches: Iterable[Batch]) -> Comparisons:
    """Equal votes as one row with their number. Raises Unclear and TooManyModels."""
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    counts = np.zeros((len(Outcome), 0, 0), dtype=np.int64)
    for batch in batches:
        for name in (*batch.model_a.values, *batch.model_b.values):
            numbers[name]
        counts = _grown(counts, len(numbers))
        counts += _count(batch, numbers)
    return _from_counts(list(numbers), counts)


def _count(batch: Batch, numbers: Mapping[str, int]) -> IntArray:
    """[k, i, j]: how often models i and j met with outcome k."""
    size = len(numbers)
    outcomes = _table(batch.winner.values, OUTCOMES)
    if outcomes.min(initial=0) < 0:
        raise Unclear("an unknown winner")
    # 32 bits halve the traffic, and hold a table of MOST_COUNTED models easily.
    cell = (_table(batch.model_a.values, numbers) * size).take(batch.model_a.codes)
    cell += _table(batch.model_b.values, numbers).take(batch.model_b.codes)
    cell += (outcomes * size**2).take(batch.winner.codes)
    shape = (len(Outcome), size, size)
    return np.bincount(cell, minlength=len(Outcome) * size**2).reshape(shape)


def _grown(counts: IntArray, size: int) -> IntArray:
    if size > MOST_COUNTED:
        raise TooManyModels
    new = size - counts.shape[1]
    return np.pad(counts, [(0, 0), (0, new), (0, new)]) if new else counts


def _from_counts(names: Sequence[str], counts: IntArray) -> Comparisons:
    votes = counts.sum(axis=(0, 1)) + counts.sum(axis=(0, 2))
    used = sorted((name, number) for number, name in enumerate(names) if votes[number])
    models = _checked([name for name, _ in used])
    order = [number for _, number in used]
    counts = counts[:, order][:, :, order]
    if np.trace(counts, axis1=1, axis2=2).any():
        raise Unclear("a model against itself")
    a, b, outcome = np.nonzero(counts.transpose(1, 2, 0))
    return Comparisons(models, a, b, outcome, counts[outcome, a, b].astype(np.float64))


def _known(clusters: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The clusters that have members."""
    return {name: codes for name, codes in clusters.items() if codes.max(initial=-1) >= 0}


def _used_names(batch: Batch) -> list[str]:
    used: set[str] = set()
    for column in (batch.model_a, batch.model_b):
        votes = np.bincount(column.codes, minlength=len(column.values))
        used.update(name for name, number in zip(column.values, votes, strict=True) if number)
    return sorted(used)


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    if not names:
        raise Unclear("no votes")
    if any(name.strip() in EMPTY for name in names):
        raise Unclear("a model without a name")
    return tuple(names)


def _table(values: Sequence[str], numbers: Mapping[str, int]) -> NDArray[np.int32]:
    """The number of each value, -1 for none."""
    return np.array([numbers.get(value, -1) for value in values], dtype=np.int32)


def _encode(values: Iterable[Any]) -> Column:
    codes, distinct = _number(values)
    return Column(codes, [value if isinstance(value, str) else "" for value in distinct])


def _encode_cluster(values: Iterable[Any]) -> NDArray[np.int32]:
    codes, distinct = _number(values)
    # Only NaN differs from itself.
    is_one = np.array([not (value is None or value == "" or value != value) for value in distinct])
    return np.where(is_one, np.cumsum(is_one) - 1, -1).astype(np.int32).take(codes)


def _number(values: Iterable[Any]) -> tuple[NDArray[np.int32], list[Any]]:
    """Numbers in order of appearance, and what has them."""
    numbers: defaultdict[Any, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(numbers.__getitem__, values), dtype=np.int32)
    return codes, list(numbers)


def _describe_first_wrong(batch: Batch) -> str:
    columns = (batch.model_a, batch.model_b, batch.winner)
    texts = ([column.values[code] for code in column.codes] for column in columns)
    for row, (a, b, winner) in enumerate(zip(*texts, strict=True)):
        if a.strip() in EMPTY or b.strip() in EMPTY:
            return f"row {row}: a model without a name"
        if winner not in OUTCOMES:
            return f"row {row}: unknown winner {winner!r} (known: {', '.join(OUTCOMES)})"
        if a == b:
            return f"row {row}: {a!r} against itself"
    return "no votes"
