"""All that checks say of a candidate, as its page shows it."""

from collections.abc import Iterable
from dataclasses import dataclass

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Measure, check_names
from metrics.results.asking import make_check
from metrics.results.contents import describe_prompt
from metrics.results.models import CheckResult
from metrics.results.summarise import find_headline


@dataclass(frozen=True, slots=True)
class Said:
    """One check on one candidate: its present result if there is one, and older ones.

    `values` are the measured ones, the headline first. `applies` is False for a check that says
    nothing of the prompt.
    """

    name: str
    check: BaseCheck
    applies: bool
    result: CheckResult | None
    values: list[tuple[Measure, float]]
    older: list[CheckResult]

    @property
    def headline(self) -> tuple[Measure, float] | None:
        return self.values[0] if self.values else None


def read_candidates(arena: Arena, candidates: Iterable[Candidate]) -> dict[int, list[Said]]:
    """By candidate, what the arena's checks say, and others that have looked at it.

    The candidates come with `check_results` and their prompts' references fetched.
    """
    checks = {name: make_check(name) for name in check_names()}
    return {row.pk: read_candidate(arena, row, checks) for row in candidates}


def read_candidate(arena: Arena, candidate: Candidate, checks: dict[str, BaseCheck]) -> list[Said]:
    facts = describe_prompt(candidate.prompt)
    found: dict[str, list[CheckResult]] = {}
    for result in candidate.check_results.all():
        found.setdefault(result.check_name, []).append(result)
    names = [*arena.checks, *(name for name in sorted(found) if name not in arena.checks)]
    return [
        say(name, checks[name], found.get(name, []), applies=checks[name].applies(facts))
        for name in names
        if name in checks
    ]


def say(name: str, check: BaseCheck, results: list[CheckResult], *, applies: bool) -> Said:
    present = next((each for each in results if each.version == check.version), None)
    older = [each for each in results if each.version != check.version]
    return Said(
        name,
        check,
        applies,
        present,
        list_values(check, present) if present else [],
        sorted(older, key=lambda each: each.created_at, reverse=True),
    )


def list_values(check: BaseCheck, result: CheckResult) -> list[tuple[Measure, float]]:
    headline = find_headline(check)
    ordered = [headline, *(each for each in check.measures if each.name != headline.name)]
    return [(each, result.values[each.name]) for each in ordered if each.name in result.values]
