"""What counts as the same text: letters and digits, whatever their case, form or spacing."""

import unicodedata
from functools import cache

# Signs that are read out, so that leaving one away is an error. Other punctuation is not compared.
SIGNS = frozenset("%&@#+$€£")
# A nought and an O look alike in most typefaces.
ALIKE = {"0": "o"}


@cache
def fold(character: str) -> str:
    """A character as it is compared: NFKC, case folded; nothing for spaces and punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    return "".join(
        ALIKE.get(each, each)
        for each in folded
        if each in SIGNS or unicodedata.category(each)[0] in "LNM"
    )


def fold_text(text: str) -> str:
    """The letters of a text as they are compared; composed first, so that é is one letter."""
    return "".join(map(fold, unicodedata.normalize("NFKC", text)))


def fold_words(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return [
        word for part in unicodedata.normalize("NFKC", text).split() if (word := fold_text(part))
    ]


def mark_mistakes(wanted: str, read: str) -> tuple[int, list[bool]]:
    """Levenshtein's (1966) distance, and which letters of `wanted` have part in it.

    A letter put in counts against the one that it stands before, or else the last one.
    """
    rows = [list(range(len(read) + 1))]
    for i, left in enumerate(wanted):
        row = [i + 1]
        for j, right in enumerate(read):
            row.append(min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (left != right)))
        rows.append(row)
    wrong = [False] * len(wanted)
    i, j = len(wanted), len(read)
    while i or j:
        same = bool(i and j) and wanted[i - 1] == read[j - 1]
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (not same):
            i, j = i - 1, j - 1
            wrong[i] |= not same
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            wrong[i] = True
        else:
            j -= 1
            wrong[min(i, len(wanted) - 1)] = True
    return rows[-1][-1], wrong


def find_span(wanted: str, text: str) -> tuple[int, int, int]:
    """Where `wanted` lies in `text` with the fewest edits: their number, start and end.

    Sellers (1980): Levenshtein's recurrence with the ends of `text` free.
    """
    row = [(0, j) for j in range(len(text) + 1)]
    for i, left in enumerate(wanted, 1):
        corner, row[0] = row[0], (i, 0)
        for j, right in enumerate(text, 1):
            ways = (
                (corner[0] + (left != right), corner[1]),
                (row[j][0] + 1, row[j][1]),
                (row[j - 1][0] + 1, row[j - 1][1]),
            )
            corner, row[j] = row[j], min(ways, key=lambda way: way[0])
    end = min(range(len(row)), key=lambda j: row[j][0])
    return row[end][0], row[end][1], end
