"""Tables of pairs: how often the row's competitor was preferred, and by how much it leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arenas.competitors.models import Competitor
from metrics.leaderboards.models import Snapshot
from metrics.views.limit import TOO_FEW, is_far


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure and what stands below it; `shade` is r0 … r4, from where the row loses to wins.

    Without a figure, `below` says why there is none, if not that the two never met.
    """

    figure: str
    below: str
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
        return Cell("", "", "none")
    return Cell(f"{100 * rate:.0f}", str(votes), f"r{min(int(rate * 5), 4)}")


def make_differences(
    gaps: dict[str, list[Any]], competitors: Sequence[Competitor], *, live: bool
) -> Matrix:
    """By how many points the row leads, with its interval; shaded where that is not luck."""
    index = {pk: i for i, pk in enumerate(gaps["competitors"])}
    names = ("band_lower", "band_upper") if live else ("lower", "upper")

    def cell(one: Competitor, other: Competitor) -> Cell | None:
        i, j = index[one.pk], index[other.pk]
        points, lower, upper = (gaps[name][i][j] for name in ("points", *names))
        if i == j:
            return None
        if points is None or lower is None:
            return Cell("", "", "none")
        if is_far(lower, upper):
            return Cell("", TOO_FEW, "none")
        shade = "r4" if lower > 0 else "r0" if upper < 0 else "r2"
        return Cell(signed(points), f"{signed(lower)} … {signed(upper)}", shade)

    rows = [(one, [cell(one, other) for other in competitors]) for one in competitors]
    return Matrix(list(competitors), rows)


def signed(points: float) -> str:
    """A difference in rating points with its sign."""
    rounded = round(points)
    return f"{rounded:+d}".replace("-", "−") if rounded else "0"
