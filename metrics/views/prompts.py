"""An arena's prompts and candidates, with what the checks found. Staff only."""

import itertools
from dataclasses import dataclass

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from arenas.images.models import Image
from arenas.suites.models import Prompt
from arenas.views.access import staff_only
from metrics.checks.base import make_check
from metrics.results.models import CheckResult


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored image with the evidence that lies on it."""

    image: Image
    boxes: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Made:
    """A candidate as shown to staff: its parts in order, and each check's newest result."""

    candidate: Candidate
    parts: list[tuple[Part, Picture | None]]
    results: list[tuple[str, CheckResult]]


@require_safe
@staff_only
def arena(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    done = Q(candidates__status=Candidate.Status.DONE)
    current = Q(candidates__competitor__in=found.competitors().order_by().values("pk"))
    prompts = found.prompts().annotate(
        done=Count("candidates", filter=done & current, distinct=True),
        total=Count("candidates", filter=current, distinct=True),
    )
    groups = itertools.groupby(
        sorted(prompts, key=lambda prompt: prompt.category), key=lambda prompt: prompt.category
    )
    context = {"arena": found, "groups": [(name, list(rows)) for name, rows in groups]}
    return render(request, "metrics/arena.html", context)


@require_safe
@staff_only
def prompt(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    asked = get_object_or_404(found.prompts().prefetch_related("references__image"), pk=pk)
    made = list_made(found, asked)
    evidence = [box for each in made for _, result in each.results for box in result.evidence]
    references = [
        (reference, Picture(reference.image, boxes_on(evidence, f"reference:{reference.key}")[:1]))
        for reference in asked.references.all()
    ]
    context = {"arena": found, "prompt": asked, "references": references, "made": made}
    return render(request, "metrics/prompt.html", context)


def list_made(found: Arena, asked: Prompt) -> list[Made]:
    """The prompt's candidates by the arena's competitors."""
    candidates = (
        Candidate.objects.filter(prompt=asked, competitor__in=found.competitors())
        .select_related("competitor")
        .prefetch_related("parts__image", "check_results")
        .order_by("competitor__name", "sample")
    )
    versions = {name: make_check(name) for name in found.checks}
    return [
        describe(
            candidate,
            [
                (versions[result.check_name].title, result)
                for result in candidate.check_results.all()
                if result.check_name in versions
                and result.version == versions[result.check_name].version
            ],
        )
        for candidate in candidates
    ]


def describe(candidate: Candidate, results: list[tuple[str, CheckResult]]) -> Made:
    evidence = [box for _, result in results for box in result.evidence]
    parts: list[tuple[Part, Picture | None]] = []
    number = 0
    for part in candidate.parts.all():
        picture = None
        if part.image and not part.thought:
            picture = Picture(part.image, boxes_on(evidence, f"image:{number}"))
            number += 1
        parts.append((part, picture))
    return Made(candidate, parts, results)


def boxes_on(evidence: list[dict[str, object]], picture: str) -> list[dict[str, object]]:
    """The evidence on one picture, with widths and heights as drawing wants them."""
    return [
        {
            **box,
            "width": int(str(box["right"])) - int(str(box["left"])),
            "height": int(str(box["bottom"])) - int(str(box["top"])),
        }
        for box in evidence
        if box["picture"] == picture
    ]
