"""An arena's prompts and candidates, with what the checks found. Staff only."""

import itertools
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from arenas.candidates.models import Candidate, Part
from arenas.candidates.plan import select_candidates, select_entered
from arenas.definitions.models import Arena
from arenas.suites.models import Prompt
from arenas.views.access import staff_only
from metrics.results.models import CheckResult
from metrics.results.near import find_near
from metrics.results.read import Said, read_candidates
from metrics.views.evidence import Picture, draw, draw_parts


@dataclass(frozen=True, slots=True)
class Made:
    """A candidate as shown to staff: its parts in order, what checks say, and who looks alike."""

    candidate: Candidate
    parts: list[tuple[Part, Picture | None]]
    said: list[Said]
    near: list[Candidate]

    @property
    def shown(self) -> list[Said]:
        """Checks that are for the prompt, or have looked at it all the same."""
        return [each for each in self.said if each.tells]

    @property
    def silent(self) -> list[Said]:
        return [each for each in self.said if each.named and not each.tells]


@dataclass(frozen=True, slots=True)
class Switch:
    """A check whose evidence can be shown or hidden on a page, by its layers' number."""

    number: int
    title: str


@require_safe
@staff_only
def arena(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    done = Q(candidates__status=Candidate.Status.DONE)
    current = Q(candidates__in=select_candidates(found).order_by().values("pk"))
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
    rows = select_shown(found).filter(prompt=asked, competitor__in=found.competitors())
    made = describe_all(found, list(rows.order_by("competitor__name", "sample")))
    context = {
        "arena": found,
        "prompt": asked,
        "references": draw_references(asked, made[0].said if made else []),
        "made": made,
        "switches": list_switches(made),
    }
    return render(request, "metrics/prompt.html", context)


@require_safe
@staff_only
def candidate(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = get_object_or_404(Arena.objects.select_related("suite_version"), slug=slug)
    row = get_object_or_404(select_shown(found), pk=pk)
    siblings = select_shown(found).filter(prompt=row.prompt_id, competitor=row.competitor_id)
    near = find_near(siblings).get(row.pk, [])
    said = read_candidates(found, [row])[row.pk]
    made = Made(row, draw_parts(row, [each.result for each in said]), said, near)
    context = {
        "arena": found,
        "prompt": row.prompt,
        "made": made,
        "references": draw_references(row.prompt, said),
        "switches": list_switches([made]),
        "siblings": [each for each in siblings.order_by("sample") if each.pk != row.pk],
    }
    return render(request, "metrics/candidate.html", context)


def select_shown(arena: Arena) -> QuerySet[Candidate]:
    """All candidates by whoever entered the arena, with what their pages show."""
    return (
        select_entered(arena)
        .select_related("competitor", "prompt")
        .prefetch_related("parts__image", "check_results", "prompt__references__image")
    )


def describe_all(arena: Arena, candidates: list[Candidate]) -> list[Made]:
    said, near = read_candidates(arena, candidates), find_near(candidates)
    return [
        Made(
            row,
            draw_parts(row, [each.result for each in said[row.pk]]),
            said[row.pk],
            near.get(row.pk, []),
        )
        for row in candidates
    ]


def draw_references(prompt: Prompt, said: list[Said]) -> list[tuple[object, Picture]]:
    """The prompt's references, with what was found on them for one candidate."""
    results: list[CheckResult | None] = [each.result for each in said]
    return [
        (each, draw(each.image, results, f"reference:{each.key}"))
        for each in prompt.references.all()
    ]


def list_switches(made: list[Made]) -> list[Switch]:
    """The checks with any evidence on the page, in their order."""
    titles = {
        number: each.check.title
        for one in made
        for number, each in enumerate(one.said)
        if each.result and each.result.evidence
    }
    return [Switch(number, titles[number]) for number in sorted(titles)]
