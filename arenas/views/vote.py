"""The vote page: one ballot, one answer, and the next ballot in the same response."""

import json
import random
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from psycopg.errors import ForeignKeyViolation

from arenas.battles.draw import recall_battles
from arenas.battles.serve import top_up
from arenas.battles.sitting import Sitting, sit_down
from arenas.battles.stock import Stock, find_stock
from arenas.definitions.models import Arena
from arenas.raters.admit import HasLeft, NotInvited, accept_invitation, is_limited
from arenas.raters.finish import end
from arenas.raters.models import Participation
from arenas.views.access import find_rater, read_rater_key, remember_rater
from arenas.views.closed import show_closed
from arenas.views.language import in_raters_language
from arenas.views.show import (
    Undo,
    find_undo,
    list_ahead,
    list_outcomes,
    list_reasons,
    offer_undo,
    show_ballot,
)
from arenas.views.start import find_part, keep, may_go_on, receive, show_door
from arenas.views.thank import is_done, thank
from arenas.votes.cast import Answer, Refused, Viewport, cast_in
from arenas.votes.judge import explain_practice
from arenas.votes.skip import skip_open
from arenas.votes.tidy import Spot
from arenas.votes.undo import Last, undo_last

# Sides and pairs must not be predictable from what a rater has seen.
RNG = random.SystemRandom()
MAX_ITEMS = 40
DEVICES = ("phone", "tablet", "desktop")


@dataclass(slots=True)
class Said:
    """What came of a rater's request: a notice where it was refused, an answer to take back."""

    notice: str = ""
    status: int = 200
    undo: Undo | None = None
    feedback: str = ""


