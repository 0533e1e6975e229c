"""All that checks say of a candidate, as its page shows it."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import DatabaseError

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from metrics.checks.base import BaseCheck, Measure, PromptFacts, check_names
from metrics.results.asking import make_check
from metrics.results.contents import describe_prompt
from metrics.results.models import CheckResult
from metrics.results.summarise import find_headline

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """One check on one candidate: its present result if there is one, and older ones.

    `named` says whether the arena names the check. `applies` is False for a check that says nothing
    of the prompt, and `doubt` why it could not say whether it does. `values` are the measured ones,
    the headline first.
    """

    name: str
    check: BaseCheck
    named: bool
    applies: bool
    doubt: str
    result: CheckResult | None
    values: list[tuple[Measure, float]]
    older: list[CheckResult]

    @property
    def headline(self) -> tuple[Measure, float] | None:
        return next((each for each in self.values if each[0].headline), None)

    @property
    def tells(self) -> bool:
        """Whether it has looked at the candidate, or has to, as far as is known."""
        looked = self.result is not None or bool(self.older)
        return looked or (self.named and (self.applies or bool(self.doubt)))


def read_candidates(arena: Arena, candidates: Iterable[Candidate]) -> dict[int, list[Said]]:
    """By candidate, what the arena's checks say, and others that have looked at any of them.

    The candidates come with `check_results` and their prompts' references fetched. A check has the
    same place in each list, so that a page can number it.
    """
    rows = list(candidates)
    found = {result.check_name for row in rows for result in row.check_results.all()}
    names = [*arena.checks, *sorted(found.difference(arena.checks))]
    checks = {name: check for name in names if (check := find_check(name))}
    return {row.pk: read_candidate(arena, row, checks) for row in rows}


def find_check(name: str) -> BaseCheck | None:
    """The check, or None where it is gone, or cannot be loaded, which is logged."""
    if name not in check_names():
        return None
    try:
        return make_check(name)
    except DatabaseError:
        raise
    except Exception:  # a plug-in may raise anything
        logger.exception("the check %s cannot be loaded", name)
        return None


def read_candidate(
    arena: Arena, candidate: Candidate, checks: Mapping[str, BaseCheck]
) -> list[Said]:
    facts = describe_prompt(candidate.prompt)
    found: dict[str, list[CheckResult]] = {}
    for result in candidate.check_results.all():
        found.setdefault(result.check_name, []).append(result)
    return [
        say(name, check, facts, found.get(name, []), named=name in arena.checks)
        for name, check in checks.items()
    ]


def say(
    name: str, check: BaseCheck, facts: PromptFacts, results: list[CheckResult], *, named: bool
) -> Said:
    present = next((each for each in results if each.version == check.version), None)
    older = [each for each in results if each.version != check.version]
    applies, doubt = ask_whether(name, check, facts)
    return Said(
        name,
        check,
        named,
        applies,
        doubt,
        present,
        list_values(check, present) if present else [],
        sorted(older, key=lambda each: each.created_at, reverse=True),
    )


def ask_whether(name: str, check: BaseCheck, facts: PromptFacts) -> tuple[bool, str]:
    """Whether the check applies, and why that cannot be told where it fails."""
    try:
        return check.applies(facts), ""
    except Exception as error:  # a plug-in may raise anything; the page is more than its checks
        logger.exception("whether the check %s applies to %s cannot be told", name, facts.id)
        return False, f"{type(error).__name__}: {error}"


def list_values(check: BaseCheck, result: CheckResult) -> list[tuple[Measure, float]]:
    headline = find_headline(check)
    ordered = [headline, *(each for each in check.measures if each.name != headline.name)]
    return [(each, result.values[each.name]) for each in ordered if each.name in result.values]
