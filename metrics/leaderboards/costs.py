"""What a picture cost and how long it took, by competitor and category."""

from dataclasses import dataclass

from django.db.models import Avg, Count

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.candidates.progress import Median
from arenas.definitions.models import Arena


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one finished candidate: USD on average, and the median of seconds; None if unknown."""

    candidates: int
    usd: float | None
    seconds: float | None


NO_COST = Cost(0, None, None)


def measure_costs(arena: Arena) -> dict[tuple[int, str], Cost]:
    """By (competitor id, category); the category "" stands for all prompts."""
    done = select_candidates(arena).filter(status=Candidate.Status.DONE).order_by()
    figures = {"n": Count("pk"), "usd": Avg("cost_usd"), "median": Median("seconds")}
    rows = [
        *done.values_list("competitor_id", "prompt__category").annotate(**figures),
        *((pk, "", *rest) for pk, *rest in done.values_list("competitor_id").annotate(**figures)),
    ]
    return {
        (competitor, category): Cost(n, None if usd is None else float(usd), seconds)
        for competitor, category, n, usd, seconds in rows
    }
