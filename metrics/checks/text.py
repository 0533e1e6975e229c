"""Whether the words that were asked for stand in the picture, spelt right."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from metrics.checks._text.letters import fold, fold_text, fold_words, mark_mistakes
from metrics.checks._text.likelihood import make_alphabet
from metrics.checks._text.network import read_dictionary
from metrics.checks._text.page import Found, Page, list_words, read_page, seek_string
from metrics.checks._text.reading import decode
from metrics.checks.base import BaseCheck, Box, Finding, Measure, PromptFacts, Subject

LEAST_SIDE = 12  # pixels; no letter could be told from another in less


@dataclass(frozen=True, slots=True)
class Score:
    """How one string fared in the picture that shows it best."""

    cer: float
    exact: bool
    right: bool
    wrong_words: int
    missing_words: int
    words: int


class Check(BaseCheck):
    """Text is found and read by PP-OCRv6 (Cui et al. 2025, arXiv:2507.05595), at three looks.

    Compared are letters, digits and the signs % & @ # + and of currencies, after NFKC and case
    folding; spaces and other punctuation are not, and 0 is O. Character error rate: Levenshtein
    distance / letters, at most 1. Of several images the one that shows a string best counts. No
    text at all is a value, since what was asked for is missing.
    """

    version = "1"
    title = "Text"
    measures = (
        Measure(
            "similarity", "", 0, 1, 1, "1 - character error rate, mean over the strings.",
            headline=True,
        ),
        Measure("spelt_right", "share", 0, 1, 1, "Strings judged right to the letter."),
        Measure("exact", "share", 0, 1, 1, "Strings whose plain reading is right to the letter."),
        Measure("cer", "share", 0, 1, -1, "Wrong, missing or extra letters per letter wanted."),
        Measure("wer", "share", 0, 1, -1, "Words wanted with a mistake in them, or missing."),
        Measure("missing_words", "share", 0, 1, -1, "Words wanted, most letters missing."),
        Measure("extra_words", "words", 0, 1000, 0, "Other words read, per image."),
    )  # fmt: skip

    def applies(self, prompt: PromptFacts) -> bool:
        return bool(prompt.expect.text)

    def measure(self, subject: Subject) -> Finding:
        if not subject.images:
            return Finding(not_measurable="there is no image")
        strings = [text for text in subject.prompt.expect.text if fold_text(text)]
        if not strings:
            return Finding(not_measurable="no words are asked for")
        if unknown := find_unknown(strings):
            return Finding(not_measurable=f"the reader does not know {' '.join(unknown)}")
        pages = {
            index: read_page(np.asarray(image.convert("RGB")))
            for index, image in enumerate(subject.images)
            if min(image.size) >= LEAST_SIDE
        }
        if not pages:
            return Finding(not_measurable="the picture is too narrow for words")
        return compare(strings, pages)


def find_unknown(strings: Sequence[str]) -> list[str]:
    """The letters that are not in the reader's dictionary."""
    known = {fold(character) for character in read_dictionary()}
    return sorted({letter for text in strings for letter in fold_text(text)} - known)


def compare(strings: Sequence[str], pages: dict[int, Page]) -> Finding:
    folded = [fold_text(text) for text in strings]
    alphabet = make_alphabet(folded)
    found = {
        index: [seek_string(wanted, page, alphabet) for wanted in folded]
        for index, page in pages.items()
    }
    scores = [
        min(
            (score(text, each[place]) for each in found.values()),
            key=lambda s: (s.cer, not s.right),
        )
        for place, text in enumerate(strings)
    ]
    words = sum(each.words for each in scores)
    values = {
        "similarity": fmean(1 - each.cer for each in scores),
        "spelt_right": fmean(each.right for each in scores),
        "exact": fmean(each.exact for each in scores),
        "cer": fmean(each.cer for each in scores),
        "wer": sum(each.wrong_words for each in scores) / words,
        "missing_words": sum(each.missing_words for each in scores) / words,
        "extra_words": fmean(count_extra(pages[index], found[index]) for index in pages),
    }
    return Finding(
        values, boxes=tuple(box for index in pages for box in draw_boxes(index, pages[index]))
    )


def score(text: str, found: Found) -> Score:
    wanted = fold_text(text)
    cost, wrong = mark_mistakes(wanted, found.read)
    words, start = fold_words(text), 0
    shares = []
    for word in words:
        shares.append(fmean(wrong[start : start + len(word)]))
        start += len(word)
    return Score(
        cer=min(1.0, cost / len(wanted)),
        exact=found.plain == wanted,
        right=found.right,
        wrong_words=sum(share > 0 for share in shares),
        missing_words=sum(share > 0.5 for share in shares),
        words=len(words),
    )


def count_extra(page: Page, found: Sequence[Found]) -> int:
    """The words that stand for none of the strings, at most 1000."""
    extra = list_words(page)
    for each in found:
        extra.subtract(each.words)
    return min(1000, sum(count for count in extra.values() if count > 0))


def draw_boxes(index: int, page: Page) -> list[Box]:
    """Every line with what was read, in pixels of the picture."""
    height, width = page.pixels.shape[:2]
    boxes = []
    for number, line in enumerate(page.lines):
        corners = line.corners()
        left, top = np.clip(corners.min(0), 0, (width, height)).round().astype(int).tolist()
        right, bottom = np.clip(corners.max(0), 0, (width, height)).round().astype(int).tolist()
        boxes.append(Box(f"image:{index}", left, top, right, bottom, decode(page.look(number))))
    return boxes
