import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks.base import PromptFacts, ReferencePicture, Subject
from metrics.checks.style import Check

CAT = Image.fromarray(data.cat())
COFFEE = Image.fromarray(data.coffee())


def measure(*images, style=None):
    references = (ReferencePicture("s", "style", style),) if style else ()
    return Check().measure(Subject(PromptFacts("p", "style", "a cat"), references, images))


def ink(image):
    """Another look: few flat colours, blue for red."""
    return ImageOps.posterize(Image.fromarray(np.asarray(image)[..., ::-1].copy()), 2)


@pytest.mark.parametrize(
    ("prompt", "applies"),
    [
        (PromptFacts("p", "style", "t", frozenset({"style"})), True),
        (PromptFacts("p", "character", "t", expect=Expectation(n_images=3)), True),
        (PromptFacts("p", "sequential", "t"), True),
        (PromptFacts("p", "style", "t"), False),
    ],
    ids=["reference", "set", "turns", "single"],
)
def test_it_applies_to_sets_and_to_style_references(prompt, applies):
    assert Check().applies(prompt) is applies


def test_one_image_without_a_style_reference_is_not_measurable():
    assert "nothing to compare" in measure(CAT).not_measurable


def test_equal_pictures_are_of_one_style():
    values = measure(CAT, CAT, style=CAT).values
    assert values["style"] == pytest.approx(1, abs=1e-5)
    assert values["consistency"] == pytest.approx(1, abs=1e-5)
    assert values["reference_similarity"] == pytest.approx(1, abs=1e-5)


def test_a_picture_of_another_look_breaks_the_set():
    left, right = COFFEE.crop((0, 0, 350, 400)), COFFEE.crop((250, 0, 600, 400))
    values = [measure(left, right, each).values for each in (COFFEE, ink(COFFEE))]
    assert values[1]["consistency"] < 0.8 * values[0]["consistency"]


def test_the_further_the_colours_go_the_less_they_are_the_references():
    drifted = [ImageEnhance.Color(CAT).enhance(amount) for amount in (1, 1.5, 2.5, 4)]
    scores = [measure(each, style=CAT).values["reference_similarity"] for each in drifted]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] + 0.1


def test_the_parts_of_the_headline_are_there_where_they_can_be():
    assert "reference_similarity" not in measure(CAT, COFFEE).values
    alone = measure(CAT, style=COFFEE).values
    assert "consistency" not in alone
    assert alone["style"] == alone["reference_similarity"]


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (5, 3)])
def test_odd_pictures_have_numbers_within_their_range(size):
    values = measure(Image.new("RGB", size, "red"), CAT, style=COFFEE).values
    assert all(0 <= value <= 1 for value in values.values())


def test_another_manner_in_the_same_colours_is_less_like_the_reference():
    left, right = COFFEE.crop((0, 0, 350, 400)), COFFEE.crop((250, 0, 600, 400))
    soft = right.filter(ImageFilter.MedianFilter(9))
    own, other = (measure(each, style=left).values for each in (right, soft))
    assert other["colour_similarity"] > 0.95 * own["colour_similarity"]
    assert other["reference_similarity"] < 0.9 * own["reference_similarity"]


def test_a_picture_of_another_manner_breaks_a_set_of_one_palette():
    left, right = COFFEE.crop((0, 0, 350, 400)), COFFEE.crop((250, 0, 600, 400))
    flat = right.filter(ImageFilter.MedianFilter(9))
    own, other = (measure(left, each).values["consistency"] for each in (right, flat))
    assert other < 0.9 * own
