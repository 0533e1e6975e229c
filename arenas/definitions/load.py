"""An arena's YAML file to rows, in one transaction: all of it or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from django.db import transaction
from pydantic import ConfigDict, Field, StringConstraints, model_validator

from arenas.definitions.competitors import (
    CompetitorShape,
    Name,
    Source,
    find_or_create_competitor,
)
from arenas.definitions.enter import enter_competitors
from arenas.definitions.models import Arena, Outcome, Question
from arenas.definitions.voting import Language, Option, Voting
from arenas.images.models import ENCODER, RenditionProfile
from arenas.images.render import PIXELS_PER_BYTE
from arenas.suites.load import Key, Text, hash_content
from arenas.suites.models import SuiteVersion
from arenas.suites.read_yaml import Strict, read_yaml
from metrics.checks.base import check_names
from metrics.stats.design import LEAST_RANDOM_SHARE

OUTCOMES: tuple[str, ...] = ("model_a", "tie", "both_bad", "model_b")
# As long as their columns.
Category = Annotated[str, StringConstraints(max_length=100)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]


Wording = Annotated[Text, StringConstraints(max_length=300)]


class QuestionShape(Strict):
    id: Annotated[Key, StringConstraints(max_length=80)]
    text: Wording
    translations: dict[Language, Wording] = {}
    category: Category = ""
    form: Literal["pair", "each"] = "pair"
    options: tuple[Option, ...] = ()
    strength: bool = False

    @model_validator(mode="after")
    def check(self) -> Self:
        if (self.form == "each") != (len(self.options) > 1):
            raise ValueError("options, two or more, go with `form: each`, and only with it")
        if self.strength and self.form == "each":
            raise ValueError("strength goes with a question about a pair")
        keys = [option.id for option in self.options]
        if len(set(keys)) < len(keys):
            raise ValueError("an option is given twice")
        return self


class RatersShape(Voting):
    """Everything about voting, and who may vote how often."""

    access: Literal["open", "invitation", "account", "platform"] = "open"
    votes_per_rater: Count | None = None

    @model_validator(mode="after")
    def check_access(self) -> Self:
        if (self.access == "platform") != (self.platform is not None):
            raise ValueError("`access: platform` and the platform's codes go together")
        return self

    @property
    def voting(self) -> dict[str, Any]:
        """What of this is `Voting`'s, where it differs from what holds anyway."""
        return self.model_dump(
            mode="json", exclude_defaults=True, exclude={"access", "votes_per_rater"}
        )


class RenditionShape(Strict):
    """The canvas in pixels, and how many kilobytes (1024 bytes) every shown file has."""

    width: Annotated[int, Field(ge=64, le=4096)] = 1024
    height: Annotated[int, Field(ge=64, le=4096)] = 1024
    kilobytes: Annotated[int, Field(ge=8, le=4096)] = 256

    @model_validator(mode="after")
    def check(self) -> Self:
        least = -(-self.width * self.height // (PIXELS_PER_BYTE * 1024))
        if self.kilobytes < least:
            raise ValueError(f"this canvas needs {least} kilobytes at least")
        return self


class BoardShape(Strict):
    raters: tuple[Literal["person", "external", "simulated", "judge"], ...] = ("person", "external")
    batch: Count = 10


class PairingShape(Strict):
    """How pairs are drawn; `batch` new votes change the probabilities (default: 2 %)."""

    # Unknown keys are let in here to be refused by check_names_known, with their line.
    model_config = ConfigDict(extra="allow", strict=True)

    rule: Literal["uniform", "adjacent", "information"] = "information"
    random_share: Annotated[float, Field(gt=0, le=1)] = LEAST_RANDOM_SHARE
    newcomers: bool = True
    batch: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def check_kind(cls, given: object) -> object:
        if not isinstance(given, dict):
            raise ValueError("keys with values are expected, such as {rule: uniform}")
        return given

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.rule == "uniform" and "random_share" in self.model_fields_set:
            raise ValueError("random_share has no effect with the rule uniform: leave it out")
        if self.rule != "uniform" and self.random_share < LEAST_RANDOM_SHARE:
            least = f"{LEAST_RANDOM_SHARE} or more: with less, intervals hold the truth too rarely"
            raise ValueError(f"a rule that looks at outcomes needs a random_share of {least}")
        return self


class ArenaShape(Strict):
    slug: Slug
    title: Name
    description: str = ""
    suite: str | None = None
    tags: tuple[Text, ...] = ()
    questions: Annotated[tuple[QuestionShape, ...], Field(min_length=1)]
    outcomes: tuple[Literal["model_a", "tie", "both_bad", "model_b"], ...] = (
        "model_a", "tie", "both_bad", "model_b",
    )  # fmt: skip
    competitors: tuple[CompetitorShape, ...] = ()
    raters: RatersShape = RatersShape()
    checks: tuple[str, ...] = ()
    mode: Literal["suite", "live"] = "suite"
    rendition: RenditionShape = RenditionShape()
    board: BoardShape = BoardShape()
    pairing: PairingShape = PairingShape()

    @model_validator(mode="after")
    def check(self) -> Self:
        if self.mode == "live":
            raise ValueError("live arenas are not offered by this version")
        if all(question.form == "each" for question in self.questions):
            raise ValueError("questions: one at least must compare the pictures (form: pair)")
        return self


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
        competitors = [
            find_or_create_competitor(entry, source, index)
            for index, entry in enumerate(shape.competitors)
        ]
        arena = save_arena(existing, shape, version, content_hash)
        check_prompts(arena, shape, source)
        check_options(arena, shape, source)
        update_questions(arena, shape.questions, now)
        enter_competitors(arena, competitors, now=now, withdraw_others=True)
    return Loaded(arena, is_new=existing is None, changed=True)


def describe(shape: ArenaShape) -> dict[str, Any]:
    """What the file says. Of competitors only what it does say: the rest is left as it is."""
    competitors = [each.model_dump(mode="json", exclude_unset=True) for each in shape.competitors]
    return {**shape.model_dump(mode="json"), "competitors": competitors}


def check_names_known(shape: ArenaShape, source: Source) -> None:
    for key in shape.pairing.model_extra or {}:
        known = ", ".join(PairingShape.model_fields)
        raise source.error(("pairing", key), f"pairing: unknown key {key!r} (known: {known})")
    for index, check in enumerate(shape.checks):
        if check not in check_names():
            known = ", ".join(check_names())
            raise source.error(("checks", index), f"unknown check {check!r} (known: {known})")
    for what, names in (
        ("questions", [question.id for question in shape.questions]),
        ("competitors", [competitor.name for competitor in shape.competitors]),
        ("outcomes", list(shape.outcomes)),
    ):
        for index, name in enumerate(names):
            if name in names[:index]:
                raise source.error((what, index), f"{name!r} is given twice")
    if not {Outcome.MODEL_A, Outcome.MODEL_B} <= set(shape.outcomes):
        raise source.error(("outcomes",), "outcomes need at least model_a and model_b")


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
    arena.title = shape.title
    arena.description = shape.description
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
