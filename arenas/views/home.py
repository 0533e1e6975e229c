"""The front page: every arena, as plain links."""

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from arenas.definitions.models import Arena
from arenas.definitions.stage import select_shown
from arenas.views.language import in_raters_language


@in_raters_language
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    arenas = (
        select_shown()
        .select_related("suite_version")
        .annotate(n=Count("entries", filter=Q(entries__withdrawn_at=None)))
    )
    rows = [
        {
            "arena": arena,
            "competitors": arena.n,
            "prompts": arena.prompts().count(),
            "can_vote": arena.suite_version_id is not None and arena.stage == Arena.Stage.OPEN,
        }
        for arena in arenas
    ]
    return render(request, "arenas/home.html", {"arenas": rows})
