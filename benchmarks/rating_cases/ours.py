from collections.abc import Callable
from pathlib import Path

import polars as pl

import metrics.reading.parquet  # noqa: F401  otherwise imported while it is measured
from benchmarks.rating_cases.measure import COLUMNS, main
from metrics.reading.codes import encode
from metrics.reading.files import read_comparisons
from metrics.stats.comparisons import Comparisons
from metrics.stats.rate import rate


def from_file(path: str) -> Callable[[], dict[str, float]]:
    return lambda: ratings(read_comparisons(Path(path)))


def from_strings(path: str) -> Callable[[], dict[str, float]]:
    columns = [pl.read_parquet(path, columns=[name])[name].to_list() for name in COLUMNS]
    return lambda: ratings(encode(*columns))


def bootstrap(path: str) -> Callable[[], dict[str, float]]:
    return lambda: ratings(read_comparisons(Path(path)), ci="bootstrap")


def ratings(comparisons: Comparisons, ci: str = "sandwich") -> dict[str, float]:
    return {row.model: row.rating for row in rate(comparisons, ci=ci, rounds=1000).rows}


if __name__ == "__main__":
    main({"from_file": from_file, "from_strings": from_strings, "bootstrap": bootstrap})
