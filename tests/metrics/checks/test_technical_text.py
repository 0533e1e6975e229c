from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from metrics.checks._technical.lettering import find_lines
from metrics.checks.base import PromptFacts, Subject
from metrics.checks.technical import Check
from tests.arenas.providers.test_procedural import all_requests, answer, images

PROMPT = PromptFacts("p", "any", "a picture")
COFFEE = Image.fromarray(data.coffee())
WITH_TEXT = ["text-lost-cat-notice", "text-chalkboard-menu", "text-jazz-poster", "night-poster",
             "text-warning-cliff", "text-fox-book-cover", "text-trail-sign"]  # fmt: skip
WITHOUT = ["sequential-fox-picnic", "interleaved-plant-a-tree", "instructions-red-umbrella-snow",
           "preservation-harbour-sunset-sky", "composition-astronaut-meadow"]  # fmt: skip


def measure_text(picture):
    return Check().measure(Subject(PROMPT, (), (picture,))).values["text_amount"]


def draw_poster(text, size=(512, 512), *, height=48, ink="black", ground="white"):
    picture = Image.new("RGB", size, ground)
    font = ImageFont.load_default(height)
    ImageDraw.Draw(picture).multiline_text((30, 40), text, ink, font, spacing=height // 2)
    return picture


def procedural(prompt):
    data = images(answer(all_requests()[prompt], size=512))[0].data
    return Image.open(BytesIO(data)).convert("RGB")


@pytest.mark.parametrize(
    "ink", [("black", "white"), ("white", "navy"), ("#ffe08a", "#20304a")], ids=str
)
@pytest.mark.parametrize("height", [24, 40, 80, 160, 240])
def test_drawn_text_is_found_where_it_is(height, ink):
    poster = draw_poster("Lorem ipsum", (800, 512), height=height, ink=ink[0], ground=ink[1])
    box = ImageDraw.Draw(poster).textbbox((30, 40), "Lorem ipsum", ImageFont.load_default(height))
    width = min(box[2], 800) - box[0]
    text_amount = measure_text(poster)
    assert text_amount == pytest.approx(width * (box[3] - box[1]) / (800 * 512), rel=0.35)


def test_more_lines_are_more_text():
    values = [measure_text(draw_poster("A line of it\n" * n)) for n in (0, 1, 3, 5)]
    assert values == pytest.approx([n * values[1] for n in (0, 1, 3, 5)], rel=0.05)
    assert values[1] > 0.02


def test_letters_under_seven_pixels_of_512_are_not_counted():
    assert measure_text(draw_poster("Lorem ipsum", (1024, 1024), height=14)) == 0


def test_pictures_with_text_have_more_of_it_than_landscapes():
    texts = {prompt: measure_text(procedural(prompt)) for prompt in WITH_TEXT}
    others = {prompt: measure_text(procedural(prompt)) for prompt in WITHOUT}
    assert min(texts.values()) > 0.03 > max(others.values()), (texts, others)


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "coins", "gravel", "brick"])
def test_photographs_and_textures_without_text_have_none(name):
    assert measure_text(Image.fromarray(getattr(data, name)()).convert("RGB")) < 0.01


def test_a_photographed_page_has_text():
    assert measure_text(Image.fromarray(data.page()).convert("RGB")) > 0.1


def test_lines_are_evidence_in_the_pictures_own_pixels():
    poster = draw_poster("HELLO", (1024, 1024), height=120)
    finding = Check().measure(Subject(PROMPT, (), (COFFEE, poster)))
    (box,) = finding.boxes
    left, top, right, bottom = ImageDraw.Draw(poster).textbbox(
        (30, 40), "HELLO", ImageFont.load_default(120)
    )
    assert box.picture == "image:1"
    found = (box.left, box.top, box.right, box.bottom)
    assert found == pytest.approx((left, top, right, bottom), abs=20)


def test_lines_of_an_empty_picture_are_none():
    assert find_lines(np.zeros((40, 40), np.float32)) == []
