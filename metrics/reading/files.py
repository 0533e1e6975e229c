"""From a vote file to comparisons."""

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from metrics.reading.codes import Unclear
from metrics.stats.comparisons import Comparisons

# Imported when needed: either library takes longer to load than a small file to rate.
QUICK = {
    ".parquet": "metrics.reading.parquet",
    ".csv": "metrics.reading.frames",
    ".jsonl": "metrics.reading.frames",
}


def read_comparisons(
    path: Path,
    *,
    where: Sequence[str] = (),
    clusters: Sequence[str] | None = None,
    in_order: bool = False,
) -> Comparisons:
    """The votes of a CSV, JSON lines, JSON or Parquet file, without a string for each.

    `clusters` names columns (None: prompt and rater, where the file has them); `where` keeps
    the rows whose column has a value, each as `COLUMN=VALUE`; `in_order` keeps one row for
    each vote. Equal votes in files of any kind give equal comparisons. Raises VoteFileError,
    a ValueError, naming the first row that cannot be used.
    """
    quick = QUICK.get(path.suffix.lower())
    if quick and not where:
        with suppress(Unclear):
            read = import_module(quick).read
            comparisons: Comparisons = read(path, clusters=clusters, in_order=in_order)
            return comparisons
    careful = import_module("metrics.reading.frames").read_carefully
    found: Comparisons = careful(path, where=where, clusters=clusters, in_order=in_order)
    return found
