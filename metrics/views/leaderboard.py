"""The leaderboard page: ratings with intervals, outcomes, and checks side by side."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arenas.definitions.models import Arena
from arenas.views.access import find_arena_for
from metrics.leaderboards.board import Board, Row, find_shown, read_board
from metrics.leaderboards.forms import EACH
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.share_table import read_shares
from metrics.pairing.policy import describe_policy
from metrics.views.panels import find_panels
from metrics.views.plot import Mark, Plot, Shown, make_plot
from metrics.views.select import select, select_board
from metrics.views.winrates import Matrix, make_differences, make_matrix

# Of more competitors nobody reads a table of differences; they are there as data, and by pair.
FEW = 25


@dataclass(frozen=True, slots=True)
class Section:
    """One connected set of competitors: its rows with their plot, and its pairs."""

    rows: list[tuple[Row, Shown, Mark | None]]
    plot: Plot
    matrix: Matrix
    differences: Matrix | None


@never_cache
@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest snapshot of the chosen board, or the one that `snapshot` names by its id.

    Nothing is computed from votes here.
    """
    arena = find_arena_for(request, slug, "suite_version__suite")
    live = "snapshot" not in request.GET
    if live:
        chosen = select(request, arena)
        snapshot = find_shown(chosen.boards) or find_shown(chosen.boards_without_flagged)
    else:
        snapshot = get_frozen(arena, request.GET["snapshot"])
        chosen = select_board(snapshot.leaderboard)
    board = read_board(snapshot) if snapshot else None
    context = {
        "arena": arena,
        "chosen": chosen,
        "live": live,
        "snapshot": snapshot,
        "panels": find_panels(board) if board else None,
    }
    if chosen.form == EACH:
        shares = read_shares(snapshot) if snapshot else None
        return render(request, "metrics/shares.html", {**context, "shares": shares})
    context |= {
        "board": board,
        "sections": [
            make_section(board, rows, live=live) for rows in board.components
        ] if board else [],
        "policy": describe_policy(arena) if arena.suite_version_id else None,
    }  # fmt: skip
    return render(request, "metrics/leaderboard.html", context)


def get_frozen(arena: Arena, asked: str) -> Snapshot:
    """The snapshot of this id. Raises Http404."""
    number = int(asked) if asked.isdecimal() and len(asked) < 19 else 0
    found = Snapshot.objects.filter(leaderboard__arena=arena, pk=number).select_related(
        "leaderboard__arena__suite_version", "leaderboard__question"
    )
    if snapshot := found.first():
        return snapshot
    raise Http404("There is no such snapshot of this arena's boards.")


def make_section(board: Board, rows: tuple[Row, ...], *, live: bool) -> Section:
    shown = [Shown.of(row.rating, live=live) for row in rows]
    plot = make_plot([each for each in shown if each.says_something])
    marks = [plot.place(each) if each.says_something else None for each in shown]
    rated = [row.competitor for row in rows if row.rating.votes]
    few = len(rated) <= FEW
    gaps = board.snapshot.analyses.filter(name="gaps").first() if few else None
    return Section(
        list(zip(rows, shown, marks, strict=True)),
        plot,
        make_matrix(board.snapshot, rated),
        make_differences(gaps.data, rated, live=live) if gaps else None,
    )
