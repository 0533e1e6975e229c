"""Tables to files: CSV that no spreadsheet takes for formulas, JSON lines, Parquet."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import polars as pl

FORMATS = ("csv", "jsonl", "parquet")

# What a spreadsheet would run: OWASP's list for CSV injection.
FORMULA = r"^[=+\-@\t\r\n]"


def write_table(table: pl.DataFrame, path: Path, format_name: str) -> None:
    """Write the whole file or none of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        temporary = Path(file.name)
    try:
        if format_name == "csv":
            defuse(table).write_csv(temporary)
        elif format_name == "jsonl":
            table.write_ndjson(temporary)
        else:
            table.write_parquet(temporary)
        temporary.chmod(0o666 & ~current_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, lines: Iterable[str]) -> int:
    """Write the lines, all of them or no file; return how many."""
    number = 0
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        temporary = Path(file.name)
        try:
            for line in lines:
                file.write(line + "\n")
                number += 1
        except BaseException:
            temporary.unlink()
            raise
    temporary.chmod(0o666 & ~current_umask())
    temporary.replace(path)
    return number


def current_umask() -> int:
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def defuse(table: pl.DataFrame) -> pl.DataFrame:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it."""
    text = pl.col(pl.String)
    return table.with_columns(
        pl.when(text.str.contains(FORMULA)).then("'" + text).otherwise(text).name.keep()
    )
