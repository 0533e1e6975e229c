"""What checks found, drawn on the pictures that it lies on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arenas.candidates.models import Candidate, Part
from arenas.images.models import Image
from metrics.results.models import CheckResult


@dataclass(frozen=True, slots=True)
class Shape:
    """A box, or a closed line of `points` as SVG takes them, with where its label stands."""

    left: int
    top: int
    width: int
    height: int
    points: str
    label: str
    leftward: bool = False  # whether the label ends at the right side, to stay on the picture

    @property
    def right(self) -> int:
        return self.left + self.width


@dataclass(frozen=True, slots=True)
class Layer:
    """The evidence of one check on a picture; `number` is the check's place on the page."""

    number: int
    shapes: list[Shape]


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored image with the evidence that lies on it."""

    image: Image
    layers: list[Layer]

    @property
    def letters(self) -> int:
        """The height of labels, in pixels of the picture."""
        return max(8, max(self.image.width, self.image.height) // 24)


def draw_parts(
    candidate: Candidate, results: Sequence[CheckResult | None]
) -> list[tuple[Part, Picture | None]]:
    """The candidate's parts in order, thoughts left out, with the evidence of these results.

    A result's place in the sequence is its layer's number.
    """
    drawn: list[tuple[Part, Picture | None]] = []
    number = 0
    for part in candidate.parts.all():
        if part.thought:
            continue
        picture = None
        if part.image:
            picture = draw(part.image, results, f"image:{number}")
            number += 1
        drawn.append((part, picture))
    return drawn


def draw(image: Image, results: Iterable[CheckResult | None], place: str) -> Picture:
    """`place` is what the evidence calls the picture: `image:0`, or `reference:` and its id."""
    layers = [
        Layer(number, shapes)
        for number, result in enumerate(results)
        if result and (shapes := list_shapes(result, place, image.width))
    ]
    return Picture(image, layers)


def list_shapes(result: CheckResult, place: str, width: int) -> list[Shape]:
    shapes = [make_shape(each) for each in result.evidence if each["picture"] == place]
    return [replace(each, leftward=each.left + each.right > width) for each in shapes]


def make_shape(evidence: dict[str, Any]) -> Shape:
    """Of a box or an outline; what was stored before there were outlines is a box."""
    if evidence.get("kind", "box") == "box":
        left, top = int(evidence["left"]), int(evidence["top"])
        width, height = int(evidence["right"]) - left, int(evidence["bottom"]) - top
        return Shape(left, top, width, height, "", evidence["label"])
    points = [(int(x), int(y)) for x, y in evidence["points"]]
    across, down = [x for x, _ in points] or [0], [y for _, y in points] or [0]
    left, top = min(across), min(down)
    return Shape(
        left,
        top,
        max(across) - left,
        max(down) - top,
        " ".join(f"{x},{y}" for x, y in points),
        evidence["label"],
    )
