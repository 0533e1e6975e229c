"""What stands where an arena takes no answers: thanks after it, and nothing before."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRefresh

from arenas.definitions.models import Arena
from arenas.raters.finish import find_way_back
from arenas.views.access import find_rater
from arenas.views.start import count_answered


def show_closed(request: HttpRequest, arena: Arena) -> HttpResponseBase:
    """Thanks, with what the rater has done and the way back to where they came from.

    Of an arena that is still prepared nobody is told that it is there.
    """
    if arena.stage == Arena.Stage.PREPARED:
        raise Http404("No such arena.")
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()  # this is no part of the page that asked
    rater = find_rater(request)
    part = arena.participations.filter(rater=rater).first() if rater else None
    answered = count_answered(part) if part else 0
    context = {
        "arena": arena,
        "answered": answered,
        "way_back": find_way_back(arena, part.state) if part and answered else None,
    }
    # What an old page sends is not taken, and the status says so too.
    return render(
        request, "arenas/closed.html", context, status=410 if request.method == "POST" else 200
    )
