"""The judges of an arena: how far they are, what they cost, how far they may be trusted."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from arenas.definitions.models import Arena
from arenas.definitions.seats import Seat
from arenas.judging.budget import select_judgments
from arenas.judging.measure import list_reports
from arenas.judging.models import JudgmentStatus
from arenas.judging.words import PROMPT_VERSION
from arenas.views.access import staff_only

TROUBLES = (JudgmentStatus.REFUSED, JudgmentStatus.MALFORMED, JudgmentStatus.FAILED)
LISTED = 20


@never_cache
@require_safe
@staff_only
def judges(request: HttpRequest, slug: str) -> HttpResponse:
    arena = get_object_or_404(Arena.objects.select_related("profile"), slug=slug)
    seats = Seat.objects.filter(arena=arena, left_at=None).select_related("judge", "arena")
    rows = [
        {"report": each, "troubles": select_judgments(each.seat).filter(status__in=TROUBLES)
         .select_related("battle__prompt").order_by("-finished_at")[:LISTED]}
        for each in list_reports(seats.order_by("pk"))
    ]  # fmt: skip
    context = {
        "arena": arena,
        "rows": rows,
        "left": Seat.objects.filter(arena=arena).exclude(left_at=None).select_related("judge"),
        "version": PROMPT_VERSION,
    }
    return render(request, "arenas/judges.html", context)