@never_cache
@in_raters_language
@require_http_methods(["GET", "POST"])
def vote(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Show the rater's current ballot; a POST answers it, skips it or takes an answer back."""
    stock = find_stock_or_404(slug)
    if stock.arena.stage != Arena.Stage.OPEN:
        return show_closed(request, stock.arena)
    if request.GET and (arrived := receive(request, stock.arena)):
        return arrived
    try:
        return go_on(request, stock)
    except IntegrityError as error:
        if not isinstance(error.__cause__, ForeignKeyViolation):
            raise
        # After a backup of the database was restored, a number known by heart can name nothing,
        # which the commit finds. Nothing of the request has happened then.
        recall_battles.cache_clear()
        return go_on(request, stock)


def go_on(request: HttpRequest, stock: Stock) -> HttpResponseBase:
    with transaction.atomic():
        participation = find_part(request, stock.arena, begins=True)
        if participation is None or not may_go_on(participation, stock.arena):
            return show_door(request, stock.arena, participation)
        sitting = sit_down(stock, participation, now=timezone.now())
        said = act(request, sitting) if request.method == "POST" else Said(undo=find_undo(sitting))
        if participation.state != Participation.State.VOTING:
            return show_door(request, stock.arena, participation)
        top_up(sitting, RNG)
        if request.method == "POST" and is_done(sitting):
            end(participation, participation.state, now=sitting.now)
    return keep(request, show_next(request, sitting, said), participation.rater)


def find_stock_or_404(slug: str) -> Stock:
    try:
        return find_stock(slug)
    except Arena.DoesNotExist:
        raise Http404("No such arena.") from None


def act(request: HttpRequest, sitting: Sitting) -> Said:
    """Do what the pressed button says. Nothing is written where it is refused."""
    form = request.POST
    try:
        if read_rater_key(request) != sitting.rater.key:
            raise Refused(
                gettext("Your browser did not send the cookie that it was given with this page.")
            )
        if "undo" in form:
            undo_last(sitting, form["undo"])
        elif "skip" in form:
            passed = skip_open(sitting, form.get("token", ""), form["skip"])
            return Said(undo=offer_undo(sitting, Last(passed, sitting.now, None)))
        else:
            cast = cast_in(sitting, read_answer(form, sitting))
            assert cast.ballot is not None
            undo = offer_undo(sitting, Last(cast.ballot, cast.created_at, cast))
            return Said(undo=undo, feedback=explain_practice(sitting, cast))
    except Refused as refusal:
        return Said(str(refusal), refusal.status)
    return Said()


def read_answer(form: QueryDict, sitting: Sitting) -> Answer:
    return Answer(
        token=form.get("token", ""),
        winner=form.get("winner", ""),
        question=form.get("question", ""),
        response_ms=read_number(form.get("response_ms", "")),
        tools=tuple(form.get("tools", "no-script").split()),
        ranking=tuple(
            read_number(form.get(f"place_{n}", "")) or 0 for n in range(count(form, "place_"))
        ),
        answers=tuple(form.get(f"answer_{n}", "") for n in range(count(form, "answer_"))),
        strength=read_number(form.get("strength", "")),
        reasons=read_reasons(form.getlist("reason")),
        spots=read_spots(form.get("spots", "")),
        comment=form.get("comment", ""),
        viewport=read_viewport(form.get("viewport", "")),
    )


def count(form: QueryDict, prefix: str) -> int:
    """How many fields there are of a name with a slot's number after it."""
    return sum(f"{prefix}{n}" in form for n in range(4))


def read_number(text: str) -> int | None:
    """A whole number of up to nine digits; anything else is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def read_reasons(given: list[str]) -> tuple[tuple[int, str], ...]:
    """Reasons as the chips send them: `0:misspelt` is said of the first slot."""
    parts = [text.partition(":") for text in given[:MAX_ITEMS]]
    return tuple(
        (slot, key) for number, _, key in parts if (slot := read_number(number)) is not None
    )


def read_spots(text: str) -> tuple[Spot, ...]:
    """Spots as the script sends them: a list of [slot, turn, part, x, y]."""
    try:
        given = json.loads(text[:20_000]) if text else []
        rows = given[:MAX_ITEMS] if isinstance(given, list) else []
        return tuple(
            (int(slot), int(turn), int(part), float(x), float(y)) for slot, turn, part, x, y in rows
        )
    except (ValueError, TypeError, OverflowError, RecursionError):
        return ()


def read_viewport(text: str) -> Viewport | None:
    """The device as the script describes it; anything else is none."""
    try:
        given = json.loads(text[:200]) if text else {}
        width, height, ratio = (float(given[name]) for name in ("width", "height", "ratio"))
        kind = given["kind"]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    is_sane = 0 < width < 32_768 and 0 < height < 32_768 and 0 < ratio <= 16 and kind in DEVICES
    return Viewport(round(width), round(height), round(ratio, 2), kind) if is_sane else None


def show_next(request: HttpRequest, sitting: Sitting, said: Said) -> HttpResponse:
    voting, language = sitting.stock.arena.voting, get_language() or "en"
    ballot = sitting.open[0] if sitting.open else None
    context: dict[str, Any] = {
        "arena": sitting.stock.arena,
        "voting": voting,
        "ballot": show_ballot(sitting, ballot) if ballot else None,
        "ahead": list_ahead(sitting),
        "outcomes": list_outcomes(sitting.stock.arena.outcomes),
        "skip_reasons": list_reasons(voting.skip_reasons, "", language),
        "undo": said.undo,
        "answered": sitting.answered,
        "quota": sitting.quota,
        "thanks": None if ballot else thank(sitting),
        "notice": said.notice,
        "feedback": said.feedback,
        "status": said.status,
    }
    # htmx swaps the fragment in; without scripts the same answer is a whole page.
    fragment = request.headers.get("HX-Request") == "true"
    template = "arenas/_ballot.html" if fragment else "arenas/vote.html"
    # A refused answer still brings the next pair, and htmx swaps in only successful responses.
    return render(request, template, context, status=200 if fragment else said.status)


@never_cache
@in_raters_language
@require_http_methods(["GET", "POST"])
def join_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation link, and go on to the arena's vote page.

    A link for a limited number of raters asks for a click first: chat programs open links too.
    """
    if request.method == "GET" and is_limited(token):
        return render(request, "arenas/join.html")
    try:
        participation = accept_invitation(token, find_rater(request), now=timezone.now())
    except NotInvited as error:
        return render(request, "arenas/not_invited.html", {"message": str(error)}, status=403)
    except HasLeft:
        return redirect("mine")  # which says that nothing is stored any more
    response = redirect("vote", slug=participation.arena.slug)
    remember_rater(response, participation.rater)
    return response
