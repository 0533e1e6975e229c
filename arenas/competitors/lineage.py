"""Where a competitor comes from: those it was made from, and the suites they learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from arenas.competitors.models import Competitor


@dataclass(frozen=True, slots=True)
class Series:
    """A series of checkpoints by its name, with its members."""

    name: str
    members: Sequence[Competitor]

    @property
    def last(self) -> int | None:
        """The last step."""
        return max((each.step for each in self.members if each.step is not None), default=None)


def list_series() -> list[Series]:
    found: dict[str, list[Competitor]] = {}
    for each in Competitor.objects.exclude(series="").order_by("series", "name"):
        found.setdefault(each.series, []).append(each)
    return [Series(name, members) for name, members in found.items()]


def list_taught() -> list[Competitor]:
    """The competitors of no series that were made from another one, or learned from a suite."""
    stated = Q(parent__isnull=False) | ~Q(trained_on=[])
    return list(Competitor.objects.filter(stated, series="").select_related("parent"))


def find_ancestors(competitor: Competitor) -> list[Competitor]:
    """Those that it was made from, the nearest first, each once."""
    found: list[Competitor] = []
    seen = {competitor.pk}
    current = competitor.parent
    while current and current.pk not in seen:
        seen.add(current.pk)
        found.append(current)
        current = current.parent
    return found


def list_suites_seen(competitor: Competitor) -> dict[str, Competitor]:
    """The suites that it has learned from, itself or by an ancestor, each with the nearest one."""
    line = [competitor, *find_ancestors(competitor)]
    return {suite: each for each in reversed(line) for suite in each.trained_on}
