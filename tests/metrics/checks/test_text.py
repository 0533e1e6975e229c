import socket
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from arenas.providers.base import Expectation
from metrics.checks._text.letters import find_span, fold_text, fold_words, mark_mistakes
from metrics.checks._text.likelihood import (
    list_neighbours,
    make_alphabet,
    score_strings,
)
from metrics.checks._text.lines import Line, order_by_columns, order_by_rows
from metrics.checks.base import PromptFacts, Subject
from metrics.checks.text import Check

COFFEE = Image.fromarray(data.coffee())


def ask(*strings):
    return PromptFacts("p", "text", "a sign", expect=Expectation(text=strings))


def measure(strings, *pictures):
    strings = (strings,) if isinstance(strings, str) else strings
    return Check().measure(Subject(ask(*strings), (), pictures))


def write(*lines, size=(640, 640), height=60, ground=None):
    picture = ground.resize(size) if ground else Image.new("RGB", size, (240, 235, 220))
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(lines):
        font = ImageFont.load_default(height)
        draw.text((40, 60 + row * height * 2), line, (20, 20, 60), font)
    return picture


def test_it_applies_where_words_are_asked_for():
    assert Check().applies(ask("OPEN"))
    assert not Check().applies(PromptFacts("p", "c", "t"))


def test_every_declared_measure_is_given():
    assert set(measure("OPEN", write("OPEN")).values) == {each.name for each in Check.measures}


def test_a_right_string_is_right():
    values = measure("GRAND OPENING", write("GRAND OPENING")).values
    assert values["similarity"] == values["spelt_right"] == values["exact"] == 1
    assert values["cer"] == values["wer"] == values["missing_words"] == values["extra_words"] == 0


@pytest.mark.parametrize(
    "drawn", ["GRANO OPENING", "GRAD OPENING", "GRANDS OPENING", "GARND OPENING"]
)
def test_one_mistake_is_misspelt_and_lies_in_one_word(drawn):
    values = measure("GRAND OPENING", write(drawn)).values
    assert values["spelt_right"] == 0
    assert 0 < values["cer"] <= 2 / 12
    assert values["wer"] == 0.5
    assert values["missing_words"] == 0


def test_a_line_turned_by_eight_degrees_is_read():
    turned = write("", "", "SUMMER SALE").rotate(8, fillcolor=(240, 235, 220))
    assert measure("SUMMER SALE", turned).values["spelt_right"] == 1


def test_a_string_on_two_lines_is_one_string():
    assert measure("GRAND OPENING", write("GRAND", "OPENING")).values["spelt_right"] == 1


def test_several_strings_are_averaged():
    values = measure(("TODAY", "Tomato soup"), write("TODAY", "Apple pie")).values
    assert values["spelt_right"] == 0.5
    assert values["missing_words"] == pytest.approx(2 / 3)
    assert values["extra_words"] == 2


def test_case_and_punctuation_are_not_compared():
    assert measure("Friday, 8 pm", write("FRIDAY 8 PM")).values["spelt_right"] == 1


def test_a_picture_without_text_lacks_all_of_it():
    values = measure("OPEN LATE", Image.new("RGB", (300, 300), "navy")).values
    assert values["similarity"] == values["spelt_right"] == 0
    assert values["cer"] == values["wer"] == values["missing_words"] == 1


def test_the_image_that_shows_a_string_best_counts():
    assert measure("OPEN", COFFEE, write("OPEN")).values["spelt_right"] == 1


def test_lines_are_evidence_with_what_was_read():
    finding = measure("OPEN LATE", COFFEE, write("OPEN LATE"))
    (box,) = [box for box in finding.boxes if box.picture == "image:1"]
    assert box.label == "OPEN LATE"
    assert (box.left, box.top) == pytest.approx((40, 70), abs=20)
    assert 0 <= box.left < box.right <= 640


def test_letters_that_the_reader_does_not_know_are_a_reason():
    assert measure("ሰላም", COFFEE).not_measurable == "the reader does not know ላ ም ሰ"


