"""What checks found, drawn on the pictures that it lies on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from arenas.candidates.models import Candidate, Part
from arenas.images.models import Image
from metrics.results.models import CheckResult

# A letter's width and a line's height, to the size of letters.
WIDE, HIGH = 0.7, 1.15


@dataclass(frozen=True, slots=True)
class Shape:
    """A box, or a closed line of `points` as SVG takes them, with its label in `lines`.

    `x` and `y` are the upper left corner of the label, in pixels of the picture.
    """

    left: int
    top: int
    width: int
    height: int
    points: str
    label: str
    lines: tuple[str, ...] = ()
    x: int = 0
    y: int = 0


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
        return measure_letters(self.image)


def measure_letters(image: Image) -> int:
    """The height of labels, in pixels of the picture."""
    return max(8, max(image.width, image.height) // 28)


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
        if result and (shapes := list_shapes(result, place, image))
    ]
    return Picture(image, layers)


def list_shapes(result: CheckResult, place: str, image: Image) -> list[Shape]:
    shapes = [make_shape(each) for each in result.evidence if each["picture"] == place]
    return [place_label(shape, image) for shape in shapes]


def place_label(shape: Shape, image: Image) -> Shape:
    """Above the shape, so that what is in it is seen; where there is no room below, or else in it.

    It is wrapped and moved so that it stays on the picture.
    """
    letters = measure_letters(image)
    lines = wrap(shape.label, max(8, int(image.width / (WIDE * letters))))
    width = WIDE * letters * max(map(len, lines), default=0)
    height = round(HIGH * letters * len(lines))
    y = shape.top - height
    if y < 0:
        below = shape.top + shape.height
        y = below if below + height <= image.height else shape.top
    x = max(0, min(shape.left, int(image.width - width)))
    return replace(shape, lines=tuple(lines), x=x, y=y)


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
