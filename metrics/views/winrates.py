"""The win-rate table: how often the row's competitor was preferred over the column's."""

from collections.abc import Sequence
from dataclasses import dataclass

from arenas.competitors.models import Competitor
from metrics.leaderboards.models import Snapshot


@dataclass(frozen=True, slots=True)
class Cell:
    """`percent` is None where the two never met; `shade` is 0 (loses) … 4 (wins)."""

    percent: int | None
    votes: int
    shade: str


@dataclass(frozen=True, slots=True)
class Matrix:
    competitors: list[Competitor]
    rows: list[tuple[Competitor, list[Cell | None]]]


def make_matrix(snapshot: Snapshot, competitors: Sequence[Competitor]) -> Matrix:
    """The table in the order given; None on the diagonal."""
    stored = snapshot.win_rates
    index = {pk: i for i, pk in enumerate(stored.get("competitors", []))}
    rows = [
        (
            one,
            [
                None if one == other else make_cell(stored, index[one.pk], index[other.pk])
                for other in competitors
            ],
        )
        for one in competitors
    ]
    return Matrix(list(competitors), rows)


def make_cell(stored: dict[str, list[list[float | None]]], i: int, j: int) -> Cell:
    rate, votes = stored["rate"][i][j], round(stored["votes"][i][j] or 0)
    if rate is None:
        return Cell(None, 0, "none")
    return Cell(round(100 * rate), votes, f"r{min(int(rate * 5), 4)}")
