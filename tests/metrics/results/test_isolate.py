"""Decoding and measuring in processes apart: what goes wrong there harms nobody."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import metrics.checks
from arenas.images.decode import decode_pixels
from metrics.checks.base import PromptFacts
from metrics.results.children.frames import Ended, write_frame
from metrics.results.isolate import (
    ROOT,
    Apart,
    BadPicture,
    Child,
    Limits,
    Lost,
    Measurement,
    read_pixels,
)
from metrics.results.measure import Given, Pixels
from tests.factories import encode, huge_png, png

NAME = "misbehaving"
FOLDER = Path(__file__).parent.parent / "misbehaving"


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    """One pair of children for all these tests, with limits that are soon reached."""
    patch = pytest.MonkeyPatch()
    patch.setattr(metrics.checks, "__path__", [*metrics.checks.__path__, str(FOLDER)])
    patch.setenv("SECRET_KEY", "hidden")
    patch.setenv("DATABASE_URL", "hidden")
    made = Apart(Limits(20, 450))
    yield made
    made.end()
    patch.undo()


def measure(apart: Apart, text: str, data: bytes | None = None) -> str:
    """What the check says of a picture: its reason, or nothing where it measured."""
    given = Given(PromptFacts("p", "", text), (), (png() if data is None else data,))
    return find(apart, given).finding.not_measurable


def find(apart: Apart, given: Given[bytes]) -> Measurement:
    [(name, found)] = apart.measure(given, [NAME])
    assert name == NAME
    return found


def answer(*frames: bytes) -> io.BytesIO:
    """What a decoder puts into its pipe."""
    pipe = io.BytesIO()
    for frame in frames:
        write_frame(pipe, frame)
    pipe.seek(0)
    return pipe


def test_pixels_come_back_as_they_are_decoded_here(apart: Apart) -> None:
    picture = Image.radial_gradient("L").resize((90, 70)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((90, 70)))
    cmyk = encode(picture.convert("CMYK"), "JPEG")
    for data in (encode(picture, "PNG"), encode(picture, "WEBP"), cmyk):
        assert apart.decode(data).data == decode_pixels(data).tobytes()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg/>", "not a PNG, JPEG or WebP"),
        (png()[:-60], "damaged"),
    ],
)
def test_what_is_no_picture_has_a_reason(apart: Apart, data: bytes, reason: str) -> None:
    said = measure(apart, "", data)
    assert "image 1 cannot be opened" in said
    assert reason in said


def test_a_bomb_has_a_reason_and_the_same_child_goes_on(apart: Apart) -> None:
    apart.decode(png())
    starts = apart.decoder.starts
    with pytest.raises(BadPicture, match="megapixels"):
        apart.decode(huge_png())
    assert apart.decode(png()).size == (64, 64)
    assert apart.decoder.starts == starts


def test_a_lost_decoder_is_a_trouble_and_no_fault_of_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apart = Apart()

    def lose(*_: object) -> None:
        raise Lost("crashed (signal 9)")

    monkeypatch.setattr(apart.decoder, "request", lose)
    said = measure(apart, "")
    assert said == "the check could not open image 1: decoding it crashed (signal 9)"


@pytest.mark.parametrize(
    "end", [b"{}", b"[]", b"", b"no JSON", b'{"size": [1]}', b'{"size": [1, 2]}', b"[" * 9000]
)
def test_a_misshapen_answer_is_a_lost_process(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child("metrics.results.children.decode", Limits(20, 300))
    with pytest.raises(Lost, match="another form"):
        child.request(b"", lambda _: read_pixels(answer(b"abc", b"", end)))
    assert child.process is None


def test_no_more_pixels_are_taken_than_a_picture_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.results.isolate.MAX_PIXELS", 2)
    with pytest.raises(Ended, match="more than 2 bytes"):
        read_pixels(answer(b"1234", b"123"))


def test_a_reason_can_be_stored() -> None:
    assert read_pixels(answer(b"", json.dumps({"reason": "a\0b"}).encode())) == "a�b"


def test_references_count_among_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("metrics.results.isolate.TOGETHER", 5)
    apart = Apart()
    monkeypatch.setattr(apart, "decode", lambda data: Pixels((1, 2), data))
    facts = PromptFacts("p", "", "")
    references = (("r", "source", b"1"), ("s", "source", b"2"))
    assert apart.decode_all(Given(facts, references, ())).references[1][2].data == b"2"
    with pytest.raises(BadPicture, match="megapixels together"):
        apart.decode_all(Given(facts, references, (b"3",)))


def test_words_of_a_check_can_be_stored(apart: Apart) -> None:
    found = find(apart, Given(PromptFacts("p", "", "evidence"), (), (png(),)))
    assert found.finding.boxes[0].label == "a�b"


def test_a_check_that_crashes_has_a_reason_and_is_started_again(apart: Apart) -> None:
    assert measure(apart, "crash") == "the check crashed (signal 11)"
    assert measure(apart, "") == ""


def test_a_check_that_swells_is_ended(apart: Apart) -> None:
    assert measure(apart, "swell") == "the check took more than 450 MB of memory"


def test_a_check_that_hangs_is_ended(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(apart, "")
    monkeypatch.setattr(apart.measurer, "limits", Limits(0.5, 450))
    assert measure(apart, "hang") == "the check took longer than 0.5 s"


def test_an_error_of_a_check_does_not_end_its_process(apart: Apart) -> None:
    measure(apart, "")
    starts = apart.measurer.starts
    assert measure(apart, "raise") == "the check failed: ZeroDivisionError: no pixels"
    assert apart.measurer.starts == starts


def test_what_a_check_prints_is_no_answer(apart: Apart, capfd: pytest.CaptureFixture[str]) -> None:
    assert measure(apart, "print") == ""


def test_a_check_is_told_no_secrets(apart: Apart) -> None:
    assert measure(apart, "secrets") == "secrets: []"


def test_all_checks_of_a_candidate_share_a_process(apart: Apart) -> None:
    given = Given(PromptFacts("p", "", ""), (), (png(),))
    names = [NAME, NAME]
    first, second = (found.finding.values["calls"] for _, found in apart.measure(given, names))
    assert second == first + 1


def test_a_child_of_another_parent_does_not_begin() -> None:
    command = [sys.executable, "-m", "metrics.results.children.decode", "1"]
    assert subprocess.run(command, cwd=ROOT, input=b"", check=False).returncode == 1


def test_a_killed_parent_leaves_no_child_behind() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"begun\n"
    parent.kill()
    # The child holds the same standard error: it ends when both have.
    parent.communicate(timeout=30)


PARENT = """
import time
from metrics.results.isolate import Child, Limits
child = Child("metrics.results.children.decode", Limits(20, 300))
child._ensure()
print("begun", flush=True)
time.sleep(60)
"""
