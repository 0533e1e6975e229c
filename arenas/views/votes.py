"""The votes behind a number, each with the pictures it was about. Staff only."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arenas.candidates.models import Part
from arenas.definitions.models import Arena
from arenas.images.models import Image
from arenas.views.access import staff_only
from arenas.votes.models import Vote

PAGE = 25
FILTERS = ("first", "second", "category", "prompt", "rater", "seq")
LONGEST = 200  # no name, key or category is longer


@require_safe
@staff_only
def votes(request: HttpRequest, slug: str) -> HttpResponse:
    """Narrowed by the query: `first`, `second`, `category`, `prompt`, `rater`, `seq` (commas)."""
    arena = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    filters = read_filters(request.GET)
    page = Paginator(select_votes(arena, filters), PAGE).get_page(request.GET.get("page"))
    images = find_images(list(page))
    context = {
        "arena": arena,
        "page": page,
        "rows": [
            (vote, images.get(vote.candidate_a_id, []), images.get(vote.candidate_b_id, []))
            for vote in page
        ],
        "filters": filters.items(),
        "rest": urlencode(filters),
    }
    return render(request, "arenas/votes.html", context)


def read_filters(query: QueryDict) -> dict[str, str]:
    """What the query narrows by; a value that no row can have counts as not asked for."""
    asked = {name: query.get(name, "") for name in FILTERS}
    return {name: value for name, value in asked.items() if value and is_possible(name, value)}


def is_possible(name: str, value: str) -> bool:
    """Whether the database can hold such a value; lists of numbers may be long."""
    return "\0" not in value and (name == "seq" or len(value) <= LONGEST)


def select_votes(arena: Arena, asked: Mapping[str, str]) -> QuerySet[Vote]:
    """The votes that stand, newest first."""
    found = Vote.objects.filter(arena=arena, revised_by=None)
    for name in (asked.get("first"), asked.get("second")):
        if name:
            found = found.filter(Q(competitor_a__name=name) | Q(competitor_b__name=name))
    if category := asked.get("category"):
        found = found.filter(prompt__category=category)
    if prompt := asked.get("prompt"):
        found = found.filter(prompt__key=prompt)
    if rater := asked.get("rater"):
        found = found.filter(Q(rater__key=rater) | Q(rater__name=rater))
    if numbers := asked.get("seq"):
        known = [int(n) for n in numbers.split(",") if n.isdecimal() and len(n) < 19]
        found = found.filter(seq__in=known)
    related = ("question", "prompt", "rater", "competitor_a", "competitor_b", "ballot")
    return found.select_related(*related).order_by("-pk")


def find_images(shown: list[Vote]) -> dict[int | None, list[Image]]:
    """The pictures of each candidate, in order."""
    candidates = {pk for vote in shown for pk in (vote.candidate_a_id, vote.candidate_b_id)}
    parts = Part.objects.filter(candidate__in=candidates - {None}, thought=False)
    images: dict[int | None, list[Image]] = {}
    for part in parts.exclude(image=None).select_related("image").order_by("turn", "position"):
        assert part.image is not None
        images.setdefault(part.candidate_id, []).append(part.image)
    return images
