"""The leaderboard page: ratings with intervals, outcomes, and checks side by side."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arenas.definitions.models import Arena, Question
from arenas.raters.models import RaterKind
from metrics.leaderboards.board import Board, Row, read_board
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.refresh import PEOPLE, SIMULATED, board_categories, board_kinds
from metrics.views.plot import Mark, Plot, make_plot
from metrics.views.winrates import Matrix, make_matrix


@dataclass(frozen=True, slots=True)
class Choice:
    """A link of the page's switches."""

    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One connected set of competitors: its rows with their plot, and its win rates."""

    rows: list[tuple[Row, Mark | None]]
    plot: Plot
    matrix: Matrix


@never_cache
@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest snapshot of the chosen board. Nothing is computed from votes here."""
    arena = get_object_or_404(Arena.objects.select_related("suite_version__suite"), slug=slug)
    questions = list(arena.questions.filter(retired_at=None))
    chosen = request.GET
    question = pick(questions, chosen.get("question"))
    kinds = board_kinds(arena)
    kind = next((kind for kind in kinds if ",".join(kind) == chosen.get("raters")), kinds[0])
    categories = board_categories(arena)
    category = chosen.get("category", "") if chosen.get("category") in categories else ""
    snapshot = find_snapshot(arena, question, category, kind)
    board = read_board(snapshot) if snapshot else None
    state = {"question": question.key, "raters": ",".join(kind), "category": category}
    context = {
        "arena": arena,
        "question": question,
        "category": category,
        "snapshot": snapshot,
        "board": board,
        "sections": [make_section(board, rows) for rows in board.components] if board else [],
        "questions": [
            choice(state, "question", q.key, q.text, q == question) for q in questions
        ] if len(questions) > 1 else [],
        "raters": [
            choice(state, "raters", ",".join(k), name_kinds(k), k == kind) for k in kinds
        ] if len(kinds) > 1 else [],
        "categories": [
            choice(state, "category", c, c or "all", c == category) for c in ["", *categories]
        ] if len(categories) > 1 else [],
        "simulated": RaterKind.SIMULATED in kind,
        "only_simulated": kind == SIMULATED,
        "people": ",".join(PEOPLE) if PEOPLE in kinds else "",
        "state": urlencode(state),
    }  # fmt: skip
    return render(request, "metrics/leaderboard.html", context)


def pick(questions: list[Question], key: str | None) -> Question:
    return next((question for question in questions if question.key == key), questions[0])


def find_snapshot(
    arena: Arena, question: Question, category: str, kinds: list[str]
) -> Snapshot | None:
    return (
        Snapshot.objects.filter(
            leaderboard__in=Leaderboard.objects.filter(
                arena=arena, question=question, category=category, rater_kinds=kinds,
                method="bradley_terry", params={},
            )
        )
        .select_related("leaderboard__arena__suite_version", "leaderboard__question")
        .first()
    )  # fmt: skip


def choice(state: dict[str, str], key: str, value: str, label: str, is_current: bool) -> Choice:
    return Choice(label, urlencode({**state, key: value}), is_current)


def name_kinds(kinds: list[str]) -> str:
    """Whose votes these are, in words."""
    if kinds == PEOPLE:
        return "people"
    if kinds == SIMULATED:
        return "simulated"
    if set(kinds) == {*PEOPLE, *SIMULATED}:
        return "people and simulated"
    return ", ".join(kinds)


def make_section(board: Board, rows: tuple[Row, ...]) -> Section:
    plot = make_plot([row.rating for row in rows if row.rating.votes])
    drawn = [(row, plot.place(row.rating) if row.rating.votes else None) for row in rows]
    matrix = make_matrix(board.snapshot, [row.competitor for row in rows if row.rating.votes])
    return Section(drawn, plot, matrix)
