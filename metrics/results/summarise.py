"""What a check says of each competitor in an arena, and on how much it rests."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import DatabaseError
from django.db.models import QuerySet

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Measure
from metrics.results.asking import make_check
from metrics.results.models import CheckResult
from metrics.results.run import find_prompts
from metrics.stats.means import Mean, estimate_mean

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckColumn:
    """A check beside the ratings: its headline measure, and its mean per competitor.

    `prompts` is how many of the arena's prompts the check is for, and `measured` on how many
    of them it could measure any candidate; `cells` maps a competitor to what was measured.
    """

    name: str
    title: str
    version: str
    measure: Measure
    prompts: int
    measured: int
    cells: dict[int, "CheckCell"]


@dataclass(frozen=True, slots=True)
class CheckCell:
    """Of a competitor: `done` candidates, on how many the check was tried and could measure.

    `estimate` is their mean, with the interval of the prompts' spread (None without any).
    """

    estimate: Mean | None
    measured: int
    tried: int
    done: int

    @property
    def mean(self) -> float | None:
        return self.estimate.value if self.estimate else None

    @property
    def reach(self) -> float | None:
        """How far the interval goes from the mean, on the side where it goes farther."""
        if self.estimate is None or self.estimate.lower is None or self.estimate.upper is None:
            return None
        mean = self.estimate.value
        return max(mean - self.estimate.lower, self.estimate.upper - mean)

    @property
    def not_measurable(self) -> float | None:
        """The share of what was tried."""
        return 1 - self.measured / self.tried if self.tried else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A candidate that a check is for."""

    pk: int
    competitor: int
    prompt: int


def summarise_checks(arena: Arena, category: str = "") -> list[CheckColumn]:
    """The arena's checks, without those of which neither more nor less is better.

    A check that is gone, or fails, is logged and left out.
    """
    found = [summarise_or_log(arena, name, category) for name in arena.checks]
    return [column for column in found if column]


def summarise_or_log(arena: Arena, name: str, category: str) -> CheckColumn | None:
    try:
        if find_headline(make_check(name)).better:
            return summarise_check(arena, name, category)
    except DatabaseError:
        raise
    except Exception:  # a plug-in may raise anything; the board is more than its checks
        logger.exception("the check %s is left out of the boards of %s", name, arena.slug)
    return None


def find_headline(check: BaseCheck) -> Measure:
    return next(measure for measure in check.measures if measure.headline)


def summarise_check(arena: Arena, name: str, category: str = "") -> CheckColumn:
    """The check's headline measure per competitor, over the candidates of one category or all."""
    return summarise_categories(arena, name, [category])[category]


def summarise_categories(
    arena: Arena, name: str, categories: Sequence[str]
) -> dict[str, CheckColumn]:
    """The same for each of the categories, all prompts being "", with one look at the rows."""
    check = make_check(name)
    known = dict(arena.prompts().values_list("pk", "category"))
    own = [pk for pk in find_prompts(arena, check) if {"", known[pk]} & set(categories)]
    rows = select_candidates(arena).filter(prompt__in=own, status=Candidate.Status.DONE)
    asked = [Asked(*row) for row in rows.values_list("pk", "competitor_id", "prompt_id")]
    values = read_values(name, check.version, find_headline(check).name, rows)
    columns = {}
    for category in categories:
        prompts = {pk for pk in own if category in ("", known[pk])}
        within = [each for each in asked if each.prompt in prompts]
        columns[category] = make_column(name, check, len(prompts), within, values)
    return columns


def make_column(
    name: str,
    check: BaseCheck,
    prompts: int,
    asked: list[Asked],
    values: Mapping[int, float | None],
) -> CheckColumn:
    measure = find_headline(check)
    cells = make_cells(asked, values, (measure.low, measure.high))
    return CheckColumn(
        name,
        check.title,
        check.version,
        measure,
        prompts,
        len({each.prompt for each in asked if values.get(each.pk) is not None}),
        cells,
    )


def read_values(
    name: str, version: str, measure: str, rows: QuerySet[Candidate]
) -> dict[int, float | None]:
    """By candidate that was tried: the measured value, or None where there is none."""
    results = CheckResult.objects.filter(
        check_name=name, version=version, candidate__in=rows.order_by().values("pk")
    ).values_list("candidate_id", "values")
    return {candidate: found.get(measure) for candidate, found in results}


def make_cells(
    asked: Iterable[Asked], values: Mapping[int, float | None], possible: tuple[float, float]
) -> dict[int, CheckCell]:
    by_competitor: dict[int, list[Asked]] = {}
    for each in asked:
        by_competitor.setdefault(each.competitor, []).append(each)
    return {
        competitor: make_cell(own, values, possible) for competitor, own in by_competitor.items()
    }


def make_cell(
    asked: list[Asked], values: Mapping[int, float | None], possible: tuple[float, float]
) -> CheckCell:
    measured = [
        (value, each.prompt) for each in asked if (value := values.get(each.pk)) is not None
    ]
    return CheckCell(
        estimate_mean(
            [value for value, _ in measured], [prompt for _, prompt in measured], possible=possible
        ),
        len(measured),
        sum(each.pk in values for each in asked),
        len(asked),
    )
