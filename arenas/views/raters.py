"""The raters of an arena: what their votes say of them, and flags. Staff only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from arenas.definitions.models import Arena
from arenas.quality.gold import find_whole
from arenas.quality.measure import measure_raters
from arenas.quality.models import RaterReview
from arenas.quality.review import count_votes, find_all, keep_anomaly
from arenas.quality.table import SORTS, Shares, list_rows, measure_noise
from arenas.raters.models import Rater
from arenas.views.access import staff_only
from arenas.votes.flag import FlagRefused, lift_flag, raise_flag
from arenas.votes.judge import judge
from arenas.votes.models import STANDING, Flag, Vote

PAGE, LAST = 50, 20
HEADS = {
    "flags": "Flags", "votes": "Votes", "seconds": "Median s", "gold": "Gold right",
    "repeats": "Repeats agree", "mirrors": "Mirrors agree", "left": "Left", "ties": "Undecided",
    "agreement": "With others", "skips": "Skips", "lapses": "Lapses",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """A column that the table can be sorted by, with the query that does so."""

    name: str
    label: str
    query: str
    order: str  # ascending, descending, or nothing


@require_safe
@staff_only
def raters(request: HttpRequest, slug: str) -> HttpResponse:
    """Sorted by the query's `sort`, a name of SORTS; with `-` before it, from the top."""
    arena = get_object_or_404(Arena, slug=slug)
    asked = request.GET.get("sort", "-votes")
    name, falling = asked.removeprefix("-"), asked.startswith("-")
    if name not in SORTS:
        asked, name, falling = "-votes", "votes", True
    rows = list_rows(arena, sort=name, falling=falling)
    context = {
        "arena": arena,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "votes": sum(row.figures.votes for row in rows),
        "heads": [make_head(each, name, falling=falling) for each in HEADS],
        "sort": asked,
        "noise": measure_noise(arena),
        "golds": Counter(gold.get_kind_display().lower() for gold in find_whole(arena)).items(),
        "rules": arena.voting.quality,
        "reviewed_at": RaterReview.objects.filter(arena=arena).aggregate(at=Max("reviewed_at"))[
            "at"
        ],
    }
    return render(request, "arenas/raters.html", context)


def make_head(name: str, sorted_by: str, *, falling: bool) -> Head:
    """Who presses it first sees the largest, and then the smallest."""
    current = name == sorted_by
    order = ("descending" if falling else "ascending") if current else ""
    return Head(name, HEADS[name], name if current and falling else f"-{name}", order)


class FlagForm(forms.Form):
    """What staff say against a rater, or take back: `flag` is the one to lift."""

    reason = forms.CharField(max_length=300)
    flag = forms.ModelChoiceField(Flag.objects.filter(lifts=None), required=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staff_only
def rater(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """One rater's figures and flags; a POST raises a flag, or lifts the one that it names."""
    arena = get_object_or_404(Arena, slug=slug)
    found = get_object_or_404(Rater, key=key)
    if request.method == "POST":
        mark(request, found)
        return redirect("rater", arena.slug, found.key)
    figures = measure_raters(arena, [found.pk])[found.pk]
    total = count_votes(arena)
    findings = find_all(figures, arena.voting.quality, total=total)
    anomaly = keep_anomaly(RaterReview.objects.filter(arena=arena, rater=found).first())
    context = {
        "arena": arena,
        "rater": found,
        "part": arena.participations.filter(rater=found).first(),
        "figures": figures,
        "shares": Shares(figures, total),
        "findings": {name: each.reason for name, each in findings.items()} | anomaly,
        "rules": arena.voting.quality,
        "flags": found.flags.filter(lifts=None)
        .select_related("lifted_by", "arena")
        .order_by("-pk"),
        "rows": list_last(arena, found),
    }
    return render(request, "arenas/rater.html", context)


def mark(request: HttpRequest, found: Rater) -> None:
    """Raise or lift a flag, with the reason given; say what came of it."""
    form = FlagForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A reason is needed, of at most 300 characters.")
        return
    flag, reason = form.cleaned_data["flag"], form.cleaned_data["reason"]
    said = {"reason": reason, "by": request.user.get_username(), "now": timezone.now()}
    try:
        if flag is None:
            raise_flag(found, rule="manual", **said)
        elif flag.rater_id != found.pk:
            raise FlagRefused("this is a flag on somebody else")
        else:
            lift_flag(flag, **said)
    except FlagRefused as error:
        messages.error(request, f"Not done: {error}.")
        return
    done = "Lifted" if flag else "Flagged"
    messages.success(request, f"{done}. Boards follow with their next refresh.")


@dataclass(frozen=True, slots=True)
class Last:
    """One of the rater's latest votes; `right` says so of gold."""

    vote: Vote
    kind: str
    right: bool | None

    @property
    def seconds(self) -> float | None:
        return None if self.vote.response_ms is None else self.vote.response_ms / 1000


def list_last(arena: Arena, found: Rater) -> Sequence[Last]:
    votes = Vote.objects.filter(STANDING, arena=arena, rater=found).order_by("-pk")
    related = ("question", "prompt", "competitor_a", "competitor_b", "ballot__gold")
    return [describe(vote) for vote in votes.select_related(*related)[:LAST]]


def describe(vote: Vote) -> Last:
    ballot = vote.ballot
    if ballot is None:
        return Last(vote, vote.source, None)
    if ballot.gold is None:
        return Last(vote, ballot.kind, None)
    kind = f"{ballot.kind}: {ballot.gold.get_kind_display().lower()}"
    return Last(vote, kind, judge(ballot, ballot.gold.kind, vote.winner))
