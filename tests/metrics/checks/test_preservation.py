from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks.base import PromptFacts, ReferencePicture, Subject
from metrics.checks.preservation import Check

ASTRONAUT = Image.fromarray(data.astronaut())
COFFEE = Image.fromarray(data.coffee())


def measure(*images, source=ASTRONAUT, mask=None, n_images=1):
    references = [ReferencePicture("s", "source", source)]
    if mask:
        references.append(ReferencePicture("m", "mask", mask))
    prompt = PromptFacts("p", "c", "t", frozenset({"source"}), Expectation(n_images=n_images))
    return Check().measure(Subject(prompt, tuple(references), images))


def paint(image, box, colour="lime"):
    painted = image.copy()
    ImageDraw.Draw(painted).ellipse(box, fill=colour)
    return painted


def tint(image, strength):
    """Everything a little greener, as an over-edit is."""
    pixels = np.asarray(image, np.float32) + np.array([-40, 40, 0]) * strength
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encode(image, form, quality):
    buffer = BytesIO()
    image.save(buffer, form, quality=quality)
    return Image.open(buffer).convert("RGB")


def test_it_applies_to_prompts_with_a_source_only():
    assert Check().applies(PromptFacts("p", "c", "t", frozenset({"source"})))
    assert not Check().applies(PromptFacts("p", "c", "t", frozenset({"subject"})))


def test_the_source_itself_is_preserved_and_unchanged():
    values = measure(ASTRONAUT).values
    assert values["preservation"] == pytest.approx(1, abs=1e-4)
    assert (values["unchanged"], values["aligned"], values["changed"]) == (1, 1, 0)


def test_a_local_edit_leaves_the_rest_preserved():
    values = measure(paint(ASTRONAUT, (20, 20, 140, 140))).values
    assert values["preservation"] > 0.97
    assert 0.04 < values["changed"] < 0.08
    assert values["unchanged"] == 0


def test_the_more_is_changed_beside_the_edit_the_less_is_preserved():
    edited = paint(ASTRONAUT, (20, 20, 140, 140))
    kept = [measure(tint(edited, s)).values["preservation"] for s in (0, 0.2, 0.4, 0.7, 1)]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < 0.5


def test_colour_and_structure_outside_the_edit_are_measured_apart_from_it():
    values = measure(paint(ASTRONAUT, (20, 20, 140, 140))).values
    assert values["ssim"] > 0.98
    assert values["colour"] < 1


@pytest.mark.parametrize(
    "lay",
    [
        lambda image: image.resize((1024, 1024)),
        lambda image: image.resize((600, 450)),
        lambda image: image.crop((40, 0, 512, 440)),
        lambda image: image.rotate(3, Image.Resampling.BICUBIC),
        lambda image: image.transform(image.size, Image.Transform.AFFINE, (1, 0, 6, 0, 1, -4)),
    ],
    ids=["larger", "stretched", "cropped", "turned", "shifted"],
)
def test_another_frame_of_the_same_picture_is_laid_over_the_source(lay):
    values = measure(lay(ASTRONAUT)).values
    assert values["aligned"] == 1
    assert values["preservation"] > 0.9


@pytest.mark.parametrize(("form", "quality"), [("JPEG", 35), ("JPEG", 80), ("WEBP", 50)])
def test_a_picture_encoded_anew_is_unchanged(form, quality):
    assert measure(encode(ASTRONAUT, form, quality)).values["unchanged"] == 1


def test_a_small_true_edit_is_no_unchanged_picture():
    marked = encode(paint(ASTRONAUT, (400, 60, 414, 74), "red"), "JPEG", 90)
    assert measure(marked).values["unchanged"] == 0


def test_another_picture_preserves_nothing_and_says_that_it_is_not_aligned():
    finding = measure(COFFEE)
    assert (finding.values["aligned"], finding.values["preservation"]) == (0, 0)
    assert not finding.outlines


def test_what_a_mask_allows_costs_nothing():
    edited = paint(ASTRONAUT, (0, 0, 300, 511))
    mask = paint(Image.new("RGB", (256, 256)), (0, 0, 150, 255), "white")
    assert measure(edited, mask=mask).values["preservation"] > 0.97
    assert measure(edited).values["preservation"] < 0.9


def test_what_changes_outside_the_mask_costs():
    edited = paint(ASTRONAUT, (300, 20, 420, 140))
    mask = paint(Image.new("RGB", (512, 512)), (0, 400, 60, 460), "white")
    assert measure(edited, mask=mask).values["preservation"] < 0.97


def test_of_a_conversation_the_last_image_counts_and_steps_are_compared():
    once = paint(ASTRONAUT, (20, 20, 140, 140))
    twice = paint(once, (300, 300, 500, 500))
    values = measure(once, twice).values
    assert values["changed"] == pytest.approx(measure(twice).values["changed"])
    assert values["step"] > values["preservation"] - 0.01


def test_several_images_asked_for_count_alike():
    values = measure(ASTRONAUT, COFFEE, n_images=2).values
    assert values["aligned"] == 0.5
    assert "step" not in values


def test_the_outline_lies_around_the_change():
    [line] = measure(paint(ASTRONAUT, (100, 100, 220, 220)).resize((1024, 1024))).outlines
    x, y = np.array(line.points).T
    assert (line.picture, line.label) == ("image:0", "changed (stretched)")
    assert 180 < x.min() < 210
    assert 430 < y.max() < 460


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (1, 1), (7, 5)])
def test_tiny_pictures_are_measured_all_the_same(size):
    tiny = Image.new("RGB", size, "red")
    for values in (measure(tiny).values, measure(ASTRONAUT, source=tiny).values):
        assert np.isfinite(list(values.values())).all()


def test_blank_pictures_are_measured_all_the_same():
    blank = Image.new("RGB", (300, 200), "white")
    assert measure(blank, source=blank).values["unchanged"] == 1
    assert measure(blank).values["preservation"] < 0.2


def test_a_blurred_copy_is_less_preserved():
    blurred = ASTRONAUT.filter(ImageFilter.GaussianBlur(5))
    assert measure(blurred).values["preservation"] < 0.9
