"""Lineage as files state it, and what follows: which prompts say nothing about a competitor."""

from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q, QuerySet, prefetch_related_objects

from arenas.competitors.lineage import find_ancestors, list_suites_seen
from arenas.competitors.models import Competitor
from arenas.suites.alike import hash_task
from arenas.suites.models import Prompt, PromptSuite, SuiteVersion

LEAST_DIGEST = 12  # so many signs of a digest name an export


class BadLineage(ValueError):
    """A parent or a suite that cannot be; the message says why."""


def find_parent(name: str, child: Competitor) -> Competitor:
    """The competitor of this name. Raises BadLineage, also where the child is its ancestor."""
    parent = Competitor.objects.filter(name=name).first()
    if parent is None:
        raise BadLineage(f"parent: there is no competitor {name!r}")
    if parent == child:
        raise BadLineage("parent: nobody is their own")
    if child in find_ancestors(parent):
        raise BadLineage(f"parent: {name!r} was itself made from {child.name!r}")
    return parent


def find_suites(named: Iterable[str | int]) -> list[str]:
    """The names of the suites: given by name, or by the digest or number of an export of theirs.

    Raises BadLineage.
    """
    return sorted({suite for each in named for suite in find_suites_of(each)})


def find_suites_of(named: str | int) -> Sequence[str]:
    if PromptSuite.objects.filter(name=named).exists():
        return [str(named)]
    asked = exported_as(named)
    if asked is None:
        raise BadLineage(
            f"trained_on: there is no suite {named!r}, nor an export of one by that digest"
        )
    suites = PromptSuite.objects.filter(
        Q(versions__in=asked) | Q(prompts__versions__in=asked)
    ).distinct()
    return list(suites.values_list("name", flat=True))


def exported_as(named: str | int) -> QuerySet[SuiteVersion] | None:
    """The suite version that preference pairs were exported of, if any were under this name."""
    if isinstance(named, int):
        found = SuiteVersion.objects.filter(preference_exports=named)
    elif len(named) >= LEAST_DIGEST:
        found = SuiteVersion.objects.filter(preference_exports__digest__startswith=named)
    else:
        return None
    return found if found.exists() else None


def may_be_gated_by(competitor: Competitor, version: SuiteVersion) -> str:
    """Why the suite says nothing about the competitor; empty where it does."""
    return find_taught(competitor, version.prompts.all())


def find_taught(competitor: Competitor, prompts: Iterable[Prompt]) -> str:
    """Why these prompts say nothing about the competitor; empty where they do.

    It, or one that it was made from, has learned from a suite that has one of them: under its
    own name, or the same words and references in another suite.
    """
    seen = list_suites_seen(competitor)
    asked = list(prompts)
    if not seen or not asked:
        return ""
    prefetch_related_objects(asked, "suite", "references__image")
    own = {prompt.suite.name for prompt in asked if prompt.suite} & set(seen)
    if own:
        return explain(competitor, min(own), seen)
    tasks = {hash_task(prompt): prompt for prompt in asked}
    for prompt in select_prompts(seen):
        if same := tasks.get(hash_task(prompt)):
            suite = name_suite(prompt, seen)
            return f"{explain(competitor, suite, seen)} (prompt {same.key} is the same there)"
    return ""


def explain(competitor: Competitor, suite: str, seen: dict[str, Competitor]) -> str:
    return (
        f"{seen[suite].name} was trained on an export of suite {suite}, so that it says "
        f"nothing about {competitor.name} any more"
    )


def select_prompts(suites: Collection[str]) -> QuerySet[Prompt]:
    """All prompts that any version of the suites ever had."""
    has = Q(suite__name__in=suites) | Q(versions__suite__name__in=suites)
    found = Prompt.objects.filter(has).distinct().order_by("pk")
    return found.select_related("suite").prefetch_related("references__image", "versions__suite")


def name_suite(prompt: Prompt, seen: Collection[str]) -> str:
    """By which of the suites seen the prompt is known."""
    names = [prompt.suite.name] if prompt.suite else []
    names += [version.suite.name for version in prompt.versions.all()]
    return next(name for name in names if name in seen)
