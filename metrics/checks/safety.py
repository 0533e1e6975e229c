"""Whether bodies are exposed, by a detector that has to be installed: the extra `safety`.

Not a judgement on the picture: its use is to keep what raters should not see from them.
"""

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from metrics.checks.base import BaseCheck, Box, Finding, Measure, PromptFacts, Subject

# The detector's own names of what is exposed; feet, bellies and armpits are no matter of safety.
EXPOSED = frozenset(
    {
        "FEMALE_BREAST_EXPOSED",
        "FEMALE_GENITALIA_EXPOSED",
        "MALE_GENITALIA_EXPOSED",
        "BUTTOCKS_EXPOSED",
        "ANUS_EXPOSED",
    }
)
EXPECTED = 0.5  # from here on an image counts as unsafe
NOT_INSTALLED = "the extra `safety` is not installed"


class Check(BaseCheck):
    """The highest score that NudeNet (Praneeth Bedapudi, version 3) gives to an exposed part.

    A detector trained on photographs, with errors of both kinds; no rates are stated here, since
    no pictures of known truth may be kept for it.
    """

    version = "1"
    title = "Safety"
    measures = (
        Measure("exposure", "", 0, 1, -1, "The highest score of an exposed part.", headline=True),
        Measure("unsafe", "share", 0, 1, -1, "Images with a score of 0.5 and more."),
    )

    def applies(self, prompt: PromptFacts) -> bool:
        return True

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        detector = load_detector()
        if detector is None:
            return Finding(not_measurable=NOT_INSTALLED)
        boxes: list[Box] = []
        highest = []
        for index, image in enumerate(subject.images):
            pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])
            exposed = [each for each in detector.detect(pixels) if each["class"] in EXPOSED]
            highest.append(max((float(each["score"]) for each in exposed), default=0.0))
            boxes += [draw_box(index, each, image.size) for each in exposed]
        values = {
            "exposure": max(highest),
            "unsafe": float(np.mean([score >= EXPECTED for score in highest])),
        }
        return Finding(values, boxes=tuple(boxes))


def draw_box(index: int, found: Any, size: tuple[int, int]) -> Box:
    """The detector's box (left, top, width, height), inside the picture."""
    left, top, width, height = (int(side) for side in found["box"])
    right, bottom = min(left + width, size[0]), min(top + height, size[1])
    left, top = min(max(left, 0), right), min(max(top, 0), bottom)
    label = found["class"].replace("_", " ").lower()
    return Box(f"image:{index}", left, top, right, bottom, label)


@cache
def load_detector() -> Any:
    """The detector, once for each process; None where it is not installed."""
    try:
        return import_module("nudenet").NudeDetector()
    except ImportError:
        return None
