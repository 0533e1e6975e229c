"""Leaderboards over the API: the snapshot that the page shows."""

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from arenas.competitors.models import Competitor
from arenas.definitions.stage import select_told
from arenas.raters.models import RaterKind
from metrics.leaderboards.analyse import PARTS, newest_analyses
from metrics.leaderboards.board import find_shown, read_board
from metrics.leaderboards.forms import METHODS, list_forms
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.refresh import board_categories
from metrics.leaderboards.table import describe_snapshot

router = Router(tags=["leaderboards"])


class LeaderboardOut(Schema):
    """A snapshot with its settings. `rows` stand best first, one set of `component` by another."""

    arena: str
    question: str
    category: str | None
    rater_kinds: list[str]
    method: str
    params: dict[str, str]
    snapshot: int
    settings: dict[str, Any]
    watermark: int
    code_version: str
    created_at: str
    votes: int
    models: int
    rows: list[dict[str, Any]]


class AnalysisOut(Schema):
    """One further look at a board's votes; `data` names competitors by the ids of `competitors`."""

    name: str
    watermark: int
    code_version: str
    competitors: dict[int, str]
    data: Any


@router.get("/arenas/{slug:slug}/leaderboard", response=LeaderboardOut)
def show_leaderboard(
    request: HttpRequest,
    slug: str,
    question: str = "",
    category: str = "",
    raters: str = "",
    form: str = "",
) -> dict[str, Any]:
    """The page's snapshot; `raters` lists kinds with commas, and is the arena's own if empty.

    `form` is `pairs`, `orders` (of several pictures) or `each` (answers about each picture, which
    have shares for rows), and if empty what the page shows first.
    """
    snapshot = find_public(request, slug, question, category, raters, form)
    return describe_snapshot(snapshot, read_board(snapshot))


@router.get("/arenas/{slug:slug}/analyses", response=list[AnalysisOut])
def list_analyses(
    request: HttpRequest,
    slug: str,
    question: str = "",
    category: str = "",
    raters: str = "",
    form: str = "",
) -> list[dict[str, Any]]:
    """The figures of the page's tables of pairs and panels, each by its newest analysis.

    What is said of single raters is for staff, and left out.
    """
    snapshot = find_public(request, slug, question, category, raters, form)
    entered = Competitor.objects.filter(entries__arena=snapshot.leaderboard.arena_id)
    names = dict(entered.values_list("pk", "name"))
    parts = {"win_rates": snapshot.win_rates} if snapshot.win_rates else {}
    parts |= dict(snapshot.analyses.filter(name__in=PARTS).values_list("name", "data"))
    return [
        *(describe_analysis(name, data, snapshot, names) for name, data in parts.items()),
        *(
            describe_analysis(each.name, each.data, each.snapshot, names)
            for each in newest_analyses(snapshot)
        ),
    ]


def describe_analysis(
    name: str, data: Any, snapshot: Snapshot, names: dict[int, str]
) -> dict[str, Any]:
    return {
        "name": name,
        "watermark": snapshot.watermark,
        "code_version": snapshot.code_version,
        "competitors": names,
        "data": without_raters(data),
    }


def without_raters(data: Any) -> Any:
    """The figures without anything listed by rater."""
    if not isinstance(data, dict):
        return data
    return {
        key: without_raters(value)
        for key, value in data.items()
        if key not in ("raters", "rater", "listed")
    }


def find_public(
    request: HttpRequest, slug: str, question: str, category: str, raters: str, form: str
) -> Snapshot:
    """The snapshot that the page shows. Raises Http404."""
    arena = get_object_or_404(select_told(staff=request.user.is_staff), slug=slug)
    kinds = sorted(raters.split(",")) if raters else sorted(arena.board_raters)
    known = set(kinds) <= set(RaterKind.values) and form in ("", *METHODS)
    if not known or category not in ("", *board_categories(arena)):
        raise Http404("There is no such leaderboard.")
    for each in arena.questions.filter(retired_at=None):
        boards = Leaderboard.objects.filter(
            question=each,
            category=category,
            rater_kinds=kinds,
            method=METHODS[form or list_forms(arena, each)[0]],
            params={},
        )
        if question in ("", each.key) and (snapshot := find_shown(boards)):
            return snapshot
    raise Http404("No snapshot of this leaderboard has been built yet.")
