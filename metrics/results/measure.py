"""Have a check measure pictures that are decoded; whatever goes wrong becomes a reason."""

import math
from dataclasses import dataclass
from typing import Generic, TypeVar

from PIL import Image

from metrics.checks.base import (
    Ask,
    BaseCheck,
    Finding,
    PromptFacts,
    ReferencePicture,
    Subject,
)

# A reason that begins so tells of the check or its limits, not of the pictures: it may go away.
TROUBLE = "the check "


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture as 8-bit RGB, row by row from the top."""

    size: tuple[int, int]
    data: bytes

    def open(self) -> Image.Image:
        return Image.frombytes("RGB", self.size, self.data)


Picture = TypeVar("Picture", bytes, Pixels)


@dataclass(frozen=True)
class Given(Generic[Picture]):
    """A candidate as it is handed over: the prompt, references as (id, role, picture), images."""

    prompt: PromptFacts
    references: tuple[tuple[str, str, Picture], ...]
    images: tuple[Picture, ...]


def make_subject(given: Given[Pixels], ask: Ask | None = None) -> Subject:
    return Subject(
        given.prompt,
        tuple(ReferencePicture(key, role, each.open()) for key, role, each in given.references),
        tuple(each.open() for each in given.images),
        ask,
    )


def measure(check: BaseCheck, subject: Subject) -> Finding:
    """The check's finding; an error of its own is a reason, so that nothing blocks the queue."""
    try:
        finding = check.measure(subject)
        if not all(map(math.isfinite, finding.values.values())):
            raise ValueError(f"not a number among {dict(finding.values)}")
        return finding
    except Exception as error:  # a plug-in may raise anything; the reason is shown with the result
        return Finding(not_measurable=f"{TROUBLE}failed: {type(error).__name__}: {error}")
