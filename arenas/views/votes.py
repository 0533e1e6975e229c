"""The votes behind a number, each with the pictures it was about. Staff only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arenas.battles.models import Ballot, Battle
from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from arenas.exports.write import FORMATS
from arenas.images.models import Image
from arenas.views.access import staff_only
from arenas.votes.models import STANDING, Vote

PAGE = 25
FILTERS = ("first", "second", "category", "prompt", "rater", "seq")
LONGEST = 200  # no name, key or category is longer


@dataclass(frozen=True, slots=True)
class ShownSide:
    """A picture as it was shown, whose it is, and what was said of it."""

    name: str
    images: Sequence[Image]
    said: str
    is_best: bool


@require_safe
@staff_only
def votes(request: HttpRequest, slug: str) -> HttpResponse:
    """Narrowed by the query: `first`, `second`, `category`, `prompt`, `rater`, `seq` (commas)."""
    arena = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    filters = read_filters(request.GET)
    page = Paginator(select_votes(arena, filters), PAGE).get_page(request.GET.get("page"))
    shown = list(page)
    images, makers = find_images(shown), find_makers(shown)
    context = {
        "arena": arena,
        "page": page,
        "rows": [(vote, list_sides(vote, makers, images), tell_about(vote)) for vote in shown],
        "filters": filters.items(),
        "rest": urlencode(filters),
        "formats": FORMATS,
    }
    return render(request, "arenas/votes.html", context)


def list_sides(
    vote: Vote, makers: Mapping[int, str], images: Mapping[int, Sequence[Image]]
) -> list[ShownSide]:
    """What was shown, the first on the left; without pictures, the two competitors."""
    pks = list_candidates(vote) or [0, 0]
    names = [makers.get(pk, "") for pk in pks]
    if len(pks) == 2:  # of an imported vote nothing else is known
        names = [vote.competitor_a.name, vote.competitor_b.name]
    said = [str(each) for each in vote.ranking or vote.answers or [""] * len(pks)]
    reasons = [[key for slot, key in vote.reasons if slot == n] for n in range(len(pks))]
    best = {"model_a": [0], "model_b": [1]}.get(vote.winner, [])
    if vote.ranking:
        best = [slot for slot, tier in enumerate(vote.ranking) if tier == 1]
    return [
        ShownSide(
            name, images.get(pk, []), " · ".join(filter(None, [said[n], *reasons[n]])), n in best
        )
        for n, (pk, name) in enumerate(zip(pks, names, strict=True))
    ]


def tell_about(vote: Vote) -> list[str]:
    """What a ballot was for, where that is not the usual; and strength."""
    ballot = vote.ballot
    return [
        *([ballot.kind] if ballot and ballot.kind != Ballot.Kind.NORMAL else []),
        *(["A/A"] if vote.competitor_a_id == vote.competitor_b_id else []),
        *([f"strength {vote.strength}"] if vote.strength else []),
    ]


def list_candidates(vote: Vote) -> list[int]:
    """The candidates on show by slot; none where votes have no pictures."""
    if vote.ballot:
        return list(vote.ballot.candidates)
    return [pk for pk in (vote.candidate_a_id, vote.candidate_b_id) if pk]


def read_filters(query: QueryDict) -> dict[str, str]:
    """What the query narrows by; a value that no row can have counts as not asked for."""
    asked = {name: query.get(name, "") for name in FILTERS}
    return {name: value for name, value in asked.items() if value and is_possible(name, value)}


def is_possible(name: str, value: str) -> bool:
    """Whether the database can hold such a value; lists of numbers may be long."""
    return "\0" not in value and (name == "seq" or len(value) <= LONGEST)


def select_votes(arena: Arena, asked: Mapping[str, str]) -> QuerySet[Vote]:
    """The votes that stand, newest first."""
    found = Vote.objects.filter(STANDING, arena=arena)
    for name in (asked.get("first"), asked.get("second")):
        if name:
            found = found.filter(
                Q(competitor_a__name=name)
                | Q(competitor_b__name=name)
                | Q(ballot__battle__in=in_sets(name))
            )
    if category := asked.get("category"):
        found = found.filter(prompt__category=category)
    if prompt := asked.get("prompt"):
        found = found.filter(prompt__key=prompt)
    if rater := asked.get("rater"):
        found = found.filter(Q(rater__key=rater) | Q(rater__name=rater))
    if numbers := asked.get("seq"):
        known = [int(n) for n in numbers.split(",") if n.isdecimal() and len(n) < 19]
        found = found.filter(seq__in=known)
    related = ("question", "prompt", "rater", "competitor_a", "competitor_b", "ballot", "comment")
    return found.select_related(*related).order_by("-pk")


def in_sets(name: str) -> QuerySet[Battle]:
    """The battles of three or four that the competitor was in."""
    members = ("first", "second", "third", "fourth")
    where = [Q(**{f"{member}__competitor__name": name}) for member in members]
    return Battle.objects.exclude(third=None).filter(where[0] | where[1] | where[2] | where[3])


def find_images(shown: Sequence[Vote]) -> dict[int, list[Image]]:
    """The pictures of each candidate, in order."""
    candidates = {pk for vote in shown for pk in list_candidates(vote)}
    parts = Part.objects.filter(candidate__in=candidates, thought=False)
    images: dict[int, list[Image]] = {}
    for part in parts.exclude(image=None).select_related("image").order_by("turn", "position"):
        assert part.image is not None
        images.setdefault(part.candidate_id, []).append(part.image)
    return images


def find_makers(shown: Sequence[Vote]) -> dict[int, str]:
    candidates = {pk for vote in shown for pk in list_candidates(vote)}
    rows = Candidate.objects.filter(pk__in=candidates)
    return dict(rows.values_list("pk", "competitor__name"))
