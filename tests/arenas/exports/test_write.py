import csv
from typing import Any

import polars as pl
import pytest

from arenas.exports.write import FORMATS, write_table

TABLE = pl.DataFrame(
    {
        "name": ["ant", "=1+1", None],
        "rating": [1000.5, -3.0, None],
        "votes": [1, -2, 3],
    }
)
READ: dict[str, Any] = {"jsonl": pl.read_ndjson, "parquet": pl.read_parquet}
FORMULAS = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_files_for_programs_hold_exactly_what_is_there(tmp_path, form):
    write_table(TABLE, tmp_path / "table", form)
    assert READ[form](tmp_path / "table").equals(TABLE)


def test_numbers_stay_numbers_in_csv(tmp_path):
    write_table(TABLE, tmp_path / "table.csv", "csv")
    read = pl.read_csv(tmp_path / "table.csv")
    assert read.select("rating", "votes").equals(TABLE.select("rating", "votes"))


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_run_is_defused(tmp_path, text):
    write_table(pl.DataFrame({"name": [text]}), tmp_path / "table.csv", "csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.reader(file))[1] == ["'" + text]


@pytest.mark.parametrize("text", ["ant", "a=b", "two-boats", "5 stars", "", "'=1"])
def test_other_text_is_left_alone(tmp_path, text):
    write_table(pl.DataFrame({"name": [text], "n": [1]}), tmp_path / "table.csv", "csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.reader(file))[1] == [text, "1"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, form):
    def fail(self, path):
        path.write_bytes(b"half")
        raise OSError("no space left")

    (tmp_path / "table").write_text("old")
    for name in ("write_csv", "write_ndjson", "write_parquet"):
        monkeypatch.setattr(pl.DataFrame, name, fail)
    with pytest.raises(OSError, match="no space left"):
        write_table(TABLE, tmp_path / "table", form)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_a_file_is_readable_as_the_umask_says(tmp_path):
    write_table(TABLE, tmp_path / "table.csv", "csv")
    (tmp_path / "plain").touch()
    assert (tmp_path / "table.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode
