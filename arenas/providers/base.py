"""What every provider of images takes, gives and raises; and how providers are found.

A provider is one file of this package with a class `Provider`. The file's name is the
provider's name: adding one touches no other file. Files that begin with `_` are parts
of a provider. Nothing here knows Django or a database.
"""

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import Any, ClassVar


class Status(StrEnum):
    """How one request ended. All but DONE are outcomes of the model, shown as rates."""

    DONE = "done"
    REFUSED_PROMPT = "refused_prompt"
    REFUSED_OUTPUT = "refused_output"
    NO_IMAGE = "no_image"
    MALFORMED = "malformed"
    FAILED = "failed"


class ProviderError(Exception):
    """A call that gave no outcome.

    `permanent` says that the same call would fail again (a wrong key, an unknown model);
    `retry_after` is how many seconds the service asked to wait, where it said so.
    """

    def __init__(
        self, message: str, *, permanent: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that belongs to a prompt. `role` is `subject`, `style` or `source`."""

    id: str
    role: str
    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the suite states of a right answer.

    Checks measure against it and offline renderers draw from it; a provider of a real
    model must not read it, because the model is given the prompt alone.
    """

    text: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    preserve: str = ""
    subject: str = ""
    aspect_ratio: str = "1:1"
    n_images: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt for one model: turns in order, and the pictures that come with them.

    `turns` are the user's messages, at least one; the references come with the first.
    `seed` is derived from prompt, competitor and sample, so that a repeat is the same.
    """

    prompt: str
    turns: tuple[str, ...]
    category: str = ""
    references: tuple[Reference, ...] = ()
    aspect_ratio: str = "1:1"
    n_images: int = 1
    sample: int = 0
    seed: int = 0
    expect: Expectation = field(default_factory=Expectation)


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str
    turn: int = 0
    thought: bool = False


@dataclass(frozen=True, slots=True)
class ImagePart:
    data: bytes
    mime: str
    turn: int = 0
    thought: bool = False


Part = TextPart | ImagePart


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model answered: its parts in order, and how it came to them.

    `reason` is a sentence for people, `raw_reason` the service's own word; `usage` counts
    by modality; `cost_usd` is None where the price is unknown.
    """

    status: Status
    parts: tuple[Part, ...] = ()
    reason: str = ""
    raw_reason: str = ""
    model_version: str = ""
    response_id: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A judging model's reply to a question about images, and what it cost."""

    data: Mapping[str, Any]
    raw: str = ""
    model_version: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None


class BaseProvider(ABC):
    """One model at one setting.

    `in_flight` is how many calls one process may have under way at once: many for a
    service that waits, one for a renderer that computes.
    """

    in_flight: ClassVar[int] = 1

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        """Check the setting. Raises ValueError, naming the parameter, before any call."""
        self.model = model
        self.params = params

    @abstractmethod
    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        """Answer within `deadline` seconds; raise ProviderError or TimeoutError otherwise."""

    async def ask(
        self, images: Sequence[Reference], question: str, schema: Mapping[str, Any]
    ) -> Answer:
        """Answer a question about images by a JSON schema, where the model can judge."""
        raise ProviderError(f"{self.model} does not judge images", permanent=True)


def provider_names() -> list[str]:
    """The providers that exist: the files of this package."""
    package = import_module("arenas.providers")
    return sorted(
        name
        for _, name, _ in pkgutil.iter_modules(package.__path__)
        if name != "base" and not name.startswith("_")
    )


def make_provider(name: str, model: str, params: Mapping[str, Any]) -> BaseProvider:
    """The provider `name` for one model. Raises ValueError for an unknown name or setting."""
    if name not in provider_names():
        known = ", ".join(provider_names())
        raise ValueError(f"unknown provider {name!r} (known: {known})")
    provider: BaseProvider = import_module(f"arenas.providers.{name}").Provider(model, params)
    return provider
