"""Have a check measure pictures that are decoded; whatever goes wrong becomes a reason."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from PIL import Image

from arenas.candidates.clean import clean_text, clean_value
from metrics.checks.base import (
    Ask,
    BaseCheck,
    Box,
    Finding,
    Outline,
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
        return read_finding(asdict(check.measure(subject)))
    except Exception as error:  # a plug-in may raise anything; the reason is shown with the result
        return report_error(error)


def report_error(error: Exception) -> Finding:
    return Finding(not_measurable=clean_text(f"{TROUBLE}failed: {type(error).__name__}: {error}"))


def read_finding(told: Mapping[str, Any]) -> Finding:
    """The finding of these fields, fit for the database. Raises what misshapen fields raise."""
    if not all(map(math.isfinite, told["values"].values())):
        raise ValueError(f"not a number among {told['values']}")
    json.dumps(told, allow_nan=False)  # no odd number or object in the evidence either
    clean: Any = clean_value(told)
    return Finding(
        clean["values"],
        clean["not_measurable"],
        tuple(Box(**each) for each in clean["boxes"]),
        tuple(
            Outline(each["picture"], tuple((x, y) for x, y in each["points"]), each["label"])
            for each in clean["outlines"]
        ),
        tuple(clean["fingerprints"]),
    )
