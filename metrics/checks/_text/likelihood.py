"""How likely a line's steps are under one string or another, by connectionist temporal
classification: Graves et al. (2006), *ICML*.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.checks._text.letters import fold
from metrics.checks._text.network import Chances, read_dictionary

COMMON = "abcdefghijklmnopqrstuvwxyz123456789o%&@#+"
# The network is too sure of itself: no chance counts as less.
FLOOR = 1e-5
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # a letter outside the alphabet


@dataclass(frozen=True, slots=True, eq=False)
class Alphabet:
    """The letters that are told apart; all others are one. Number 0 is no letter.

    `columns` are the dictionary's numbers of these letters, and `numbers` which they are.
    """

    letters: str
    columns: NDArray[np.intp]
    numbers: NDArray[np.intp]

    @property
    def other(self) -> int:
        return len(self.letters) + 1

    def narrow(self, chances: Chances) -> NDArray[np.float64]:
        """(steps, letters + 2): no letter, each letter, any other."""
        narrow = np.zeros((len(chances), self.other + 1))
        for column, number in zip(self.columns, self.numbers, strict=True):
            narrow[:, number] += chances[:, column]
        narrow[:, -1] = np.clip(1 - narrow.sum(1), 0, 1)
        return narrow

    def encode(self, text: str) -> list[int]:
        return [self.letters.find(letter) + 1 or self.other for letter in text]

    def decode(self, numbers: Sequence[int]) -> str:
        return "".join(f"{self.letters}{UNKNOWN}"[number - 1] for number in numbers)


def make_alphabet(strings: Sequence[str]) -> Alphabet:
    """The common letters and those of the folded strings."""
    letters = "".join(sorted(set(COMMON).union(*strings)))
    place = {"": 0} | {letter: number for number, letter in enumerate(letters, 1)}
    pairs = [
        (column, place[folded])
        for column, character in enumerate(read_dictionary())
        if (folded := fold(character)) in place
    ]
    columns, numbers = np.array(pairs, np.intp).T
    return Alphabet(letters, columns, numbers)


def score_strings(
    steps: NDArray[np.float64], strings: Sequence[Sequence[int]]
) -> NDArray[np.float64]:
    """log P(string | steps) for each, (strings,): the forward recurrence, all strings at once."""
    most = max(map(len, strings), default=0)
    states = np.zeros((len(strings), 2 * most + 1), np.intp)
    for row, string in zip(states, strings, strict=True):
        row[1 : 2 * len(string) : 2] = string
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] != 0) & (states[:, 2:] != states[:, :-2])
    floored = np.maximum(steps, FLOOR)
    reached = np.zeros(states.shape)
    reached[:, :2] = floored[0][states[:, :2]]
    logs = np.zeros(len(strings))
    for step in floored[1:]:
        moved = reached.copy()
        moved[:, 1:] += reached[:, :-1]
        moved[:, 2:] += reached[:, :-2] * skips[:, 2:]
        reached = moved * step[states]
        total = reached.sum(1)
        logs += np.log(total)
        reached /= total[:, None]
    ends = 2 * np.array([len(string) for string in strings], np.intp)
    rows = np.arange(len(strings))
    last = reached[rows, ends] + np.where(ends > 0, reached[rows, np.maximum(ends - 1, 0)], 0)
    return logs + np.log(np.maximum(last, 1e-300))


def list_neighbours(string: Sequence[int], letters: Sequence[int]) -> list[tuple[int, ...]]:
    """What one edit makes of a string: a letter put in, left out, replaced, or two swapped."""
    given = tuple(string)
    found: set[tuple[int, ...]] = set()
    for place in range(len(given) + 1):
        before, after = given[:place], given[place:]
        found.update((*before, letter, *after) for letter in letters)
        if after:
            found.add(before + after[1:])
            found.update((*before, letter, *after[1:]) for letter in letters)
        if len(after) > 1:
            found.add((*before, after[1], after[0], *after[2:]))
    return sorted(found - {given})
