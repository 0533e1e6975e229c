"""A regression eval's YAML file to a row: all of it or nothing."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from arenas.competitors.models import Competitor
from arenas.definitions.competitors import Source
from arenas.suites.load import hash_content
from arenas.suites.models import Prompt, SuiteVersion
from arenas.suites.read_yaml import Place, read_yaml
from metrics.checks.base import Measure, check_names, make_check
from metrics.regressions.models import Promotion, RegressionEval
from metrics.regressions.prompts import find_version, list_prompts
from metrics.regressions.schedule import set_schedule
from metrics.regressions.shape import CriterionShape, EvalShape
from metrics.results.contents import describe_prompt


@dataclass(frozen=True, slots=True)
class Loaded:
    evaluation: RegressionEval
    is_new: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows that a file names."""

    version: SuiteVersion | None
    baseline: Competitor
    challenger: Competitor | None


def load_eval(path: Path, *, now: datetime) -> Loaded:
    """Bring the file into the database. Raises BadFile naming the place; then nothing changed."""
    shape, lines = read_yaml(path, EvalShape)
    source = Source(path, lines)
    with transaction.atomic():
        parts = find_parts(shape, source)
        check_criteria(shape, parts, source)
        definition = shape.model_dump(mode="json", exclude_unset=True)
        content_hash = hash_content([definition, parts.version and parts.version.pk])
        existing = RegressionEval.objects.select_for_update().filter(name=shape.name).first()
        if existing and existing.content_hash == content_hash:
            return Loaded(existing, is_new=False, changed=False)
        before = existing.definition if existing else {}
        evaluation = existing or RegressionEval(name=shape.name, revision=0, created_at=now)
        set_parts(evaluation, shape, parts, now)
        evaluation.content_hash, evaluation.definition = content_hash, definition
        evaluation.save()
        set_schedule(evaluation, before, now=now)
        evaluation.save()
    return Loaded(evaluation, is_new=existing is None, changed=True)


def find_parts(shape: EvalShape, source: Source) -> Parts:
    version = find_version(shape.suite) if shape.suite else None
    if shape.suite and version is None:
        raise source.error(("suite",), f"no suite {shape.suite!r} is loaded")
    if shape.series and not Competitor.objects.filter(series=shape.series).exists():
        raise source.error(("series",), f"no competitor is of the series {shape.series!r}")
    return Parts(
        version,
        find_competitor(shape.baseline, ("baseline",), source),
        find_competitor(shape.challenger, ("challenger",), source) if shape.challenger else None,
    )


def find_competitor(name: str, place: Place, source: Source) -> Competitor:
    found = Competitor.objects.filter(name=name).first()
    if found is None:
        raise source.error(place, f"there is no competitor {name!r}")
    return found


def check_criteria(shape: EvalShape, parts: Parts, source: Source) -> None:
    """A tag, category or check that no prompt has would leave a run undecided for ever."""
    prompts = list_prompts(parts.version, shape.tags)
    if not prompts:
        raise source.error(("tags",), "no prompt has one of these tags")
    known = {prompt.category for prompt in prompts}
    for index, criterion in enumerate(shape.criteria):
        place = ("criteria", index)
        if criterion.category and criterion.category not in known:
            names = ", ".join(sorted(known - {""}))
            raise source.error(
                place,
                f"no prompt here is of category {criterion.category!r} (known: {names})",
            )
        if criterion.check_name:
            check_check(criterion, prompts, source, place)


def check_check(
    criterion: CriterionShape, prompts: list[Prompt], source: Source, place: Place
) -> None:
    if criterion.check_name not in check_names():
        known = ", ".join(check_names())
        raise source.error(place, f"unknown check {criterion.check_name!r} (known: {known})")
    check = make_check(criterion.check_name)
    measure = find_measure(check.measures, criterion.check_measure)
    if measure is None:
        known = ", ".join(each.name for each in check.measures if each.better)
        raise source.error(
            place,
            f"the check {criterion.check_name!r} has no measure {criterion.check_measure!r} "
            f"(known: {known})",
        )
    if not measure.better:
        raise source.error(place, f"of {criterion.measure} neither more nor less is better")
    if abs(criterion.threshold) >= measure.high - measure.low:
        raise source.error(place, f"{criterion.measure} cannot differ by so much")
    asked = [each for each in prompts if criterion.category in ("", each.category)]
    if not any(check.applies(describe_prompt(each)) for each in asked):
        raise source.error(place, f"the check {criterion.check_name!r} is for no prompt here")


def find_measure(measures: tuple[Measure, ...], name: str) -> Measure | None:
    return next((each for each in measures if each.name == name), None)


def set_parts(evaluation: RegressionEval, shape: EvalShape, parts: Parts, now: datetime) -> None:
    evaluation.title = shape.title
    evaluation.suite_version = parts.version
    evaluation.tags = list(shape.tags)
    evaluation.challenger = parts.challenger
    evaluation.series = shape.series or ""
    evaluation.revision += 1
    set_baseline(evaluation, parts.baseline, now)


def set_baseline(evaluation: RegressionEval, named: Competitor, now: datetime) -> None:
    """A baseline that was promoted stays until the file names another one than it did before."""
    if evaluation._state.adding:
        evaluation.baseline = named
        return
    if named.name == evaluation.definition["baseline"] or named == evaluation.baseline:
        return
    Promotion.objects.create(
        eval=evaluation,
        before=evaluation.baseline,
        after=named,
        by="file",
        at=now,
        reason=f"revision {evaluation.revision} of the file names it",
    )
    evaluation.baseline = named
