"""What every automated check takes and gives; and how checks are found.

A check is one file of this package with a class `Check`. The file's name is the check's
name. Checks know pictures and numbers only: no Django, no database, no network.
"""

import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import ClassVar

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


@dataclass(frozen=True, slots=True)
class Subject:
    """A candidate to be checked: the prompt, its references, and the images made, in order."""

    prompt: PromptFacts
    references: tuple[ReferencePicture, ...]
    images: tuple[Image.Image, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """The measured values by name, or the reason why nothing could be measured.

    A reason is a result, never a zero: exactly one of `values` and `not_measurable` is set.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    not_measurable: str = ""
    boxes: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.values) == bool(self.not_measurable):
            raise ValueError("a finding has either values or a reason why there are none")


class BaseCheck(ABC):
    """One automated check. `version` changes whenever the same picture may score otherwise."""

    version: ClassVar[str]
    title: ClassVar[str]
    measures: ClassVar[tuple[Measure, ...]]

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
