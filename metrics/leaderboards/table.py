"""A board as a table for files, papers and terminals."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from arenas.exports.write import defuse, write_table
from metrics.leaderboards.board import Board, Row, read_board
from metrics.leaderboards.forms import EACH, find_form
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.share_table import describe_shares

FORMATS = ("table", "json", "csv", "parquet", "md", "latex")
SHOWN = (
    "rank", "model", "rating", "rating_lower", "rating_upper", "band_lower", "band_upper",
    "groups", "votes", "both_bad",
)  # fmt: skip


def describe_rows(board: Board) -> list[dict[str, Any]]:
    """The board's rows, best first, under the column names that outsiders rely on."""
    if find_form(board.snapshot.leaderboard) == EACH:
        return describe_shares(board.snapshot)
    return [describe_row(row, board) for row in board.rows]


def describe_row(row: Row, board: Board) -> dict[str, Any]:
    rating = row.rating
    described: dict[str, Any] = {
        "model": row.competitor.name,
        "rating": rating.rating if rating.votes else None,
        "rating_lower": rating.rating_lower,
        "rating_upper": rating.rating_upper,
        "rank": rating.rank,
        "rank_lower": rating.rank_lower,
        "rank_upper": rating.rank_upper,
        "band_lower": rating.band_lower,
        "band_upper": rating.band_upper,
        "band_rank_lower": rating.band_rank_lower,
        "band_rank_upper": rating.band_rank_upper,
        "groups": rating.groups,
        "band_groups": rating.band_groups,
        "no_rank": rating.no_rank,
        "component": rating.component,
        "votes": rating.votes,
        "wins": rating.wins,
        "losses": rating.losses,
        "ties": rating.ties,
        "both_bad": rating.both_bad,
        "refusal_rate": row.outcomes.refusal_rate,
        "failure_rate": row.outcomes.failure_rate,
        "withdrawn": row.withdrawn,
        "retired_on": retired.isoformat() if (retired := row.competitor.retired_on) else None,
    }
    for check, cell in zip(board.checks, row.checks, strict=True):
        described[f"{check.name}_{check.measure.name}"] = cell.mean if cell else None
        estimate = cell.estimate if cell else None
        described[f"{check.name}_{check.measure.name}_lower"] = estimate and estimate.lower
        described[f"{check.name}_{check.measure.name}_upper"] = estimate and estimate.upper
        described[f"{check.name}_measured"] = cell.measured if cell else 0
        described[f"{check.name}_not_measurable"] = cell.tried - cell.measured if cell else 0
    return described


def describe_snapshot(snapshot: Snapshot, board: Board) -> dict[str, Any]:
    """All that it takes to build the same result again, and the rows."""
    leaderboard, rows = snapshot.leaderboard, describe_rows(board)
    return {
        "arena": leaderboard.arena.slug,
        "question": leaderboard.question.key,
        "category": leaderboard.category or None,
        "rater_kinds": leaderboard.rater_kinds,
        "method": leaderboard.method,
        "params": leaderboard.params,
        "snapshot": snapshot.pk,
        "settings": snapshot.settings,
        "watermark": snapshot.watermark,
        "code_version": snapshot.code_version,
        "created_at": snapshot.created_at.isoformat(),
        "votes": snapshot.votes,
        "models": len(rows),
        "rows": rows,
    }


def format_snapshot(snapshot: Snapshot, format_name: str) -> str:
    """The snapshot as text. Raises ValueError for a format that is none."""
    board = read_board(snapshot)
    if format_name == "json":
        return json.dumps(describe_snapshot(snapshot, board), indent=2, ensure_ascii=False) + "\n"
    if format_name == "csv":
        return defuse(make_table(board)).write_csv()
    if format_name in ("md", "latex", "table"):
        lines = {"md": format_markdown, "latex": format_latex, "table": format_plain}[format_name]
        return lines(board)
    raise ValueError(f"{format_name} is no text")


def write_snapshot(snapshot: Snapshot, path: Path, format_name: str) -> None:
    """Write the snapshot to a file, whole or not at all."""
    if format_name in ("csv", "parquet"):
        write_table(make_table(read_board(snapshot)), path, format_name)
    else:
        path.write_text(format_snapshot(snapshot, format_name), encoding="utf-8")


def make_table(board: Board) -> pl.DataFrame:
    return pl.DataFrame(describe_rows(board), infer_schema_length=None)


def list_columns(board: Board) -> Sequence[str]:
    """What is shown in print: of shares everything."""
    if find_form(board.snapshot.leaderboard) == EACH:
        return [name for name in next(iter(describe_rows(board)), ()) if name != "withdrawn"]
    return SHOWN


def cells(row: dict[str, Any], columns: Sequence[str]) -> list[str]:
    """The shown columns as text; a missing rank and a withdrawal are said in words."""
    values = {**row, "model": row["model"] + " (withdrawn)" * row["withdrawn"]}
    if "rank" in row and row["rank"] is None:
        values["rank"] = "too few votes"
    digits = 0 if "rating" in row else 3
    return [cell_text(values[column], digits) for column in columns]


def cell_text(value: object, digits: int) -> str:
    if isinstance(value, float):
        return f"{value:.{digits}f}" if digits else str(round(value))
    return "–" if value is None else str(value)


def format_plain(board: Board) -> str:
    """Aligned columns, one table for every connected set, and what the numbers are."""
    snapshot, columns = board.snapshot, list_columns(board)
    kinds = ", ".join(snapshot.leaderboard.rater_kinds)
    buffer = io.StringIO()
    buffer.write(f"{snapshot.leaderboard} ({kinds}): {snapshot.votes} votes\n")
    start = 0
    rows = describe_rows(board)
    for size in [len(component) for component in board.components] or [len(rows)]:
        lines = [list(columns), *(cells(row, columns) for row in rows[start : start + size])]
        start += size
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        buffer.write("\n")
        for line in lines:
            padded = [
                cell.ljust(width) if name == "model" else cell.rjust(width)
                for name, cell, width in zip(columns, line, widths, strict=True)
            ]
            buffer.write("  ".join(padded).rstrip() + "\n")
    return buffer.getvalue()


def format_markdown(board: Board) -> str:
    columns = list_columns(board)
    lines = [list(columns), ["---"] * len(columns)]
    lines += [
        [cell.replace("|", "\\|") for cell in cells(row, columns)] for row in describe_rows(board)
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
     "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)  # fmt: skip


def format_latex(board: Board) -> str:
    """A booktabs table."""
    columns = list_columns(board)
    head = " & ".join(column.translate(LATEX) for column in columns)
    body = "".join(
        " & ".join(cell.translate(LATEX) for cell in cells(row, columns)) + r" \\" + "\n"
        for row in describe_rows(board)
    )
    sides = "".join("l" if column in ("model", "groups") else "r" for column in columns)
    return (
        f"\\begin{{tabular}}{{{sides}}}\n\\toprule\n"
        f"{head} \\\\\n\\midrule\n{body}\\bottomrule\n\\end{{tabular}}\n"
    )
