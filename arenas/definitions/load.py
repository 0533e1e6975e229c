"""An arena's YAML file to rows, in one transaction: all of it or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from arenas.definitions.competitors import Source, load_all
from arenas.definitions.enter import enter_competitors
from arenas.definitions.models import Arena, Outcome, Question
from arenas.definitions.seats import seat_judges
from arenas.definitions.shape import ArenaShape, PairingShape, QuestionShape
from arenas.images.models import ENCODER, RenditionProfile
from arenas.suites.load import hash_content
from arenas.suites.models import SuiteVersion
from arenas.suites.read_yaml import Place, read_yaml
from metrics.checks.base import check_names

OUTCOMES: tuple[str, ...] = ("model_a", "tie", "both_bad", "model_b")


@dataclass(frozen=True, slots=True)
class Loaded:
    arena: Arena
    is_new: bool
    changed: bool


def load_arena(path: Path, *, now: datetime) -> Loaded:
    """Bring the file into the database. Raises BadFile naming the place; then nothing changed."""
    shape, lines = read_yaml(path, ArenaShape)
    source = Source(path, lines)
    check_names_known(shape, source)
    with transaction.atomic():
        version = find_version(shape, source)
        content_hash = hash_content([describe(shape), version and version.pk])
        existing = Arena.objects.select_for_update().filter(slug=shape.slug).first()
        if existing and existing.content_hash == content_hash:
            return Loaded(existing, is_new=False, changed=False)
        competitors = [competitor for competitor, _ in load_all(shape.competitors, source)]
        arena = save_arena(existing, shape, version, content_hash)
        check_prompts(arena, shape, source)
        check_options(arena, shape, source)
        update_questions(arena, shape.questions, now)
        enter_competitors(arena, competitors, now=now, withdraw_others=True)
        seat_judges(arena, shape.judges, source, now=now)
    return Loaded(arena, is_new=existing is None, changed=True)


def describe(shape: ArenaShape) -> dict[str, Any]:
    """What the file says. Of competitors only what it does say: the rest is left as it is."""
    competitors = [each.model_dump(mode="json", exclude_unset=True) for each in shape.competitors]
    return {**shape.model_dump(mode="json"), "competitors": competitors}


def check_names_known(shape: ArenaShape, source: Source) -> None:
    for key in shape.pairing.model_extra or {}:
        known = ", ".join(PairingShape.model_fields)
        raise source.error(("pairing", key), f"pairing: unknown key {key!r} (known: {known})")
    for place, check in find_checks(shape):
        if check not in check_names():
            known = ", ".join(check_names())
            raise source.error(place, f"unknown check {check!r} (known: {known})")
    for what, names in (
        ("questions", [question.id for question in shape.questions]),
        ("competitors", [competitor.name for competitor in shape.competitors]),
        ("judges", [judge.name for judge in shape.judges]),
        ("outcomes", list(shape.outcomes)),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                raise source.error((what, index), f"{name!r} is given twice")
    if not {Outcome.MODEL_A, Outcome.MODEL_B} <= set(shape.outcomes):
        raise source.error(("outcomes",), "outcomes need at least model_a and model_b")


def find_checks(shape: ArenaShape) -> Iterator[tuple[Place, str]]:
    """Every check that the file names, and where: for the arena, and for its questions."""
    for index, check in enumerate(shape.checks):
        yield ("checks", index), check
    for number, question in enumerate(shape.questions):
        for index, check in enumerate(question.checks):
            yield ("questions", number, "checks", index), check


def check_prompts(arena: Arena, shape: ArenaShape, source: Source) -> None:
    """A tag or category that no prompt has would leave raters waiting for ever."""
    if arena.suite_version is None:
        return
    if not arena.prompts().exists():
        raise source.error(("tags",), f"no prompt of {shape.suite} has one of these tags")
    categories = set(arena.prompts().values_list("category", flat=True))
    for index, question in enumerate(shape.questions):
        if question.category and question.category not in categories:
            known = ", ".join(sorted(categories - {""}))
            raise source.error(
                ("questions", index),
                f"no prompt here is of category {question.category!r} (known: {known})",
            )


def check_options(arena: Arena, shape: ArenaShape, source: Source) -> None:
    """Answers that were given keep their meaning: a question's form and options stay."""
    known = {(each.key, each.text): each for each in arena.questions.all()}
    for index, asked in enumerate(shape.questions):
        before = known.get((asked.id, asked.text))
        now = (asked.form, [option.id for option in asked.options])
        if before and now != (before.form, [option.id for option in before.choices]):
            raise source.error(
                ("questions", index),
                f"question {asked.id!r} had other answers before: give it another id or wording",
            )


def find_version(shape: ArenaShape, source: Source) -> SuiteVersion | None:
    """The suite version that the arena pins: `name` (its newest) or `name@number`."""
    if shape.suite is None:
        return None
    name, _, number = shape.suite.partition("@")
    versions = SuiteVersion.objects.filter(suite__name=name)
    if number:
        versions = versions.filter(number=number) if number.isdecimal() else versions.none()
    version = versions.order_by("number").last()
    if version is None:
        raise source.error(("suite",), f"no suite {shape.suite!r} is loaded")
    return version


def save_arena(
    existing: Arena | None, shape: ArenaShape, version: SuiteVersion | None, content_hash: str
) -> Arena:
    profile, _ = RenditionProfile.objects.get_or_create(
        width=shape.rendition.width,
        height=shape.rendition.height,
        size=shape.rendition.kilobytes * 1024,
        encoder=ENCODER,
    )
    arena = existing or Arena(slug=shape.slug, revision=0)
    arena.title = shape.title.text
    arena.description = shape.description.text
    arena.language = shape.language
    arena.translations = {
        name: each.translations
        for name, each in (("title", shape.title), ("description", shape.description))
        if each.translations
    }
    arena.mode = shape.mode
    arena.suite_version = version
    arena.tags = list(shape.tags)
    arena.outcomes = [name for name in OUTCOMES if name in shape.outcomes]
    arena.checks = list(shape.checks)
    arena.access = shape.raters.access
    arena.votes_per_rater = shape.raters.votes_per_rater
    arena.voting_settings = shape.raters.voting
    arena.board_raters = sorted(shape.board.raters)
    arena.board_batch = shape.board.batch
    arena.pairing = shape.pairing.model_dump(exclude_defaults=True)
    arena.profile = profile
    arena.content_hash = content_hash
    arena.revision += 1
    arena.save()
    return arena


def update_questions(arena: Arena, shapes: Sequence[QuestionShape], now: datetime) -> None:
    """Keep a question whose wording stands; another wording retires it and makes a new one."""
    wanted = {(shape.id, shape.text) for shape in shapes}
    for question in arena.questions.filter(retired_at=None):
        if (question.key, question.text) not in wanted:
            Question.objects.filter(pk=question.pk).update(retired_at=now)
    for position, shape in enumerate(shapes):
        Question.objects.update_or_create(
            arena=arena,
            key=shape.id,
            text=shape.text,
            defaults={
                **shape.model_dump(mode="json", exclude={"id", "text"}),
                "position": position,
                "retired_at": None,
            },
        )
