"""Tables to files: CSV that no spreadsheet takes for formulas, JSON lines, Parquet."""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

FORMATS = ("csv", "jsonl", "parquet")

# What a spreadsheet would run: OWASP's list for CSV injection.
FORMULA = r"^[=+\-@\t\r\n]"


def write_table(table: pl.DataFrame, path: Path, format_name: str) -> None:
    """Write the whole file or none of it."""
    write_together({path: partial(write_format, table, format_name=format_name)})


def write_format(table: pl.DataFrame, path: Path, *, format_name: str) -> None:
    if format_name == "csv":
        defuse(table).write_csv(path)
    elif format_name == "jsonl":
        table.write_ndjson(path)
    else:
        table.write_parquet(path)


def write_together(files: Mapping[Path, Callable[[Path], None]]) -> None:
    """Write all the files, each by its writer, before any of them is put in its place."""
    temporaries: dict[Path, Path] = {}
    try:
        for path, write in files.items():
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                temporaries[path] = Path(file.name)
            write(temporaries[path])
            temporaries[path].chmod(0o666 & ~current_umask())
        for path, temporary in temporaries.items():
            temporary.replace(path)
    finally:
        for temporary in temporaries.values():
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
