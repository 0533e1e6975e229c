"""Leaderboards over the API: the newest published snapshot."""

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from arenas.definitions.models import Arena
from metrics.leaderboards.board import read_board
from metrics.leaderboards.models import Snapshot
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


@router.get("/arenas/{slug}/leaderboard", response=LeaderboardOut)
def show_leaderboard(
    request: HttpRequest, slug: str, question: str = "", category: str = "", raters: str = ""
) -> dict[str, Any]:
    """The newest snapshot; `raters` lists kinds with commas, and is the arena's own if empty."""
    arena = get_object_or_404(Arena, slug=slug)
    kinds = sorted(raters.split(",")) if raters else sorted(arena.board_raters)
    snapshots = Snapshot.objects.filter(
        leaderboard__arena=arena,
        leaderboard__category=category,
        leaderboard__rater_kinds=kinds,
        leaderboard__method="bradley_terry",
        leaderboard__question__retired_at=None,
    ).select_related("leaderboard__arena__suite_version", "leaderboard__question")
    if question:
        snapshots = snapshots.filter(leaderboard__question__key=question)
    else:
        snapshots = snapshots.order_by("leaderboard__question__position", "-watermark", "-id")
    snapshot = snapshots.first()
    if snapshot is None:
        raise Http404("No snapshot of this leaderboard has been built yet.")
    return describe_snapshot(snapshot, read_board(snapshot))
