"""The vote page: one pair, one answer, and the next pair in the same response."""

import random
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from arenas.battles.models import Ballot
from arenas.battles.serve import count_answered, derive_token, find_parts, hold_ballots
from arenas.candidates.models import Part
from arenas.definitions.models import Arena, Outcome, Question
from arenas.raters.admit import NotInvited, accept_invitation, is_limited, may_vote
from arenas.raters.models import Rater
from arenas.suites.models import PromptReference
from arenas.views.access import find_rater, remember_rater
from arenas.views.images import show_reference_urls
from arenas.votes.cast import Answer, Refused, cast, questions_of

# Sides and pairs must not be predictable from what a rater has seen.
RNG = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the page shows of a ballot, and nothing that names a competitor."""

    token: str
    question: Question
    turns: list[str]
    references: list[dict[str, str]]
    sides: list[tuple[str, list[Part]]]
    asked: int
    questions: int


@never_cache
@require_http_methods(["GET", "POST"])
def vote(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rater's current pair; a POST answers it first."""
    arena = get_object_or_404(Arena.objects.select_related("profile", "suite_version"), slug=slug)
    rater = find_rater(request)
    if not may_vote(arena, rater):
        return render(request, "arenas/not_invited.html", {"arena": arena}, status=403)
    notice, status = "", 200
    if request.method == "POST":
        try:
            cast(arena, require_rater(rater), read_answer(request), now=timezone.now())
        except Refused as refusal:
            notice, status = str(refusal), refusal.status
    is_new = rater is None
    rater = rater or Rater.objects.create()
    response = show_next(request, arena, rater, notice, status)
    if is_new:
        remember_rater(response, rater)
    return response


def require_rater(rater: Rater | None) -> Rater:
    if rater is None:
        raise Refused("Your browser did not send the cookie that it was given with this page.")
    return rater


def read_answer(request: HttpRequest) -> Answer:
    milliseconds = request.POST.get("response_ms", "")
    return Answer(
        token=request.POST.get("token", ""),
        winner=request.POST.get("winner", ""),
        question=request.POST.get("question", ""),
        response_ms=int(milliseconds) if milliseconds.isascii() and milliseconds.isdigit()
        and len(milliseconds) < 10 else None,
        tools=tuple(request.POST.get("tools", "no-script").split()),
    )  # fmt: skip


def show_next(
    request: HttpRequest, arena: Arena, rater: Rater, notice: str, status: int
) -> HttpResponse:
    ballots = hold_ballots(arena, rater, now=timezone.now(), rng=RNG)
    parts = find_parts(ballots, arena)
    answered = count_answered(arena, rater)
    context = {
        "arena": arena,
        "ballot": describe_ballot(arena, ballots[0], parts) if ballots else None,
        "ahead": [url for ballot in ballots[1:] for url in list_images(ballot, parts)],
        "outcomes": [(name, Outcome(name).label) for name in arena.outcomes],
        "answered": answered,
        "quota": arena.votes_per_rater,
        "notice": notice,
        "status": status,
    }
    # htmx swaps the fragment in; without scripts the same answer is a whole page.
    fragment = request.headers.get("HX-Request") == "true"
    template = "arenas/_ballot.html" if fragment else "arenas/vote.html"
    # A refused answer still brings the next pair, and htmx swaps in only successful responses.
    return render(request, template, context, status=200 if fragment else status)


def describe_ballot(arena: Arena, ballot: Ballot, parts: dict[int, list[Part]]) -> Shown:
    questions = questions_of(arena, ballot)
    answered = set(ballot.votes.values_list("question_id", flat=True))
    open_questions = [question for question in questions if question.pk not in answered]
    prompt = ballot.battle.prompt
    references: QuerySet[PromptReference] = prompt.references.select_related("image")
    names = ("Left", "Right")
    return Shown(
        token=derive_token(ballot.nonce),
        question=(open_questions or questions)[0],
        turns=list(prompt.turns),
        references=show_reference_urls(arena, references),
        sides=[
            (name, parts.get(candidate.pk, []))
            for name, candidate in zip(names, ballot.shown, strict=True)
        ],
        asked=len(questions) - len(open_questions) + 1,
        questions=len(questions),
    )


def list_images(ballot: Ballot, parts: dict[int, list[Part]]) -> list[str]:
    """The addresses of a ballot's images, for fetching ahead."""
    shown = [part for candidate in ballot.shown for part in parts.get(candidate.pk, [])]
    return [
        reverse("image", args=[part.shown.sha256])  # type: ignore[attr-defined]
        for part in shown
        if part.image_id
    ]


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation link, and go on to the arena's vote page.

    A link for a limited number of raters asks for a click first: chat programs open links too.
    """
    if request.method == "GET" and is_limited(token):
        return render(request, "arenas/join.html")
    try:
        admission = accept_invitation(token, find_rater(request), now=timezone.now())
    except NotInvited as error:
        return render(request, "arenas/not_invited.html", {"message": str(error)}, status=403)
    response = redirect("vote", slug=admission.arena.slug)
    remember_rater(response, admission.rater)
    return response