def test_words_without_letters_are_a_reason():
    assert measure("!!!", COFFEE).not_measurable == "no words are asked for"


def test_no_image_and_a_narrow_one_are_reasons():
    assert measure("OPEN").not_measurable == "there is no image"
    narrow = Image.new("RGB", (1, 500))
    assert measure("OPEN", narrow).not_measurable == "the picture is too narrow for words"


@pytest.mark.parametrize("size", [(12, 12), (2000, 14), (14, 2000), (31, 33)])
def test_small_and_narrow_pictures_lack_the_text(size):
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert measure("OPEN", Image.fromarray(noise)).values["spelt_right"] == 0


def test_letters_are_compared_folded():
    assert fold_text("The ﬁrst “Café”, No. 10") == "thefirstcafén" + "o1o"
    assert fold_text("cafe\N{COMBINING ACUTE ACCENT}") == "café"
    assert fold_text("50% off & more") == "5o%off&more"
    assert fold_words("Keep – off the edge!") == ["keep", "off", "the", "edge"]


@pytest.mark.parametrize(
    ("read", "cost", "wrong"),
    [
        ("open", 0, ""),
        ("opan", 1, "e"),
        ("opn", 1, "e"),
        ("oopen", 1, "o"),
        ("openx", 1, "n"),
        ("", 4, "open"),
    ],
)
def test_mistakes_are_laid_to_letters(read, cost, wrong):
    found, marks = mark_mistakes("open", read)
    assert found == cost
    assert "".join(letter for letter, bad in zip("open", marks, strict=True) if bad) == wrong


def test_a_string_is_found_inside_a_text():
    assert find_span("open", "weareopennow") == (0, 5, 9)
    assert find_span("open", "weareoqennow") == (1, 5, 9)
    assert find_span("open", "")[0] == 4


def test_likelihoods_are_sums_over_paths():
    # Two steps of no letter, a and b: "a" by the paths a-, -a and aa.
    steps = np.array([[0.5, 0.3, 0.2], [0.6, 0.1, 0.3]])
    scores = score_strings(steps, [(1,), (1, 2), (), (1, 1)])
    assert np.exp(scores[:3]) == pytest.approx([0.3 * 0.6 + 0.5 * 0.1 + 0.3 * 0.1, 0.09, 0.3])
    assert np.exp(scores[3]) < 1e-9  # a letter twice needs a step between


def test_likelihoods_of_all_strings_sum_to_one():
    steps = np.random.default_rng(2).dirichlet(np.ones(3), 3)
    strings: list[tuple[int, ...]] = (
        [()] + [(a,) for a in (1, 2)] + [(a, b) for a in (1, 2) for b in (1, 2)]
    )
    strings += [(1, 2, 1), (2, 1, 2)]
    assert np.exp(score_strings(steps, strings)).sum() == pytest.approx(1)


def test_neighbours_are_one_edit_away():
    neighbours = set(list_neighbours((1, 2), [1, 2, 3]))
    assert {(1,), (2,), (2, 1), (3, 2), (1, 3), (1, 3, 2), (1, 2, 3)} <= neighbours
    assert (1, 2) not in neighbours


def test_signs_and_spaces_are_no_letters_of_the_alphabet():
    alphabet = make_alphabet(["open"])
    assert alphabet.decode(alphabet.encode("op%")) == "op%"
    assert alphabet.encode("я") == [alphabet.other]


def test_lines_are_ordered_by_rows_and_by_columns():
    places = [(100, 100), (300, 102), (100, 200), (300, 202)]
    lines = [Line(x, y, 150, 40, 0) for x, y in places]
    assert order_by_rows(lines) == [0, 1, 2, 3]
    assert order_by_columns(lines) == [0, 2, 1, 3]


def test_reading_opens_no_connection_and_loads_nothing_of_the_package(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    assert measure("OPEN", write("OPEN")).values["exact"] == 1
    code = "import metrics.checks.text, sys; print('rapidocr' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
