"""Arenas, prompts and raw data over the API."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.security import django_auth_is_staff

from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from arenas.definitions.stage import select_told
from arenas.exports.tables import candidate_rows, current_votes, vote_row

router = Router(tags=["arenas"])
PAGE = 1000


class ArenaOut(Schema):
    slug: str
    title: str
    description: str
    suite: str | None
    questions: dict[str, str]
    outcomes: list[str]
    competitors: int
    prompts: int


class VotesOut(Schema):
    """A page of votes in ledger order; `next_after` is None on the last page."""

    rows: list[dict[str, Any]]
    next_after: int | None


class CandidatesOut(Schema):
    rows: list[dict[str, Any]]


def describe(arena: Arena) -> ArenaOut:
    questions = arena.questions.filter(retired_at=None)
    return ArenaOut(
        slug=arena.slug,
        title=arena.title,
        description=arena.description,
        suite=str(arena.suite_version) if arena.suite_version else None,
        questions={question.key: question.text for question in questions},
        outcomes=arena.outcomes,
        competitors=arena.competitors().count(),
        prompts=arena.prompts().count(),
    )


@router.get("/arenas", response=list[ArenaOut])
def list_arenas(request: HttpRequest) -> list[ArenaOut]:
    """All arenas but temporary ones."""
    arenas = select_told(staff=False).select_related("suite_version__suite")
    return [describe(arena) for arena in arenas]


@router.get("/arenas/{slug:slug}", response=ArenaOut)
def show_arena(request: HttpRequest, slug: str) -> ArenaOut:
    """One arena."""
    return describe(get_object_or_404(select_told(staff=request.user.is_staff), slug=slug))


@router.get("/arenas/{slug:slug}/votes", response=VotesOut, auth=django_auth_is_staff)
def list_votes(request: HttpRequest, slug: str, after: int = 0) -> VotesOut:
    """Sealed votes whose ledger number is above `after`, a thousand at a time. Staff only."""
    arena = get_object_or_404(Arena, slug=slug)
    votes = list(current_votes(arena).filter(seq__gt=after).order_by("seq")[:PAGE])
    more = len(votes) == PAGE
    return VotesOut(
        rows=[vote_row(vote) for vote in votes], next_after=votes[-1].seq if more else None
    )


@router.get("/arenas/{slug:slug}/candidates", response=CandidatesOut, auth=django_auth_is_staff)
def list_candidates(request: HttpRequest, slug: str, prompt: str = "") -> CandidatesOut:
    """Candidates and what became of them, of one prompt or all. Staff only."""
    arena = get_object_or_404(Arena, slug=slug)
    rows = select_candidates(arena).select_related("prompt", "competitor")
    if prompt:
        named = [each.pk for each in arena.prompts() if each.key == prompt]
        rows = rows.filter(prompt__in=named)
    return CandidatesOut(rows=[cells for _, cells in candidate_rows(rows.order_by("pk"))])
