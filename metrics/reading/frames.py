"""Votes of CSV and JSON lines as categorical columns, and of any file row by row."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from arenas.votes.files import read_votes
from metrics.reading.codes import (
    DEFAULT_CLUSTERS,
    REQUIRED,
    Batch,
    Column,
    Unclear,
    compare,
    list_votes,
)
from metrics.stats.comparisons import Comparisons, IntArray


def read(path: Path, *, clusters: Sequence[str] | None, in_order: bool) -> Comparisons:
    """Comparisons from a CSV or JSON lines file without a fault. Raises Unclear."""
    scan = _scan_csv if path.suffix.lower() == ".csv" else _scan_jsonl
    wanted = DEFAULT_CLUSTERS if clusters is None else clusters
    try:
        lines = scan(path, [*REQUIRED, *wanted])
        present = lines.collect_schema().names()
        used = [name for name in wanted if name in present]
        comparisons = _compare(lines, used, in_order=in_order)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise Unclear(str(error)) from error
    if clusters and len(comparisons.clusters) < len(set(clusters)):
        raise Unclear("a column is missing or empty")
    # Lists and objects of JSON arrive written out.
    if any(name.startswith(("[", "{")) for name in comparisons.models):
        raise Unclear("a name that may be no text")
    return comparisons


def read_carefully(
    path: Path, *, where: Sequence[str], clusters: Sequence[str] | None, in_order: bool
) -> Comparisons:
    """Comparisons from the rows that `where` keeps, as by read_votes. Raises VoteFileError."""
    votes = read_votes(path, where=where, columns=clusters or ())
    if clusters is None:
        clusters = [name for name in DEFAULT_CLUSTERS if name in votes.columns]
    return _compare(votes.lazy(), clusters, in_order=in_order)


def _scan_csv(path: Path, _: Sequence[str]) -> pl.LazyFrame:
    return pl.scan_csv(path, infer_schema=False)


def _scan_jsonl(path: Path, names: Sequence[str]) -> pl.LazyFrame:
    return pl.scan_ndjson(path, schema=dict.fromkeys(names, pl.String))


def _compare(votes: pl.LazyFrame, clusters: Sequence[str], *, in_order: bool) -> Comparisons:
    kinds = {
        name: pl.Categorical(pl.Categories.random())
        for name in dict.fromkeys([*REQUIRED, *clusters])
    }
    coded = votes.select(_as_kind(name, kind) for name, kind in kinds.items())
    # Were only these columns read, a row with a cell too many would pass.
    frame = coded.collect(optimizations=pl.QueryOptFlags(projection_pushdown=False))
    a, b, winner = (_column(frame[name], kinds[name]) for name in REQUIRED)
    batch = Batch(a, b, winner, {name: _cluster_codes(frame[name]) for name in clusters})
    return list_votes(batch, in_order=True) if in_order else compare(batch)


def _as_kind(name: str, kind: pl.Categorical) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name)).cast(kind).alias(name)


def _column(values: pl.Series, kind: pl.Categorical) -> Column:
    if values.null_count():
        raise Unclear("an empty cell")
    return Column(values.to_physical().to_numpy(), kind.categories.to_series().to_list())


def _cluster_codes(values: pl.Series) -> IntArray:
    codes = values.to_physical().cast(pl.Int64)
    # Threads number what they read in any order; a bootstrap repeats itself by appearance only.
    present = codes.drop_nulls().unique(maintain_order=True).to_numpy()
    numbers = np.full(int(present.max(initial=-1)) + 2, -1)  # the last one is for none
    numbers[present] = np.arange(len(present))
    return numbers.take(codes.fill_null(-1).to_numpy())
