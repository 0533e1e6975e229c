"""What a check or judge costs: measured when the court sits, for the pages to read.

Where it has not sat, a judge's answers are few, and are summed up at once.
"""

from dataclasses import dataclass

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from arenas.candidates.models import Part
from metrics.court.subjects import Subject, find_results, select_judgments


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one image, on average over `images`; None where nothing is recorded."""

    images: int
    seconds: float | None = None
    usd: float | None = None


def measure_cost(subject: Subject) -> Cost:
    """Of a check from its present version's own results, of a judge from what it was asked."""
    if subject.check is None:
        return measure_judge_cost(subject)
    results = find_results(subject).filter(copied=False)
    images = Part.objects.filter(
        candidate__in=results.order_by().values("candidate"), image__isnull=False, thought=False
    ).count()
    found = results.aggregate(
        seconds=Sum(Coalesce("cpu_seconds", "seconds")), usd=Sum("cost_usd", default=0)
    )
    if not images:
        return Cost(0)
    return Cost(images, found["seconds"] / images, float(found["usd"]) / images)


def measure_judge_cost(subject: Subject) -> Cost:
    """Each question shows both candidates of a pair; what was copied cost nothing."""
    asked = select_judgments(subject).filter(copied_from=None)
    found = asked.aggregate(number=Count("pk"), usd=Sum("cost_usd"))
    images = 2 * found["number"]
    return Cost(images, usd=float(found["usd"]) / images) if images else Cost(0)
