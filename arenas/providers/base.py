"""What every provider of images takes, gives and raises; and how providers are found.

A provider is one file of this package with a class `Provider`. The file's name is the
provider's name: adding one touches no other file. Files that begin with `_` are parts
of providers. Nothing here knows Django or a database.

A provider makes each call once. Whether to try again, when, and what a failure means for
other calls is decided by its caller, who sees an Outcome or a ProviderError.
"""

import math
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib import import_module
from typing import Any, ClassVar, Generic, TypeVar

LONGEST_WAIT = 86_400.0  # quotas are by the day


class Status(StrEnum):
    """How one request ended. All but DONE are outcomes of the model, shown as rates."""

    DONE = "done"
    REFUSED_PROMPT = "refused_prompt"
    REFUSED_OUTPUT = "refused_output"
    NO_IMAGE = "no_image"
    MALFORMED = "malformed"
    FAILED = "failed"


class Cause(StrEnum):
    """Why a call gave no outcome; what follows for this call and for others depends on it."""

    PASSING = "passing"  # a broken connection, a server's error, a cut answer
    TIMEOUT = "timeout"  # no answer in time: it may have been made, and billed, all the same
    BUSY = "busy"  # too many calls to this model: all of them wait
    QUOTA = "quota"  # nothing more today, or until somebody pays
    UNREACHABLE = "unreachable"  # there is no connection at all: the network, or a wrong address
    KEY = "key"  # the key is missing, wrong or not allowed this: no call will do
    GONE = "gone"  # there is no such model any more
    REQUEST = "request"  # this very request is wrong, and would be again


class ProviderError(Exception):
    """A call that gave no outcome.

    `permanent` says that the same call would fail again; `cause` says more exactly why, and
    `retry_after` how many seconds the service asked to wait, where it said so. `raw_reason` is
    the service's own word. `usage` is what was billed before the failure, as in an Outcome, and
    `resume` is given back in the next try's Request, so that turns answered already are not
    paid for twice. `perhaps_billed` says that the answer may have been made, and billed, although
    it did not arrive: nobody can tell.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        cause: Cause | None = None,
        retry_after: float | None = None,
        raw_reason: str = "",
        usage: Mapping[str, int] | None = None,
        resume: object = None,
        perhaps_billed: bool = False,
    ) -> None:
        super().__init__(message)
        self.cause = cause or (Cause.REQUEST if permanent else Cause.PASSING)
        self.retry_after = limit_wait(retry_after)
        self.raw_reason = raw_reason
        self.usage = dict(usage or {})
        self.resume = resume
        self.perhaps_billed = perhaps_billed or self.cause == Cause.TIMEOUT

    @property
    def permanent(self) -> bool:
        return self.cause in (Cause.REQUEST, Cause.GONE)


def limit_wait(seconds: float | None) -> float | None:
    """A wait as services may ask for one: at most a day, and none where it is no number."""
    if seconds is None or not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


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
    `resume` is what the ProviderError of an earlier try of this request carried, or None.
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
    resume: object = None


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

    `reason` is a sentence for people, `raw_reason` the service's own word. `try_again` says that
    an answer without an image was an accident (an empty body, a NO_IMAGE), which another try may
    not meet; it is never set on a refusal. `usage` counts what is billed, all turns together:
    `input_text_tokens`, `input_image_tokens`, `output_text_tokens` (thoughts included),
    `output_image_tokens`, `images`; a service that reports none leaves all but `images` out.
    `cost_usd` is None where only a price list can tell. `details` is kept with the candidate:
    the settings sent, the SDK's version, what was odd. `retires_on` is the day the service says
    that the model ends. `timings` are seconds.
    """

    status: Status
    parts: tuple[Part, ...] = ()
    reason: str = ""
    raw_reason: str = ""
    model_version: str = ""
    response_id: str = ""
    try_again: bool = False
    usage: Mapping[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    retires_on: date | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """A question about images for a judging model, as `ask` takes it."""

    images: Sequence[Reference]
    text: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A judging model's reply to a question about images, and what it cost.

    `data` fits the schema where `status` is `done`, and is empty where it is not: the model may
    have refused to look, or replied in another form. `raw` is the reply as it came.
    """

    data: Mapping[str, Any]
    raw: str = ""
    status: Status = Status.DONE
    reason: str = ""
    raw_reason: str = ""
    model_version: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None


class BaseProvider(ABC):
    """One model at one setting.

    `in_flight` is how many calls one process may have under way at once: many for a service that
    waits, one for a renderer that computes. `at_most` is how many all workers may have together,
    and `rate` how many may start per minute (None: as many as may be); both give way to what the
    operator sets. `is_free` says that calls cost nothing. `asked_with` are the parameters that
    `ask` heeds; None: it cannot judge.
    """

    in_flight: ClassVar[int] = 1
    at_most: ClassVar[int | None] = None
    rate: ClassVar[float | None] = None
    is_free: ClassVar[bool] = False
    asked_with: ClassVar[tuple[str, ...] | None] = None

    def __init__(self, model: str, params: Mapping[str, Any]) -> None:
        """Check the setting. Raises ValueError, naming the parameter, before any call."""
        self.model = model
        self.params = params

    @property
    def account(self) -> str:
        """Who pays for the calls: a project's name, never a key. One account shares its limits."""
        return ""

    @property
    def lacks(self) -> str:
        """What the environment lacks for calls, as a sentence, or nothing."""
        return ""

    @abstractmethod
    async def generate(self, request: Request, *, deadline: float) -> Outcome:
        """Answer within `deadline` seconds; raise ProviderError or TimeoutError otherwise."""

    async def ask(
        self, images: Sequence[Reference], question: str, schema: Mapping[str, Any]
    ) -> Answer:
        """Answer a question about images by a JSON schema, where the model can judge.

        Each image's `id` says what it is, in words that are put before it. Raises ProviderError.
        """
        raise ProviderError(f"{self.model} does not judge images", permanent=True)


Result = TypeVar("Result", bound=Outcome | Answer)


@dataclass(frozen=True, slots=True)
class BatchState(Generic[Result]):
    """Where a batch job is. `results` holds, once it has ended, what each key came to.

    `failed` is why the job as a whole came to nothing; a key without a result failed with it.
    """

    ended: bool
    results: Mapping[str, Result | ProviderError] = field(default_factory=dict)
    failed: str = ""


class BatchProvider(BaseProvider):
    """A provider whose service also takes many requests at once, later and for less."""

    @abstractmethod
    async def submit(self, requests: Mapping[str, Request], *, name: str) -> str:
        """Send the requests by key as one job called `name`; return the service's id of it."""

    @abstractmethod
    async def find(self, name: str) -> str | None:
        """The id of a job of this name, for a sender that died before it learnt the id."""

    @abstractmethod
    async def poll(self, job: str) -> BatchState[Outcome]:
        """What became of the job. Raises ProviderError where the service does not say."""

    @abstractmethod
    async def cancel(self, job: str) -> None:
        """Ask the service to stop the job. What it made by then is billed."""

    async def submit_questions(self, questions: Mapping[str, Question], *, name: str) -> str:
        """As `submit`, of questions to a judging model."""
        raise ProviderError(f"{self.model} does not judge images in batches", permanent=True)

    async def poll_questions(
        self, job: str, schemas: Mapping[str, Mapping[str, Any]]
    ) -> BatchState[Answer]:
        """As `poll`, of a job of questions; each reply is held to its key's schema."""
        raise ProviderError(f"{self.model} does not judge images in batches", permanent=True)


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
