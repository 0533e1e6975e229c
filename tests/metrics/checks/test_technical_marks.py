import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks._technical.fingerprint import (
    count_near_duplicates,
    make_fingerprint,
    measure_hamming,
)
from metrics.checks._technical.tones import read_lightness
from metrics.checks._technical.watermark import find_mark
from metrics.checks.base import PromptFacts, Subject
from metrics.checks.technical import Check

ASTRONAUT = Image.fromarray(data.astronaut())
COFFEE = Image.fromarray(data.coffee())
CAT = Image.fromarray(data.chelsea())


def measure(*pictures, ratio="1:1"):
    prompt = PromptFacts("p", "any", "a picture", expect=Expectation(aspect_ratio=ratio))
    return Check().measure(Subject(prompt, (), pictures))


def mark(picture, *corners):
    marked = picture.copy()
    draw = ImageDraw.Draw(marked)
    places = {"la": (12, 8), "rd": (picture.width - 12, picture.height - 8)}
    places |= {"ra": (picture.width - 12, 8), "ld": (12, picture.height - 8)}
    for anchor in corners:
        draw.text(places[anchor], "SAMPLE", "white", ImageFont.load_default(20), anchor=anchor)
    return marked


def test_the_shape_asked_for_has_no_aspect_error():
    assert measure(Image.new("RGB", (160, 90)), ratio="16:9").values["aspect_error"] == 0


def test_aspect_error_is_alike_both_ways():
    wide, high = Image.new("RGB", (200, 100)), Image.new("RGB", (100, 200))
    values = [measure(each).values["aspect_error"] for each in (wide, high)]
    assert values == pytest.approx([np.log(2)] * 2)


@pytest.mark.parametrize("corner", ["la", "ra", "ld", "rd"])
def test_a_mark_in_one_corner_is_a_watermark_and_is_shown(corner):
    plain = Image.new("RGB", (512, 512), (60, 90, 60))
    finding = measure(mark(plain, corner))
    assert finding.values["watermark"] == 1
    (box,) = [box for box in finding.boxes if box.label == "watermark?"]
    assert (box.left < 256) is (corner[0] == "l")
    assert (box.top < 256) is (corner[1] == "a")


def test_the_more_corners_are_alike_the_less_it_is_a_watermark():
    plain = Image.new("RGB", (512, 512), (60, 90, 60))
    corners = ["la", "ra", "ld", "rd"]
    scores = [measure(mark(plain, *corners[:n])).values["watermark"] for n in range(5)]
    assert scores == pytest.approx([0, 1, 2 / 3, 1 / 3, 0])


@pytest.mark.parametrize("picture", [ASTRONAUT, COFFEE, CAT], ids=["astronaut", "coffee", "cat"])
def test_photographs_have_no_watermark(picture):
    assert measure(picture).values["watermark"] == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (63, 64), (64, 64)])
def test_small_pictures_have_no_watermark(size):
    assert find_mark(np.zeros((*size, 3), np.uint8)).score == 0


def take(picture):
    return make_fingerprint(read_lightness(np.asarray(picture)))


def test_every_image_has_a_fingerprint_of_64_bits():
    prints = measure(COFFEE, CAT, Image.new("RGB", (1, 9))).fingerprints
    assert [len(each) for each in prints] == [16] * 3
    assert all(0 <= int(each, 16) < 2**64 for each in prints)


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.resize((200, 150)),
        lambda picture: ImageEnhance.Brightness(picture).enhance(0.8),
        lambda picture: picture.crop((4, 4, picture.width - 4, picture.height - 4)),
    ],
    ids=["resized", "darker", "cropped"],
)
def test_a_changed_picture_is_a_near_duplicate(change):
    assert count_near_duplicates([take(COFFEE), take(change(COFFEE))]) == 1


def test_different_pictures_are_none():
    assert count_near_duplicates([take(each) for each in (ASTRONAUT, COFFEE, CAT)]) == 0


def test_duplicates_are_counted_once_each():
    assert count_near_duplicates(["0" * 16] * 3 + ["f" * 16]) == 2
    assert count_near_duplicates([]) == 0


def test_hamming_counts_bits():
    assert measure_hamming("0" * 16, "0" * 15 + "7") == 3
    assert measure_hamming("f" * 16, "0" * 16) == 64
