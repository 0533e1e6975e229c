"""How voting goes in an arena: what its file says beside questions and competitors.

The same shapes read the file and, from the arena's row, tell the rest of the site.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from arenas.definitions.speak import Spoken
from arenas.suites.load import Key, Text
from arenas.suites.read_yaml import Strict

Share = Annotated[float, Field(ge=0, le=0.5)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Short = Annotated[Text, StringConstraints(max_length=120)]
Long = Annotated[Text, StringConstraints(max_length=4000)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"<>]+$", max_length=500)]
ShortKey = Annotated[Key, StringConstraints(max_length=40)]


class Worded(Strict):
    """A text that raters read, and the same in other languages."""

    text: Short
    translations: Mapping[Language, Short] = {}

    @model_validator(mode="before")
    @classmethod
    def take_plain(cls, given: object) -> object:
        """A text alone is one without translations."""
        return {"text": given} if isinstance(given, str) else given

    def speak(self, language: str) -> Spoken:
        """The text in the language, or as it was written."""
        return Spoken.choose(self.text, self.translations, language)


class Option(Worded):
    """One of the answers that a question about each picture offers."""

    id: ShortKey


class Reason(Worded):
    """A chip that says what is wrong with a picture, for all prompts or those of a category."""

    id: ShortKey
    category: Annotated[str, StringConstraints(max_length=100)] = ""


class Notice(Worded):
    """A longer text that raters read, and the same in other languages."""

    text: Long
    translations: Mapping[Language, Long] = {}


class ScreeningQuestion(Worded):
    """Asked before the first pair; who gives an answer that is not `accepted` is thanked."""

    id: ShortKey
    options: Annotated[tuple[Option, ...], Field(min_length=2, max_length=12)]
    accepted: Annotated[tuple[ShortKey, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def check(self) -> Self:
        known = [option.id for option in self.options]
        if len(set(known)) < len(known):
            raise ValueError("an option is given twice")
        if unknown := set(self.accepted) - set(known):
            raise ValueError(f"accepted names no option: {', '.join(sorted(unknown))}")
        return self


class Platform(Strict):
    """A crowd platform: how it names people in the address, and where it wants them back."""

    name: Short = "Prolific"
    participant: ShortKey = "PROLIFIC_PID"
    study: ShortKey = "STUDY_ID"
    session: ShortKey = "SESSION_ID"
    return_url: Address = "https://app.prolific.com/submissions/complete?cc={code}"
    completion_code: ShortKey
    screen_out_code: ShortKey
    attention_code: ShortKey


class Rules(Strict):
    """What makes the site speak against a rater's votes, and when it stops asking.

    `raise_flags` are the rules that flag; all of them are shown to staff in any case.
    """

    raise_flags: tuple[Literal["gold", "pace", "side", "consistency", "anomaly", "share"], ...] = ()
    min_seconds: Annotated[float, Field(ge=0, le=60)] = 0.35
    gold_errors: Annotated[float, Field(gt=0, lt=1)] = 0.2
    max_share: Annotated[float, Field(gt=0, le=1)] | None = None
    max_views: Count | None = None
    votes_per_minute: Count | None = None
    attention_failures: Count = 2


class Voting(Strict):
    """Everything that an arena lets its author choose about voting."""

    reasons: tuple[Reason, ...] = ()
    comments: bool = False
    spots: bool = True
    skip_reasons: tuple[Reason, ...] = (
        Reason(
            id="unsure",
            text="I cannot tell",
            # In English too: an arena may be written in another language.
            translations={"en": "I cannot tell", "de": "Ich kann es nicht sagen"},
        ),
        Reason(
            id="broken",
            text="A picture does not show",
            translations={"en": "A picture does not show", "de": "Ein Bild wird nicht angezeigt"},
        ),
        Reason(
            id="unpleasant",
            text="I do not want to see this",
            translations={"en": "I do not want to see this", "de": "Das möchte ich nicht sehen"},
        ),
    )
    undo_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    # How often what is shown:
    pictures: Annotated[int, Field(ge=2, le=4)] = 2
    pictures_share: Annotated[float, Field(ge=0, le=1)] = 1
    gold_share: Share = 0
    attention_share: Share = 0
    repeat_share: Share = 0
    mirror_share: Share = 0
    aa_share: Share = 0.03
    practice: Annotated[int, Field(ge=0, le=10)] = 0
    # What people are told before and after:
    minutes: Count | None = None
    pay: Worded | None = None
    content: Notice | None = None
    consent: Notice | None = None
    screening: tuple[ScreeningQuestion, ...] = ()
    platform: Platform | None = None
    personal_board: bool = False
    quality: Rules = Rules()

    @model_validator(mode="after")
    def check(self) -> Self:
        shares = ("gold_share", "attention_share", "repeat_share", "mirror_share", "aa_share")
        if sum(getattr(self, name) for name in shares) > 0.5:
            raise ValueError(f"{', '.join(shares)} add up to more than a half")
        for reasons in (self.reasons, self.skip_reasons, self.screening):
            keys = [reason.id for reason in reasons]
            if len(set(keys)) < len(keys):
                raise ValueError(f"{max(keys, key=keys.count)!r} is given twice")
        return self

    @property
    def has_start(self) -> bool:
        """Whether something is to be read or answered before the first pair."""
        told = (self.minutes, self.pay, self.content, self.consent, self.platform)
        return bool(self.practice or self.screening) or any(each is not None for each in told)
