"""Reads vote files made by anyone: CSV, JSON lines, a JSON array, or Parquet.

Knows no Django, so that a file can be rated without a site.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

REQUIRED = ("model_a", "model_b", "winner")
OPTIONAL = ("prompt", "rater", "question", "tstamp")
# The spellings found in files, and ours. `tie (bothbad)` is what published arenas wrote.
WINNERS = {
    "model_a": "model_a",
    "model_b": "model_b",
    "tie": "tie",
    "both_bad": "both_bad",
    "tie (bothbad)": "both_bad",
}
# Programs that know only text write NaN for what is missing.
EMPTY = ("", "NaN", "nan")
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"
# Nobody voted on a picture before, and every time zone can show what comes after.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class VoteFileError(ValueError):
    """A vote file that cannot be used, and where. `row` counts as a person does."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message if row is None else f"row {row}: {message}")
        self.row = row


def read_votes(
    path: Path,
    *,
    where: Sequence[str] = (),
    columns: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> pl.DataFrame:
    """Read and check the votes of `path`; every row returned is usable.

    Gives the text columns `model_a`, `model_b` and `winner` (in our spelling), those of
    `prompt`, `rater`, `question` (text) and `tstamp` (UTC) that the file has, `columns`
    besides, of `optional` those that the file has, and `row`: the line in a CSV or JSON lines
    file, else the record, from 1.
    `where` keeps the rows whose column has a value, each as `COLUMN=VALUE`. Raises
    VoteFileError.
    """
    votes = _filter(_load(path), where)
    if votes.is_empty():
        raise VoteFileError(f"no votes in {path}" + f" where {' and '.join(where)}" * bool(where))
    missing = [name for name in (*REQUIRED, *columns) if name not in votes.columns]
    if missing:
        has = ", ".join(name for name in votes.columns if name != "row")
        raise VoteFileError(f"no column {missing[0]!r} in {path} (it has: {has})")
    kept = dict.fromkeys([*REQUIRED, *OPTIONAL, *columns, *optional])
    votes = votes.select("row", *(_as_text(votes, name) for name in kept if name in votes.columns))
    _check(votes)
    votes = votes.with_columns(pl.col("winner").replace_strict(WINNERS, return_dtype=pl.String))
    return _with_times(votes) if "tstamp" in votes.columns else votes


def _load(path: Path) -> pl.DataFrame:
    readers: Mapping[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": _load_csv,
        ".jsonl": _load_jsonl,
        ".json": lambda path: _numbered(pl.read_json(path, infer_schema_length=None)),
        ".parquet": lambda path: _numbered(pl.read_parquet(path)),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise VoteFileError(f"cannot read {path}: not one of {', '.join(readers)}")
    if not path.is_file():
        raise VoteFileError(f"no file {path}")
    try:
        _check_encoding(path)
        return reader(path)
    except pl.exceptions.NoDataError as error:
        raise VoteFileError(f"no votes in {path}") from error
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise VoteFileError(f"cannot read {path}: {reason}") from error


def _check_encoding(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(3)
    if start[:2] in UTF16:
        raise VoteFileError(f"{path} is not UTF-8 but UTF-16: save it as UTF-8")
    if start == UTF8_MARK and path.suffix.lower() != ".csv":
        raise VoteFileError(f"{path} begins with a byte order mark: save it as UTF-8 without one")


def _numbered(votes: pl.DataFrame) -> pl.DataFrame:
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row")
    return votes.select(numbers, pl.all().exclude("row"))


def _load_csv(path: Path) -> pl.DataFrame:
    try:
        votes = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.ComputeError:
        _check_widths(path)
        raise
    # A quoted cell may hold line breaks, which move everything below it.
    breaks = pl.sum_horizontal(pl.all().str.count_matches("\n").fill_null(0))
    extra = votes.select(breaks.cum_sum().shift(1, fill_value=0).alias("extra"))["extra"]
    blank = pl.all_horizontal(pl.all().exclude("row").is_null())
    numbered = _numbered(votes).with_columns(pl.col("row") + 1 + extra)
    return numbered.filter(~blank)


def _check_widths(path: Path) -> None:
    """Name the first row with more cells than there are columns."""
    # What the csv module cannot read either keeps the first complaint.
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file, suppress(csv.Error):
        rows = csv.reader(file)
        columns, start = len(next(rows, [])), rows.line_num + 1
        for cells in rows:
            if len(cells) > columns:
                raise VoteFileError(f"{len(cells)} cells in {columns} columns", start)
            start = rows.line_num + 1


def _load_jsonl(path: Path) -> pl.DataFrame:
    lines = path.read_bytes().splitlines()
    filled = [number for number, line in enumerate(lines, 1) if line.strip()]
    if not filled:
        raise VoteFileError(f"no votes in {path}")
    try:
        votes = pl.read_ndjson(path, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        for number in filled:
            _check_json(lines[number - 1], number)
        raise
    return _numbered(votes).with_columns(pl.Series("row", filled))


def _check_json(line: bytes, number: int) -> None:
    try:
        found = json.loads(line, parse_constant=_refuse_constant, parse_int=_check_size)
    except (ValueError, RecursionError) as error:
        raise VoteFileError(f"not JSON: {error}", number) from error
    if not isinstance(found, dict):
        raise VoteFileError("not a JSON object", number)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _check_size(digits: str) -> None:
    if abs(int(digits)) >= 2**64:
        raise ValueError("a number of more than 64 bits")


def _filter(votes: pl.DataFrame, where: Sequence[str]) -> pl.DataFrame:
    for condition in where:
        name, sign, value = condition.partition("=")
        if not sign or name not in votes.columns:
            raise VoteFileError(f"cannot filter by {condition!r}: not COLUMN=VALUE of this file")
        text = votes.select(_as_text(votes, name))[name]
        # Whatever wrote the file, a truth is spelt true or false here.
        if value in ("true", "false"):
            text = text.str.to_lowercase()
        votes = votes.filter(text == value)
    return votes


def _as_text(votes: pl.DataFrame, name: str) -> pl.Expr:
    if votes.schema[name].is_nested() or votes.schema[name] == pl.Binary:
        raise VoteFileError(f"column {name!r} holds {votes.schema[name]}, not text")
    cells = pl.col(name).fill_nan(None) if votes.schema[name].is_float() else pl.col(name)
    text = cells.cast(pl.String)
    return pl.when(text != "").then(text).alias(name)


def _check(votes: pl.DataFrame) -> None:
    for name in REQUIRED:
        empty = votes.filter(pl.col(name).fill_null("").str.strip_chars().is_in(EMPTY))
        if len(empty):
            raise VoteFileError(f"{name} is empty", empty["row"][0])
    unknown = votes.filter(~pl.col("winner").is_in(list(WINNERS)))
    if len(unknown):
        known = ", ".join(WINNERS)
        winner, row = unknown["winner"][0], unknown["row"][0]
        raise VoteFileError(f"unknown winner {winner!r} (known: {known})", row)
    alone = votes.filter(pl.col("model_a") == pl.col("model_b"))
    if len(alone):
        raise VoteFileError(f"{alone['model_a'][0]!r} against itself", alone["row"][0])


def _with_times(votes: pl.DataFrame) -> pl.DataFrame:
    """`tstamp` from seconds since 1970 or ISO 8601, which is UTC where it names no zone."""
    seconds = pl.col("tstamp").cast(pl.Float64, strict=False)
    # Whatever is larger has no place in the 64 bits.
    fitting = pl.when(seconds.is_between(0, LATEST.timestamp())).then(seconds)
    counted = pl.from_epoch((fitting * 1e6).cast(pl.Int64), "us").dt.replace_time_zone("UTC")
    written = pl.col("tstamp").str.replace(" ", "T").str.replace(r" ?UTC$", "Z")
    zoned = written.str.replace(r"(T[\d:.]+)$", "${1}Z")
    read = zoned.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", strict=False)
    times = votes.select(pl.coalesce(counted, read).alias("tstamp"))["tstamp"]
    usable = times.is_between(EARLIEST, LATEST).fill_null(value=False)
    wrong = votes.filter(votes["tstamp"].is_not_null() & ~usable)
    if len(wrong):
        described = _describe_time(wrong["tstamp"][0], wrong.select(seconds).item(0, 0))
        raise VoteFileError(described, wrong["row"][0])
    return votes.with_columns(times)


def _describe_time(text: str, seconds: float | None) -> str:
    described = f"{text[:80]!r} is not a time from {EARLIEST.year} to {LATEST.year}"
    is_finer = seconds is not None and LATEST.timestamp() < seconds < 1e18
    return described + "; seconds since 1970 are expected, not milliseconds" * is_finer
