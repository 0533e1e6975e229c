"""Search the votes of people on one question for raters whom no honest taste explains."""

import logging
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import F

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Outcome, Question
from arenas.quality.models import AnomalyLook, RaterReview
from arenas.quality.review import Finding, raise_once, review_new, review_raters
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import STANDING, Vote
from metrics.stats.comparisons import Comparisons
from metrics.stats.comparisons import Outcome as Code
from metrics.stats.methods.base import NotConverged
from metrics.stats.rigging import Suspicion, find_riggers

logger = logging.getLogger(__name__)

CODES = {
    Outcome.MODEL_A: Code.MODEL_A, Outcome.MODEL_B: Code.MODEL_B,
    Outcome.TIE: Code.TIE, Outcome.BOTH_BAD: Code.BOTH_BAD,
}  # fmt: skip
# How much must be new before the next look: that share of the votes, and so many.
GROWTH, FEWEST = 0.02, 50


def review_all(*, most: int, now: datetime) -> None:
    """Review the raters of the next `most` new votes, then search the arenas that they are in."""
    for arena in Arena.objects.filter(pk__in=review_new(most=most, now=now)):
        look_for_riggers(arena, now=now)


def review_arena(arena: Arena, *, now: datetime) -> None:
    """Review all raters of the arena, whatever was done before, then search it."""
    votes = Vote.objects.filter(arena=arena, source=Vote.Source.SITE)
    review_raters(arena, {pk or 0 for pk in votes.values_list("rater", flat=True)}, now=now)
    look_for_riggers(arena, now=now)


def look_for_riggers(arena: Arena, *, now: datetime) -> int:
    """Search each question that has grown enough; return how many raters were found."""
    return sum(
        look_at(arena, question, now=now) for question in arena.questions.filter(retired_at=None)
    )


def look_at(arena: Arena, question: Question, *, now: datetime) -> int:
    votes = Vote.objects.filter(
        STANDING, arena=arena, question=question, source=Vote.Source.SITE,
        rater_kind=RaterKind.PERSON, ballot__kind="normal",
    ).exclude(winner="").exclude(competitor_a=F("competitor_b"))  # fmt: skip
    number = votes.count()
    last = AnomalyLook.objects.filter(question=question).first()
    if number - (last.votes if last else 0) < max(FEWEST, GROWTH * number):
        return 0
    rows = votes.values_list("rater", "competitor_a", "competitor_b", "winner").order_by("pk")
    try:
        found = find_in(list(rows.iterator()))
    except NotConverged as error:
        logger.warning("no search for rigged votes on %s: %s", question, error)
        found = {}
    keep(arena, question, found, votes=number, now=now)
    return len(found)


def find_in(rows: list[tuple[int, int, int, str]]) -> dict[int, Suspicion]:
    """By rater the suspicion that their votes raise; rows are rater, two competitors, winner."""
    raters, rater = np.unique([row[0] for row in rows], return_inverse=True)
    models, sides = np.unique([row[1:3] for row in rows], return_inverse=True)
    a, b = sides.reshape(-1, 2).T
    names = Competitor.objects.in_bulk(models.tolist())
    comparisons = Comparisons.from_codes(
        [names[pk].name for pk in models.tolist()],
        a,
        b,
        [CODES[Outcome(row[3])] for row in rows],
        clusters={"rater": rater},
    )
    return {int(raters[each.rater]): each for each in find_riggers(comparisons)}


@transaction.atomic
def keep(
    arena: Arena, question: Question, found: dict[int, Suspicion], *, votes: int, now: datetime
) -> None:
    """Write down the look, and flag whom it found."""
    AnomalyLook.objects.update_or_create(
        question=question, defaults={"arena": arena, "votes": votes, "looked_at": now}
    )
    raters = Rater.objects.filter(pk__in=found).order_by("pk").select_for_update(no_key=True)
    for rater in raters:
        suspicion = found[rater.pk]
        review, _ = RaterReview.objects.get_or_create(
            arena=arena, rater=rater, defaults={"seq": 0, "figures": {}, "reviewed_at": now}
        )
        finding = Finding(f"{suspicion.reason} ({question.key}).", suspicion.votes)
        review.findings["anomaly"] = finding.reason
        review.save(update_fields=["findings"])
        raise_once(review, "anomaly", finding, now=now)
