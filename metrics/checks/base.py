"""What every automated check takes and gives; and how checks are found.

A check is one file of this package with a class `Check`. The file's name is the check's
name. Checks know pictures and numbers only: no Django, no database, no network.
"""

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

from PIL import Image

from arenas.providers.base import Expectation


@dataclass(frozen=True, slots=True)
class Measure:
    """One number that a check gives: its name, unit, range, and which way is better.

    `better` is 1 where more is better, -1 where less is, 0 where neither. `headline`
    marks the measure that stands for the check beside the ratings.
    """

    name: str
    unit: str
    low: float
    high: float
    better: int
    description: str
    headline: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A region drawn as evidence, in pixels of the picture that it lies on.

    `picture` is `image:0`, `image:1`, … for the candidate's images in order, or
    `reference:<id>`.
    """

    picture: str
    left: int
    top: int
    right: int
    bottom: int
    label: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A region of any shape drawn as evidence: a closed line, in pixels of the picture."""

    picture: str
    points: tuple[tuple[int, int], ...]
    label: str


@dataclass(frozen=True, slots=True)
class ReferencePicture:
    id: str
    role: str
    image: Image.Image


@dataclass(frozen=True, slots=True)
class PromptFacts:
    """What is known of the prompt before anything was generated."""

    id: str
    category: str
    text: str
    roles: frozenset[str] = frozenset()
    expect: Expectation = field(default_factory=Expectation)


# Asks a judging model about pictures: the question, the JSON schema of the reply → the reply.
# Raises CannotAsk where there is no reply that fits the schema.
Ask = Callable[[Sequence[Image.Image], str, Mapping[str, Any]], Mapping[str, Any]]


class CannotAsk(Exception):
    """There is no judging model, or it gave no reply of the form asked for; the message says so."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A candidate to be checked: the prompt, its references, and the images made, in order.

    `ask` is there for checks that put questions to a judging model (`asks`), where the arena has
    one.
    """

    prompt: PromptFacts
    references: tuple[ReferencePicture, ...]
    images: tuple[Image.Image, ...]
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The measured values by name, or the reason why nothing could be measured.

    A reason is a result, never a zero: exactly one of `values` and `not_measurable` is set.
    `boxes` and `outlines` are the evidence. `fingerprints` are 64-bit perceptual hashes of the
    images as hexadecimal digits, by which near-duplicates are found later.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    not_measurable: str = ""
    boxes: tuple[Box, ...] = ()
    outlines: tuple[Outline, ...] = ()
    fingerprints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.values) == bool(self.not_measurable):
            raise ValueError("a finding has either values or a reason why there are none")


class BaseCheck(ABC):
    """One automated check. `version` changes whenever the same picture may score otherwise."""

    version: ClassVar[str]
    title: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]
    asks: ClassVar[bool] = False  # whether it puts questions to a judging model

    @abstractmethod
    def applies(self, prompt: PromptFacts) -> bool:
        """Whether this check says anything about candidates of this prompt."""

    @abstractmethod
    def measure(self, subject: Subject) -> Finding:
        """Measure one candidate. Anything that cannot be measured is a finding with a reason."""


def check_names() -> list[str]:
    """The checks that exist: the files of this package."""
    package = import_module("metrics.checks")
    return sorted(
        name
        for _, name, _ in pkgutil.iter_modules(package.__path__)
        if name != "base" and not name.startswith("_")
    )


def make_check(name: str) -> BaseCheck:
    """The check `name`. Raises ValueError for an unknown one."""
    if name not in check_names():
        raise ValueError(f"unknown check {name!r} (known: {', '.join(check_names())})")
    check: BaseCheck = import_module(f"metrics.checks.{name}").Check()
    return check
