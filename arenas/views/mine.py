"""What is stored about the person who asks: to see, to take along, and to delete."""

from typing import Any

from django.contrib.auth import logout
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from arenas.raters.models import Person, Rater
from arenas.views.access import COOKIE, HOME, find_rater, is_home
from arenas.views.language import in_raters_language
from arenas.votes.disclose import disclose_votes
from arenas.votes.models import Comment
from arenas.votes.withdraw import withdraw


@never_cache
@in_raters_language
@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """Show it; a confirmed POST deletes it."""
    rater = find_me(request)
    if rater is None:
        return render(request, "arenas/mine.html", {"rater": None})
    trusted = is_trusted(request, rater)
    if trusted and "confirm" in request.POST:
        return forget(request, rater)
    refused = request.method == "POST"
    context = {**describe(rater), "trusted": trusted, "unconfirmed": refused}
    status = (400 if trusted else 403) if refused else 200
    return render(request, "arenas/mine.html", context, status=status)


@never_cache
@require_safe
def votes(request: HttpRequest) -> HttpResponse:
    """The rater's own votes, as a file."""
    rater = find_me(request)
    if rater is None:
        raise Http404("Nothing is stored about you here.")
    told = disclose_votes(rater)
    if not is_trusted(request, rater):
        told = [{**vote, "comment": None} for vote in told]
    response = JsonResponse(told, safe=False, json_dumps_params={"indent": 1})
    response["Content-Disposition"] = 'attachment; filename="votes.json"'
    return response


def find_me(request: HttpRequest) -> Rater | None:
    """By the browser's cookie; without one, by the account."""
    found = find_rater(request)
    if found or not request.user.is_authenticated:
        return found
    return Rater.objects.filter(person__user=request.user, withdrawn_at=None).first()


def is_trusted(request: HttpRequest, rater: Rater) -> bool:
    """Whether the browser shows more than a platform's address, which others may know."""
    by_address = Person.objects.filter(rater=rater).exclude(participant="").exists()
    return not by_address or is_home(request, rater)


def describe(rater: Rater) -> dict[str, Any]:
    counts = rater.votes.order_by().values_list("arena").annotate(Count("pk"))
    votes = dict(counts)
    parts = rater.participations.select_related("arena").order_by("created_at")
    return {
        "rater": rater,
        "person": Person.objects.select_related("user").filter(rater=rater).first(),
        "parts": [(part, votes.get(part.arena_id, 0)) for part in parts],
        "comments": Comment.objects.filter(vote__rater=rater).count(),
    }


def forget(request: HttpRequest, rater: Rater) -> HttpResponse:
    withdraw(rater, keep_votes="leave_out" not in request.POST, now=timezone.now())
    if not request.user.is_staff:
        logout(request)
    response = render(request, "arenas/withdrawn.html")
    for cookie in (COOKIE, HOME):
        response.delete_cookie(cookie, samesite="Lax")
    return response
