"""What an arena's YAML file may say."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from arenas.definitions.competitors import CompetitorShape, Name
from arenas.definitions.seats import JudgeShape
from arenas.definitions.voting import Count, Language, Option, Voting, Worded
from arenas.images.render import PIXELS_PER_BYTE
from arenas.suites.load import Key, Text
from arenas.suites.read_yaml import Strict
from metrics.stats.design import LEAST_RANDOM_SHARE

# As long as their columns.
Category = Annotated[str, StringConstraints(max_length=100)]
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
    checks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def check(self) -> Self:
        if (self.form == "each") != (len(self.options) > 1):
            raise ValueError("options, two or more, go with `form: each`, and only with it")
        if self.strength and self.form == "each":
            raise ValueError("strength goes with a question about a pair")
        if self.checks and self.form == "each":
            raise ValueError("checks are held against the votes of a question about a pair")
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


class Title(Worded):
    text: Name
    translations: dict[Language, Name] = {}


class Description(Worded):
    text: str = ""
    translations: dict[Language, str] = {}


class ArenaShape(Strict):
    slug: Slug
    title: Title
    description: Description = Description()
    language: Annotated[Language, StringConstraints(max_length=35)] = "en"
    suite: str | None = None
    tags: tuple[Text, ...] = ()
    questions: Annotated[tuple[QuestionShape, ...], Field(min_length=1)]
    outcomes: tuple[Literal["model_a", "tie", "both_bad", "model_b"], ...] = (
        "model_a", "tie", "both_bad", "model_b",
    )  # fmt: skip
    competitors: tuple[CompetitorShape, ...] = ()
    raters: RatersShape = RatersShape()
    checks: tuple[str, ...] = ()
    judges: tuple[JudgeShape, ...] = ()
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
