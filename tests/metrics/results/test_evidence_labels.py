"""Labels of evidence stand beside what they are about, and on the picture."""

import pytest

from arenas.images.models import Image
from metrics.results.models import CheckResult
from metrics.views.evidence import HIGH, WIDE, Shape, draw

LABEL = "subject: similarity 0.47, copied 12 %, and some more"


def label(left: int, top: int, right: int, bottom: int) -> tuple[Shape, int]:
    box = {
        "picture": "image:0", "label": LABEL, "left": left, "top": top, "right": right,
        "bottom": bottom,
    }  # fmt: skip
    picture = draw(Image(width=640, height=480), [CheckResult(evidence=[box])], "image:0")
    [layer] = picture.layers
    [shape] = layer.shapes
    return shape, picture.letters


@pytest.mark.parametrize("box", [(0, 200, 90, 300), (550, 200, 640, 300), (5, 0, 630, 480)])
def test_a_label_stays_on_the_picture(box: tuple[int, int, int, int]) -> None:
    shape, letters = label(*box)
    longest = max(map(len, shape.lines))
    assert " ".join(shape.lines) == LABEL
    assert 0 <= shape.x <= 640 - WIDE * letters * longest
    assert 0 <= shape.y <= 480 - HIGH * letters * len(shape.lines)


def test_a_label_leaves_free_what_is_in_the_box() -> None:
    above, letters = label(10, 200, 300, 300)
    assert above.y + round(HIGH * letters * len(above.lines)) == 200
    below, _ = label(10, 3, 300, 300)
    assert below.y == 300
