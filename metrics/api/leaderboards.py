"""Leaderboards over the API: the newest published snapshot."""

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from arenas.definitions.models import Arena
from arenas.raters.models import RaterKind
from metrics.leaderboards.board import read_board
from metrics.leaderboards.models import Snapshot
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
    settings: dict[str, Any]
    watermark: int
    code_version: str
    created_at: str
    votes: int
    models: int
    rows: list[dict[str, Any]]


@router.get("/arenas/{slug:slug}/leaderboard", response=LeaderboardOut)
def show_leaderboard(
    request: HttpRequest, slug: str, question: str = "", category: str = "", raters: str = ""
) -> dict[str, Any]:
    """The newest snapshot; `raters` lists kinds with commas, and is the arena's own if empty."""
    arena = get_object_or_404(Arena, slug=slug)
    kinds = sorted(raters.split(",")) if raters else sorted(arena.board_raters)
    known = set(kinds) <= set(RaterKind.values)
    if not known or category not in ("", *board_categories(arena)):
        raise Http404("There is no such leaderboard.")
    questions = arena.questions.filter(retired_at=None)
    snapshots = Snapshot.objects.filter(
        leaderboard__question__in=[each for each in questions if question in ("", each.key)],
        leaderboard__category=category,
        leaderboard__rater_kinds=kinds,
        leaderboard__method="bradley_terry",
        leaderboard__params={},
    ).select_related("leaderboard__arena__suite_version", "leaderboard__question")
    snapshot = snapshots.order_by("leaderboard__question__position", "-watermark", "-id").first()
    if snapshot is None:
        raise Http404("No snapshot of this leaderboard has been built yet.")
    return describe_snapshot(snapshot, read_board(snapshot))
