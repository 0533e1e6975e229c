"""Two competitors side by side, and which competitor fits which job."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.views.access import find_arena_for
from metrics.leaderboards.board import find_shown
from metrics.leaderboards.compare import Line, compare
from metrics.leaderboards.forms import PAIRS
from metrics.leaderboards.guide import Job, Limits, list_jobs
from metrics.leaderboards.store import RULE
from metrics.views.gapplot import make_gap_plot
from metrics.views.select import Selection, select


@never_cache
@require_safe
def comparison(request: HttpRequest, slug: str, pair: str) -> HttpResponse:
    """`pair` is both names with a slash between them; a name may hold slashes itself."""
    arena = find_arena_for(request, slug, "suite_version__suite")
    first, second = find_pair(arena, pair)
    chosen = select(request, arena, only=PAIRS)
    lines = compare(chosen.question, chosen.kinds, (first, second), chosen.categories)
    if request.GET.get("format") == "json":
        return JsonResponse(describe_lines(chosen, first, second, lines))
    plot = make_gap_plot([line.gap for line in lines if line.gap])
    context = {
        "arena": arena,
        "chosen": chosen,
        "first": first,
        "second": second,
        "others": list_competitors(arena),
        "overall": lines[0],
        "lines": [(line, plot.place(line.gap) if line.gap else None) for line in lines],
        "plot": plot,
    }
    return render(request, "metrics/compare.html", context)


@never_cache
@require_safe
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """The form's two names lead to their page; without both, the two best rated are compared."""
    arena = find_arena_for(request, slug)
    known = {competitor.name for competitor in list_competitors(arena)}
    names = [request.GET.get("first", ""), request.GET.get("second", "")]
    if not set(names) <= known or names[0] == names[1]:
        names = best_two(select(request, arena, only=PAIRS)) or sorted(known)[:2]
    if len(names) < 2:
        raise Http404("There are no two competitors to compare in this arena.")
    query = {key: request.GET[key] for key in ("question", "raters") if key in request.GET}
    address = reverse("compare", args=[slug, "/".join(names)])
    return redirect(f"{address}?{urlencode(query)}" if query else address)


@never_cache
@require_safe
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    arena = find_arena_for(request, slug, "suite_version__suite")
    chosen = select(request, arena, only=PAIRS)
    limits = Limits(read_limit(request, "usd"), read_limit(request, "seconds"))
    jobs = list_jobs(chosen.question, chosen.kinds, chosen.categories, limits)
    if request.GET.get("format") == "json":
        return JsonResponse(describe_jobs(chosen, limits, jobs))
    context = {"arena": arena, "chosen": chosen, "jobs": jobs, "limits": limits}
    return render(request, "metrics/guide.html", context)


def read_limit(request: HttpRequest, name: str) -> float | None:
    """A positive number of the query; anything else sets no limit."""
    try:
        value = float(request.GET.get(name, ""))
    except ValueError:
        return None
    return value if 0 < value < 1e9 else None


def find_pair(arena: Arena, pair: str) -> tuple[Competitor, Competitor]:
    """The two competitors of the arena that `pair` names. Raises Http404."""
    found = {competitor.name: competitor for competitor in list_competitors(arena)}
    for place, sign in enumerate(pair):
        first, second = pair[:place], pair[place + 1 :]
        if sign == "/" and first in found and second in found and first != second:
            return found[first], found[second]
    raise Http404("No two competitors of this arena have these names.")


def list_competitors(arena: Arena) -> list[Competitor]:
    """Everybody who was ever in the arena: those that left keep their votes."""
    return list(Competitor.objects.filter(entries__arena=arena).order_by("name"))


def best_two(chosen: Selection) -> list[str]:
    """The names of the two best rated, or nothing."""
    snapshot = find_shown(chosen.boards.filter(category=""))
    if snapshot is None:
        return []
    ratings = snapshot.ratings.filter(component=0, votes__gt=0).select_related("competitor")
    # One lucky vote makes nobody the best.
    tried = [rating for rating in ratings if rating.votes >= RULE.min_votes] or list(ratings)
    names = [rating.competitor.name for rating in tried[:2]]
    return names if len(names) == 2 else []


def describe_lines(
    chosen: Selection, first: Competitor, second: Competitor, lines: Sequence[Line]
) -> dict[str, Any]:
    """The page's figures as data; shares and points are from the first one's side."""
    return {
        "arena": chosen.arena.slug,
        "question": chosen.question.key,
        "rater_kinds": chosen.kinds,
        "first": first.name,
        "second": second.name,
        "rows": [
            {**asdict(line), "as_losses": asdict(line.as_losses) if line.as_losses else None}
            for line in lines
        ],
    }


def describe_jobs(chosen: Selection, limits: Limits, jobs: Sequence[Job]) -> dict[str, Any]:
    """The page's figures as data: by category the best that fits, and its equals."""
    return {
        "arena": chosen.arena.slug,
        "question": chosen.question.key,
        "rater_kinds": chosen.kinds,
        "limits": asdict(limits),
        "jobs": [
            {
                "category": job.category,
                "beyond": job.beyond,
                "worse": job.worse,
                "options": [
                    {
                        "model": option.competitor.name,
                        "rating": option.rating.rating,
                        "below_best": asdict(option.gap) if option.gap else None,
                        **asdict(option.cost),
                    }
                    for option in job.options
                ],
            }
            for job in jobs
        ],
    }
