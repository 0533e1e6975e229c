"""What the analyses of a board say, ready to be shown beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arenas.competitors.models import Competitor
from metrics.leaderboards.analyse import newest_analyses
from metrics.leaderboards.board import Board
from metrics.leaderboards.models import Leaderboard
from metrics.leaderboards.share_table import ShareTable, make_share_table
from metrics.views.history import History, draw_history

Figures = Mapping[str, Any]

MOST_RATERS = 50

# The analysis, its columns of a rating and its bounds, and what to call it.
READINGS = (
    (
        "style",
        ("styled_rating", "styled_lower", "styled_upper"),
        "Style held constant",
        "as if all pictures were of one size, brightness, contrast, colourfulness, sharpness, "
        "noise and amount of text: descriptive, not causal",
    ),
    (
        "judge",
        ("rating", "lower", "upper"),
        "Judge-assisted",
        "people's votes, made more precise by a judge model's answers to the same battles; "
        "the judge's own votes are not counted",
    ),
    (
        "random_arm",
        ("rating", "rating_lower", "rating_upper"),
        "Random pairs only",
        "from the pairs that were drawn uniformly, whatever the ratings were",
    ),
    (
        "same_scale",
        ("rating", "rating_lower", "rating_upper"),
        "With pairs",
        "from orders and votes on pairs together, as a test found both on one scale",
    ),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """Another way to read the same votes: a rating with its interval for each competitor."""

    title: str
    explained: str
    cells: Mapping[int, tuple[float, float | None, float | None]]


@dataclass(frozen=True, slots=True)
class Panels:
    """Each is None, or empty, where nothing was found out yet, or could be."""

    figures: Mapping[str, Figures]
    names: Mapping[int, str]
    history: History | None
    readings: list[Reading]
    reasons: ShareTable | None

    @property
    def noise(self) -> Figures | None:
        noise = self.figures.get("noise_floor")
        return noise if noise and noise["votes"] else None

    @property
    def same_scale(self) -> Figures | None:
        return self.figures.get("same_scale")

    @property
    def usable(self) -> dict[int, Figures]:
        """The usable rate by competitor, where there is one."""
        rows = self.figures.get("usable", {}).get("rows", [])
        return {row["competitor"]: row["usable"] for row in rows if row["usable"]}

    @property
    def style(self) -> Figures | None:
        style = self.figures.get("style")
        return style if style and style["rows"] else None

    @property
    def position(self) -> Figures | None:
        return self.figures.get("position")

    @property
    def fit(self) -> Figures | None:
        return self.figures.get("fit")

    @property
    def agreement(self) -> Figures | None:
        return self.figures.get("agreement")

    @property
    def judge(self) -> Figures | None:
        judge = self.figures.get("judge")
        return judge if judge and judge["rows"] else None

    @property
    def stability(self) -> list[tuple[str, str, Figures]]:
        """Who is ahead of whom, and what it would take to change that; the first place first."""
        found = self.figures.get("stability")
        if not found:
            return []
        first = [{**found["first"], "is_first": True}] if found["first"] else []
        taken = [(removal["upper"], removal["lower"]) for removal in first]
        rest = [each for each in found["neighbours"] if (each["upper"], each["lower"]) not in taken]
        return [(self.names[e["upper"]], self.names[e["lower"]], e) for e in [*first, *rest]]

    @property
    def left_out(self) -> list[tuple[str, Figures, str]]:
        """By rater and by prompt: what leaving one out changes, and whose rating moves most."""
        found = self.figures.get("stability", {}).get("left_out", {})
        return [(name, each, self.names[each["largest"]["moved"]]) for name, each in found.items()]

    @property
    def rater_rows(self) -> list[Figures]:
        """Each rater's reliability and agreement, the least reliable first."""
        agreement = self.figures.get("agreement") or {}
        reliability = agreement.get("reliability") or {}
        others = {each["rater"]: each for each in agreement.get("raters", [])}
        return [
            {**others.get(each["rater"], {}), **each, "weight": max(2 * each["reliability"] - 1, 0)}
            for each in reliability.get("raters", [])[:MOST_RATERS]
        ]


def find_panels(board: Board) -> Panels:
    """The newest analysis of each kind up to the board's snapshot; it may be of an earlier one."""
    figures = {each.name: each.data for each in newest_analyses(board.snapshot)}
    rows = [row for row in board.rows if row.rating.votes and row.rating.component == 0]
    drawn = [row.competitor for row in rows]
    history = draw_history(figures["history"], drawn) if "history" in figures else None
    # Who entered after the snapshot is not on the board, but may be in its analyses.
    entered = Competitor.objects.filter(entries__arena=board.snapshot.leaderboard.arena_id)
    names = dict(entered.values_list("pk", "name"))
    reasons = find_reasons(board.snapshot.leaderboard, figures)
    return Panels(figures, names, history, list_readings(figures), reasons)


def find_reasons(board: Leaderboard, figures: Mapping[str, Figures]) -> ShareTable | None:
    """What people said is wrong, by competitor; None where nobody could."""
    reasons = figures.get("reasons")
    if not reasons or not reasons["rows"]:
        return None
    columns = [(each["id"], each["text"]) for each in reasons["reasons"]]
    return make_share_table(board, columns, reasons["rows"])


def list_readings(figures: Mapping[str, Figures]) -> list[Reading]:
    """The ratings that other analyses give, where they have any."""
    found = [read(figures, *wanted) for wanted in READINGS]
    reliability = (figures.get("agreement") or {}).get("reliability") or {}
    cells = {row["competitor"]: (row["rating"], None, None) for row in reliability.get("rows", [])}
    explained = "decided votes, each weighing as much as its rater's agreement with the others"
    weighted = [Reading("By reliable raters", explained, cells)] if cells else []
    return [reading for reading in found if reading.cells] + weighted


def read(
    figures: Mapping[str, Figures], name: str, columns: Sequence[str], title: str, explained: str
) -> Reading:
    value, lower, upper = columns
    rows = figures.get(name, {}).get("rows", [])
    cells = {
        row["competitor"]: (row[value], row[lower], row[upper])
        for row in rows
        if row[value] is not None
    }
    return Reading(title, explained, cells)
