"""What a picture's lines say, letter by letter, and which part of it a string is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.checks._text.letters import find_span
from metrics.checks._text.likelihood import Alphabet
from metrics.checks._text.lines import Line, cut_line
from metrics.checks._text.network import Chances, Pixels, read_dictionary, read_strip

# How each line is looked at: margin and stretch of `cut_line`. The first is the plain one.
VIEWS = (
    {"margin": 0.0, "stretch": 1.0},
    {"margin": 0.12, "stretch": 1.3},
    {"margin": 0.06, "stretch": 0.85},
)
SPACE = " "


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Lines read one after another: at each step no letter, a letter, or a gap between words.

    `letters` holds (letter, step) of the most likely letters, with a space where words end.
    """

    steps: NDArray[np.float64]  # (steps, letters + 2)
    letters: tuple[tuple[str, int], ...]


def read_line(pixels: Pixels, line: Line, view: int = 0) -> Chances:
    return read_strip(cut_line(pixels, line, **VIEWS[view]))


def decode(chances: Chances) -> str:
    """The most likely characters, as written."""
    best = chances.argmax(1)
    changed = np.concatenate([[True], best[1:] != best[:-1]])
    return "".join(read_dictionary()[number] for number in best[changed])


def measure_certainty(chances: Chances) -> float:
    """The mean chance of the characters read, 0 … 1; 0 where there are none."""
    best = chances.argmax(1)
    return float(chances.max(1)[best > 0].mean()) if best.any() else 0.0


def join_lines(lines: Sequence[Chances], alphabet: Alphabet) -> Reading:
    """The lines in the order given as one reading."""
    letters: list[tuple[str, int]] = []
    steps: list[NDArray[np.float64]] = []
    start = 0
    for chances in lines:
        narrow = alphabet.narrow(chances)
        letters += [(SPACE, start), *_list_letters(chances, narrow, alphabet, start)]
        steps.append(narrow)
        start += len(narrow)
    return Reading(np.concatenate(steps), (*letters, (SPACE, start)))


def _list_letters(
    chances: Chances, narrow: NDArray[np.float64], alphabet: Alphabet, start: int
) -> list[tuple[str, int]]:
    space = len(read_dictionary()) - 1
    written, best = chances.argmax(1), narrow.argmax(1)
    found: list[tuple[str, int]] = []
    last = 0
    for step, number in enumerate(best):
        if number and number != last:
            found.append((alphabet.decode([number]), start + step))
        elif written[step] == space:
            found.append((SPACE, start + step))
        last = number
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a reading: its words, the edits to the string sought, and its steps.

    `at` holds the step of each letter; `start` to `end` reach to the letters before and after.
    """

    words: tuple[str, ...]
    edits: int
    at: tuple[int, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        return "".join(self.words)


def find_string(wanted: str, reading: Reading) -> Span:
    """The whole words of the reading that are nearest to the string."""
    solid = [place for place, (letter, _) in enumerate(reading.letters) if letter != SPACE]
    edits, start, end = find_span(wanted, "".join(reading.letters[p][0] for p in solid))
    if start == end:
        return Span((), len(wanted), (), 0, 0)
    first, last = solid[start], solid[end - 1]
    while reading.letters[first - 1][0] != SPACE:
        first -= 1
    while reading.letters[last + 1][0] != SPACE:
        last += 1
    inside = reading.letters[first : last + 1]
    words = "".join(letter for letter, _ in inside).split(SPACE)
    at = tuple(step for letter, step in inside if letter != SPACE)
    before = max((reading.letters[p][1] for p in solid if p < first), default=-1)
    after = min((reading.letters[p][1] for p in solid if p > last), default=len(reading.steps))
    return Span(tuple(filter(None, words)), edits, at, before + 1, after)
