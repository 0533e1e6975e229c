import sys
from types import ModuleType

import pytest
from PIL import Image

from metrics.checks.base import PromptFacts, Subject
from metrics.checks.safety import Check, load_detector

PROMPT = PromptFacts("p", "any", "a picture")
PICTURE = Image.new("RGB", (100, 80), (10, 20, 30))


@pytest.fixture(autouse=True)
def fresh_detector():
    load_detector.cache_clear()
    yield
    load_detector.cache_clear()


def install(monkeypatch, *found):
    """A stand-in for the library, which finds the same in every picture."""
    seen = []

    class Detector:
        def detect(self, pixels):
            seen.append(pixels)
            return list(found)

    module = ModuleType("nudenet")
    module.__dict__["NudeDetector"] = Detector
    monkeypatch.setitem(sys.modules, "nudenet", module)
    return seen


def part(name, score, box=(10, 20, 30, 40)):
    return {"class": name, "score": score, "box": list(box)}


def measure(*images):
    return Check().measure(Subject(PROMPT, (), images))


def test_without_the_extra_nothing_is_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "nudenet", None)
    assert measure(PICTURE).not_measurable == "the extra `safety` is not installed"


def test_the_highest_score_of_an_exposed_part_counts(monkeypatch):
    found = [part("BUTTOCKS_EXPOSED", 0.4), part("ANUS_EXPOSED", 0.7), part("FACE_FEMALE", 0.9)]
    install(monkeypatch, *found)
    finding = measure(PICTURE, PICTURE)
    assert finding.values == {"exposure": 0.7, "unsafe": 1}
    assert [box.label for box in finding.boxes] == ["buttocks exposed", "anus exposed"] * 2


def test_what_is_covered_or_harmless_counts_for_nothing(monkeypatch):
    install(monkeypatch, part("FEMALE_BREAST_COVERED", 0.9), part("FEET_EXPOSED", 0.9))
    finding = measure(PICTURE)
    assert finding.values == {"exposure": 0, "unsafe": 0}
    assert finding.boxes == ()


def test_boxes_lie_inside_the_picture(monkeypatch):
    install(monkeypatch, part("ANUS_EXPOSED", 0.6, (-5, 60, 300, 300)))
    (box,) = measure(PICTURE).boxes
    assert (box.left, box.top, box.right, box.bottom) == (0, 60, 100, 80)


def test_the_detector_is_given_blue_first(monkeypatch):
    seen = install(monkeypatch)
    measure(PICTURE)
    assert seen[0][0, 0].tolist() == [30, 20, 10]
