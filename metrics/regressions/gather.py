"""A run's prompts and candidates in few queries, as its criteria look at them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.suites.models import Prompt
from metrics.checks.base import PromptFacts
from metrics.regressions.models import Run
from metrics.results.contents import describe_prompt
from metrics.results.models import CheckResult

Status = Candidate.Status


@dataclass(frozen=True, slots=True)
class Pictured:
    """A prompt of a run with the candidates (ids) of both sides that were made for it."""

    prompt: int
    key: str
    category: str
    baseline: tuple[int, ...] = ()
    challenger: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What a criterion asks of a candidate beside its check results."""

    pk: int
    prompt: int
    competitor: int
    sample: int
    status: str
    seconds: float | None
    cost_usd: Decimal | None

    @property
    def is_open(self) -> bool:
        return self.status in Candidate.OPEN

    @property
    def is_done(self) -> bool:
        return self.status == Status.DONE

    @property
    def is_refusal(self) -> bool:
        return self.status in Candidate.REFUSALS

    @property
    def is_failure(self) -> bool:
        return self.status in Candidate.FAILURES


@dataclass(frozen=True, slots=True)
class Gathered:
    """The prompts in the order fixed beforehand, with what checks are told of them, and each
    side's candidates by prompt.
    """

    prompts: Sequence[Pictured]
    facts: Mapping[int, PromptFacts]
    baseline: Mapping[int, Sequence[Row]]
    challenger: Mapping[int, Sequence[Row]]

    def select(self, category: str) -> list[Pictured]:
        return [each for each in self.prompts if category in ("", each.category)]

    def read_values(self, check: str, version: str, measure: str) -> dict[int, float | None]:
        """By candidate that the check's version looked at: the value, or None without one."""
        rows = [each.pk for side in (self.baseline, self.challenger) for each in flatten(side)]
        results = CheckResult.objects.filter(
            check_name=check, version=version, candidate__in=rows
        ).values_list("candidate_id", "values")
        return {candidate: values.get(measure) for candidate, values in results}


def gather(run: Run) -> Gathered:
    """Raises ValueError for a run without an arena."""
    if run.arena is None:
        raise ValueError(f"{run} has no arena")
    facts, prompts = list_prompts(run.arena, f"{run.eval.name}/{run.number}")
    rows = read_rows(run, [each.prompt for each in prompts])
    baseline = group(rows, prompts, run.baseline_id, run.baseline_samples)
    challenger = group(rows, prompts, run.challenger_id, run.challenger_samples)
    pictured = [
        replace(each, baseline=ids(baseline[each.prompt]), challenger=ids(challenger[each.prompt]))
        for each in prompts
    ]
    return Gathered(pictured, facts, baseline, challenger)


def list_prompts(arena: Arena, seed: str) -> tuple[dict[int, PromptFacts], list[Pictured]]:
    """The arena's prompts in an order that nobody can choose once the pictures are there."""

    def place(prompt: Prompt) -> bytes:
        return hashlib.sha256(f"{seed}/{prompt.key}/{prompt.content_hash}".encode()).digest()

    rows = sorted(arena.prompts().prefetch_related("references"), key=place)
    facts = {row.pk: describe_prompt(row) for row in rows}
    return facts, [Pictured(row.pk, row.key, row.category) for row in rows]


def read_rows(run: Run, prompts: Sequence[int]) -> list[Row]:
    found = Candidate.objects.filter(
        prompt__in=prompts, competitor__in=(run.baseline_id, run.challenger_id)
    )
    fields = ("pk", "prompt", "competitor", "sample", "status", "seconds", "cost_usd")
    return [Row(*row) for row in found.values_list(*fields).order_by("sample")]


def group(
    rows: Sequence[Row], prompts: Sequence[Pictured], competitor: int, samples: range
) -> dict[int, list[Row]]:
    """By prompt, the candidates of the competitor's samples that take part."""
    grouped: dict[int, list[Row]] = {each.prompt: [] for each in prompts}
    for row in rows:
        if row.competitor == competitor and row.sample in samples:
            grouped[row.prompt].append(row)
    return grouped


def flatten(side: Mapping[int, Sequence[Row]]) -> list[Row]:
    return [row for rows in side.values() for row in rows]


def ids(rows: Sequence[Row]) -> tuple[int, ...]:
    return tuple(row.pk for row in rows if row.is_done)
