"""All text of one picture, and what of it stands for each string that should be there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from metrics.checks._text.letters import fold_words
from metrics.checks._text.likelihood import Alphabet
from metrics.checks._text.lines import (
    Line,
    find_lines,
    order_by_columns,
    order_by_rows,
    turn_tall,
)
from metrics.checks._text.network import Chances, Pixels
from metrics.checks._text.reading import (
    VIEWS,
    Reading,
    Span,
    decode,
    find_string,
    join_lines,
    measure_certainty,
    read_line,
)
from metrics.checks._text.spelling import MOST_WRONG, judge_spelling

# Nats by which the right string must be ahead of the best other; chosen on the bench's first half.
LEAST_MARGIN = 0.0
# Words of lines that were read with less certainty are no words.
LEAST_CERTAINTY = 0.7


@dataclass(slots=True)
class Page:
    """A picture's lines, and what each is read as at each look."""

    pixels: Pixels
    lines: list[Line]
    looks: dict[tuple[int, int], Chances] = field(default_factory=dict)

    def look(self, line: int, view: int = 0) -> Chances:
        if (line, view) not in self.looks:
            self.looks[line, view] = read_line(self.pixels, self.lines[line], view)
        return self.looks[line, view]

    def join(self, lines: Sequence[int], alphabet: Alphabet, view: int = 0) -> Reading:
        return join_lines([self.look(line, view) for line in lines], alphabet)


@dataclass(frozen=True, slots=True)
class Found:
    """What stands for a wanted string: the plain reading, the verdict, and its lines."""

    plain: str = ""
    read: str = ""
    right: bool = False
    words: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


def read_page(pixels: Pixels) -> Page:
    page = Page(pixels, [])
    for line in find_lines(pixels):
        ways = [line, *turn_tall(line)]
        looks = [read_line(pixels, way) for way in ways]
        best = int(np.argmax([measure_certainty(look) for look in looks]))
        page.looks[len(page.lines), 0] = looks[best]
        page.lines.append(ways[best])
    return page


def seek_string(wanted: str, page: Page, alphabet: Alphabet) -> Found:
    """The lines nearest to the string, in the better of two orders, looked at again and judged."""
    if not page.lines:
        return Found()
    orders = [order_by_rows(page.lines), order_by_columns(page.lines)]
    spans = [find_string(wanted, page.join(order, alphabet)) for order in orders]
    order, span = min(zip(orders, spans, strict=True), key=lambda pair: pair[1].edits)
    lines = _list_lines(span, [len(page.look(line)) for line in order])
    if span.edits > MOST_WRONG * len(wanted) or not len(lines):
        return Found()
    touched = [order[place] for place in lines]
    looks = [page.join(touched, alphabet, view) for view in range(len(VIEWS))]
    verdict = judge_spelling(wanted, looks, alphabet)
    if verdict is None:
        return Found()
    right = verdict.margin > LEAST_MARGIN
    return Found(span.text, verdict.read, right, span.words, tuple(touched))


def _list_lines(span: Span, lengths: Sequence[int]) -> NDArray[np.intp]:
    """The places of the lines that hold letters of the span."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    return np.flatnonzero(
        [any(a <= step < b for step in span.at) for a, b in zip(starts, ends, strict=True)]
    )


def list_words(page: Page) -> Counter[str]:
    """How often each word of two letters or more was read with some certainty."""
    looks = [page.look(line) for line in range(len(page.lines))]
    sure = [decode(look) for look in looks if measure_certainty(look) >= LEAST_CERTAINTY]
    return Counter(word for text in sure for word in fold_words(text) if len(word) > 1)
