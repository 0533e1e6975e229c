"""Shares by competitor as a table: of answers about pictures, or of reasons given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arenas.competitors.models import Competitor
from metrics.leaderboards.build_shares import SHARES
from metrics.leaderboards.models import Leaderboard, Snapshot

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A competitor's showings, and of these the share of each column, None where not asked."""

    name: str
    withdrawn: bool
    showings: int
    shares: tuple[Figures | None, ...]


@dataclass(frozen=True, slots=True)
class ShareTable:
    """`columns` are ids with what people read; rows with more of the first column come first."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[ShareRow, ...]


def read_shares(snapshot: Snapshot) -> ShareTable:
    """The shares of answers that the snapshot froze."""
    board = snapshot.leaderboard
    words = {option.id: option.text for option in board.question.choices}
    data = snapshot.analyses.filter(name=SHARES).values_list("data", flat=True).first()
    figures: Figures = data or {"options": [], "rows": []}
    columns = [(option, words.get(option, option)) for option in figures["options"]]
    return make_share_table(board, columns, figures["rows"])


def make_share_table(
    board: Leaderboard, columns: Sequence[tuple[str, str]], rows: Sequence[Figures]
) -> ShareTable:
    entered = Competitor.objects.filter(entries__arena=board.arena_id)
    names = dict(entered.values_list("pk", "name"))
    gone = board.arena.entries.exclude(withdrawn_at=None)
    withdrawn = set(gone.values_list("competitor_id", flat=True))
    made = [
        ShareRow(
            names[row["competitor"]],
            row["competitor"] in withdrawn,
            row["showings"],
            tuple(row["shares"].get(key) for key, _ in columns),
        )
        for row in rows
    ]
    return ShareTable(tuple(columns), tuple(sorted(made, key=rank_row)))


def rank_row(row: ShareRow) -> tuple[float, str]:
    first = row.shares[0] if row.shares else None
    return (-(first["share"] if first else 0.0), row.name)


def describe_shares(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The rows under the column names of files: each option, and its bounds."""
    table = read_shares(snapshot)
    return [describe_row(row, [key for key, _ in table.columns]) for row in table.rows]


def describe_row(row: ShareRow, options: Sequence[str]) -> dict[str, Any]:
    described: dict[str, Any] = {"model": row.name, "showings": row.showings}
    for option, share in zip(options, row.shares, strict=True):
        described[option] = share["share"] if share else None
        described[f"{option}_lower"] = share["lower"] if share else None
        described[f"{option}_upper"] = share["upper"] if share else None
    return {**described, "withdrawn": row.withdrawn}
