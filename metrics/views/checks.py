"""How far each automated check and each judge is trusted, by people's votes. Public."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from metrics.court.card import list_examples, read_card
from metrics.court.hear import count_votes
from metrics.court.present import read_present
from metrics.court.subjects import find_subject, list_descriptive, list_subjects
from metrics.stats.court import CEILING_SHARE, LEAST_ACCURACY
from metrics.stats.court_rule import guess_need

RULE = {"least_accuracy": LEAST_ACCURACY, "ceiling_share": CEILING_SHARE}


@never_cache
@require_safe
def checks(request: HttpRequest) -> HttpResponse:
    """Every check and judge with its state; nothing is computed from votes here."""
    present = read_present()
    context = {
        "cards": [read_card(subject, present) for subject in list_subjects()],
        "descriptive": list_descriptive(),
        "votes": count_votes(),
        "need": guess_need(),
        "rule": RULE,
    }
    return render(request, "metrics/checks.html", context)


@never_cache
@require_safe
def check(request: HttpRequest, name: str) -> HttpResponse:
    try:
        subject = find_subject(name)
    except ValueError as error:
        raise Http404(str(error)) from error
    card = read_card(subject, read_present())
    staff = request.user.is_authenticated and request.user.is_staff
    context = {
        "card": card,
        "examples": list_examples(card.overall.figures) if staff else [],
        "rule": RULE,
        "need": guess_need(),
    }
    return render(request, "metrics/check.html", context)
