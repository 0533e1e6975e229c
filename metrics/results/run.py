"""Find candidates without a result of a check, and measure them."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from arenas.images.decode import decode_pixels
from arenas.images.store import read_bytes
from arenas.suites.models import Prompt
from metrics.checks.base import (
    BaseCheck,
    Finding,
    PromptFacts,
    ReferencePicture,
    Subject,
    make_check,
)
from metrics.results.models import CheckResult


def describe_prompt(prompt: Prompt) -> PromptFacts:
    """The prompt as checks see it."""
    return PromptFacts(
        id=prompt.key,
        category=prompt.category,
        text=prompt.text,
        roles=frozenset(reference.role for reference in prompt.references.all()),
        expect=prompt.expectation,
    )


def find_prompts(arena: Arena, check: BaseCheck) -> list[int]:
    """The arena's prompts that the check says anything about."""
    prompts = arena.prompts().prefetch_related("references")
    return [prompt.pk for prompt in prompts if check.applies(describe_prompt(prompt))]


def find_missing(arena: Arena, name: str, *, limit: int | None = None) -> list[int]:
    """The arena's done candidates that the check's present version has not measured."""
    check = make_check(name)
    measured = CheckResult.objects.filter(check_name=name, version=check.version)
    missing = (
        select_candidates(arena)
        .filter(status=Candidate.Status.DONE, prompt__in=find_prompts(arena, check))
        .exclude(pk__in=measured.values("candidate"))
        .order_by("pk")
    )
    return list(missing.values_list("pk", flat=True)[:limit])


def run_check(name: str, candidates: Sequence[int]) -> int:
    """Measure these candidates, each stored as soon as it is known; return how many."""
    check = make_check(name)
    rows = (
        Candidate.objects.filter(pk__in=candidates, status=Candidate.Status.DONE)
        .select_related("prompt")
        .prefetch_related("prompt__references__image", "parts__image")
    )
    for row in rows:
        started = time.monotonic()
        finding = measure(check, row)
        CheckResult.objects.get_or_create(
            candidate=row,
            check_name=name,
            version=check.version,
            defaults={
                "values": dict(finding.values),
                "not_measurable": finding.not_measurable[:300],
                "evidence": [asdict(box) for box in finding.boxes],
                "seconds": time.monotonic() - started,
            },
        )
    return len(rows)


def measure(check: BaseCheck, candidate: Candidate) -> Finding:
    """The check's finding; an error of its own is a reason, so that nothing blocks the queue."""
    try:
        finding = check.measure(make_subject(candidate))
        if not all(map(math.isfinite, finding.values.values())):
            raise ValueError(f"not a number among {dict(finding.values)}")
        return finding
    except Exception as error:  # a plug-in may raise anything; the reason is shown with the result
        return Finding(not_measurable=f"the check failed: {type(error).__name__}: {error}")


def make_subject(candidate: Candidate) -> Subject:
    """The candidate's pictures and its prompt's references, decoded."""
    prompt = candidate.prompt
    return Subject(
        prompt=describe_prompt(prompt),
        references=tuple(
            ReferencePicture(
                reference.key, reference.role, decode_pixels(read_bytes(reference.image.path))
            )
            for reference in prompt.references.all()
        ),
        images=tuple(
            decode_pixels(read_bytes(part.image.path))
            for part in candidate.parts.all()
            if part.image and not part.thought
        ),
    )
