"""A series of checkpoints as curves of rating against step, with where each comes from. Staff."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arenas.competitors.lineage import list_suites_seen
from arenas.views.access import staff_only
from metrics.leaderboards.series import list_members, read_curves
from metrics.views.plot import Shown
from metrics.views.steps import draw_steps


@never_cache
@require_safe
@staff_only
def series(request: HttpRequest, name: str) -> HttpResponse:
    """Nothing is computed from votes here: the ratings are those that the boards show."""
    members = list(list_members(name))
    if not members:
        raise Http404("There is no such series.")
    context = {
        "series": name,
        "members": [(each, list_suites_seen(each).items()) for each in members],
        "curves": [
            {
                "curve": curve,
                "steps": draw_steps(curve.ratings),
                "rows": [Shown.of(rating, live=True) for rating in curve.ratings],
                "sets": len({rating.component for rating in curve.ratings}),
            }
            for curve in read_curves(members)
        ],
    }
    return render(request, "metrics/series.html", context)
