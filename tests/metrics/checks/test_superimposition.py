from functools import cache
from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks._superimposition.cues import CUES, measure_cues
from metrics.checks._superimposition.locate import Region
from metrics.checks._superimposition.model import MODELS, estimate
from metrics.checks.base import PromptFacts, ReferencePicture, Subject
from metrics.checks.superimposition import Check

COFFEE = Image.fromarray(data.coffee())
ASTRONAUT = Image.fromarray(data.astronaut())
CHELSEA = Image.fromarray(data.chelsea())


def measure(*images, **references):
    pictures = tuple(ReferencePicture(role, role, image) for role, image in references.items())
    prompt = PromptFacts("p", "c", "t", frozenset(references), Expectation())
    return Check().measure(Subject(prompt, pictures, images))


@cache
def cup():
    """An oval of the coffee cup with its alpha, on the scale of the cat's picture."""
    picture = COFFEE.crop((140, 70, 480, 310)).convert("RGBA")
    alpha = Image.new("L", (1360, 960))
    ring = np.zeros((960, 1360), np.uint8)
    cv2.ellipse(ring, (680, 480), (660, 460), 0, 0, 360, 255, -1)
    alpha = Image.fromarray(ring).resize(picture.size, Image.Resampling.BOX)
    picture.putalpha(alpha)
    return picture.resize((200, 141), Image.Resampling.LANCZOS)


def put(*, blended):
    """The cup before the cat: with the picture's softness, light and shadow, or cut out hard."""
    thing, at = cup(), (200, 140)
    scene = np.asarray(CHELSEA, np.float32)
    layer = np.zeros((*scene.shape[:2], 4), np.float32)
    layer[at[1] : at[1] + thing.height, at[0] : at[0] + thing.width] = np.asarray(thing)
    colour, alpha = layer[..., :3], layer[..., 3:] / 255
    if blended:
        colour, alpha = (cv2.GaussianBlur(layer, (0, 0), 0.9)[..., i] for i in (slice(3), [3]))
        alpha = alpha / 255
        shade = cv2.GaussianBlur(np.roll(alpha[..., 0], 10, 0), (0, 0), 8)[..., None]
        scene = scene * (1 - 0.5 * shade)
        colour = colour * 0.6 + scene[alpha[..., 0] < 0.1].mean(0) * 0.4 * np.ones(3)
    else:
        grain = np.random.default_rng(0).standard_normal(colour.shape) * 10
        colour, alpha = np.clip(colour + grain, 0, 255), (alpha > 0.5).astype(np.float32)
    buffer = BytesIO()
    mixed = Image.fromarray(np.clip(scene + (colour - scene) * alpha, 0, 255).astype(np.uint8))
    mixed.save(buffer, "JPEG", quality=92)
    return Image.open(buffer).convert("RGB")


def test_it_applies_where_something_is_to_be_put_in():
    for role in ("subject", "source"):
        assert Check().applies(PromptFacts("p", "c", "t", frozenset({role})))
    assert not Check().applies(PromptFacts("p", "c", "t", frozenset({"style"})))


def test_a_thing_cut_out_hard_looks_more_pasted_than_a_blended_one():
    pasted, blended = (measure(put(blended=b), source=CHELSEA).values for b in (False, True))
    assert pasted["pasted"] > 0.5 > blended["pasted"]
    assert pasted["hardness"] > blended["hardness"]
    assert pasted["noise"] > blended["noise"]


def test_the_outline_lies_around_what_was_put_in():
    [line] = measure(put(blended=False), source=CHELSEA).outlines
    x, y = np.array(line.points).T
    assert line.picture == "image:0"
    assert (x.min(), x.max()) == (pytest.approx(203, abs=8), pytest.approx(397, abs=8))
    assert (y.min(), y.max()) == (pytest.approx(143, abs=8), pytest.approx(278, abs=8))


def test_the_outline_is_in_pixels_of_a_large_image():
    large = put(blended=False).resize((1804, 1200))
    [line] = measure(large, source=CHELSEA).outlines
    assert max(x for x, _ in line.points) == pytest.approx(397 * 4, abs=32)


def paste_astronaut(how):
    scene = Image.fromarray(data.brick()).convert("RGB").resize((800, 800))
    scene.paste(how(ASTRONAUT.resize((400, 400))), (200, 380))
    return scene


def test_a_subject_is_found_again_by_its_corners():
    assert measure(paste_astronaut(lambda image: image), subject=ASTRONAUT).values["located"] == 1


def test_the_more_a_subject_departs_from_its_reference_the_less_it_is_a_copy():
    exact, soft = (
        measure(paste_astronaut(how), subject=ASTRONAUT).values["copied"]
        for how in (lambda image: image, lambda image: image.filter(ImageFilter.GaussianBlur(1.5)))
    )
    assert 1 >= exact > soft > 0


def test_a_plain_subject_is_found_again_by_its_colours_and_either_way_round():
    plain = Image.new("RGB", (240, 240), "grey")
    ImageDraw.Draw(plain).polygon([(40, 40), (200, 90), (150, 210), (60, 180)], "orange")
    ImageDraw.Draw(plain).ellipse((70, 80, 120, 130), "navy")
    picture = CHELSEA.copy()
    ours = plain.crop((40, 40, 201, 211)).resize((110, 117))
    ours = ImageOps.mirror(ours)
    picture.paste(ours, (40, 120), ours.convert("L").point(lambda v: 255 * (v != 128)))
    assert measure(picture, subject=plain).values["located"] == 1


def test_a_subject_that_is_not_there_is_not_measurable():
    for subject in (Image.new("RGB", (200, 200), "grey"), ASTRONAUT):
        finding = measure(put(blended=False), subject=subject)
        assert finding.not_measurable == "what was put in was not found"


def test_images_in_which_it_is_not_found_do_not_count():
    both = measure(put(blended=False), CHELSEA, source=CHELSEA).values
    assert both["located"] == 0.5
    assert both["pasted"] == measure(put(blended=False), source=CHELSEA).values["pasted"]


def test_a_blank_picture_is_not_measurable():
    finding = measure(Image.new("RGB", (300, 300), "teal"), subject=COFFEE)
    assert finding.not_measurable == "what was put in was not found"


def test_no_image_is_not_measurable():
    assert measure(subject=COFFEE).not_measurable == "there is no image"


@pytest.mark.parametrize("size", [(1, 400), (400, 1), (1, 1), (9, 7)])
def test_tiny_pictures_raise_nothing(size):
    tiny = Image.new("RGB", size, "red")
    for finding in (measure(tiny, source=COFFEE), measure(COFFEE, source=tiny, subject=tiny)):
        assert finding.not_measurable or np.isfinite(list(finding.values.values())).all()


def test_a_region_without_room_has_no_cues():
    pixels = np.zeros((64, 64, 3), np.uint8)
    mask = np.zeros((64, 64), bool)
    assert measure_cues(pixels, Region(mask, under=pixels)) is None
    mask[30:34, 30:34] = True
    assert measure_cues(pixels, Region(mask, under=pixels)) is None


@pytest.mark.parametrize("way", sorted(CUES))
def test_the_model_weighs_every_cue_and_gives_a_probability(way):
    assert set(MODELS[way].slopes) == set(CUES[way])
    for size in (-100.0, 0.0, 100.0):
        assert 0 <= estimate(dict.fromkeys(CUES[way], size), way) <= 1
