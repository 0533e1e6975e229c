"""What a check says of each competitor in an arena, and on how much it rests."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from django.db.models import QuerySet

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Measure, make_check
from metrics.results.models import CheckResult
from metrics.results.run import find_prompts


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
    """`mean` over the measured candidates (None without any); `done` could have been measured."""

    mean: float | None
    measured: int
    done: int


def summarise_checks(arena: Arena, category: str = "") -> list[CheckColumn]:
    """The arena's checks, without those of which neither more nor less is better."""
    return [
        summarise_check(arena, name, category)
        for name in arena.checks
        if find_headline(make_check(name)).better
    ]


def find_headline(check: BaseCheck) -> Measure:
    return next(measure for measure in check.measures if measure.headline)


def summarise_check(arena: Arena, name: str, category: str = "") -> CheckColumn:
    """The check's headline measure per competitor, over the candidates of one category or all."""
    check = make_check(name)
    measure = find_headline(check)
    prompts = set(find_prompts(arena, check))
    if category:
        prompts &= set(arena.prompts().filter(category=category).values_list("pk", flat=True))
    candidates = select_candidates(arena).filter(prompt__in=prompts, status=Candidate.Status.DONE)
    done: dict[int, list[int]] = {}
    asked: dict[int, int] = {}
    for pk, competitor, prompt in candidates.values_list("pk", "competitor_id", "prompt_id"):
        done.setdefault(competitor, []).append(pk)
        asked[pk] = prompt
    values = read_values(name, check.version, measure.name, candidates)
    cells = {competitor: make_cell(pks, values) for competitor, pks in done.items()}
    measured = {asked[pk] for pk in values}
    return CheckColumn(
        name, check.title, check.version, measure, len(prompts), len(measured), cells
    )


def read_values(
    name: str, version: str, measure: str, rows: QuerySet[Candidate]
) -> dict[int, float]:
    results = CheckResult.objects.filter(
        check_name=name, version=version, candidate__in=rows.values("pk")
    ).values_list("candidate_id", "values")
    return {candidate: found[measure] for candidate, found in results if measure in found}


def make_cell(candidates: Iterable[int], values: dict[int, float]) -> CheckCell:
    pks = list(candidates)
    measured = [values[pk] for pk in pks if pk in values]
    return CheckCell(fmean(measured) if measured else None, len(measured), len(pks))
