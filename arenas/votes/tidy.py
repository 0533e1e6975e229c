"""What comes with an answer, kept where it makes sense, and dropped without a word where not."""

import math
from collections.abc import Iterable, Sequence

from arenas.battles.models import Ballot
from arenas.battles.sitting import Sitting, list_sides

MAX_COMMENT = 2000
MAX_SPOTS = 20
Spot = tuple[int, int, int, float, float]


def tidy_comment(text: str) -> str:
    """The words without what no text may hold, and no longer than a few paragraphs."""
    kept = "".join(sign for sign in text if sign.isprintable() or sign == "\n")
    return kept.strip()[:MAX_COMMENT]


def tidy_reasons(
    sitting: Sitting, ballot: Ballot, given: Iterable[tuple[int, str]]
) -> list[list[object]]:
    """The arena's reasons that were given, each once for a picture that is on show."""
    category = sitting.find_prompt(ballot).category
    reasons = sitting.stock.arena.voting.reasons
    known = {each.id for each in reasons if each.category in ("", category)}
    slots = range(len(ballot.candidates))
    kept = {(slot, key) for slot, key in given if slot in slots and key in known}
    return [[slot, key] for slot, key in sorted(kept)]


def tidy_spots(sitting: Sitting, ballot: Ballot, given: Sequence[Spot]) -> list[list[object]]:
    """The spots that lie on a picture that is on show, to a thousandth of its sides."""
    if not given or not sitting.stock.arena.voting.spots:
        return []
    shown = {
        (side.slot, turn, part)
        for side in list_sides(sitting, ballot)
        for turn, pieces in enumerate(side.steps)
        for part, piece in enumerate(pieces)
        if piece.sha256
    }
    return [
        [slot, turn, part, round(x, 3), round(y, 3)]
        for slot, turn, part, x, y in given[:MAX_SPOTS]
        if (slot, turn, part) in shown and all(math.isfinite(v) and 0 <= v <= 1 for v in (x, y))
    ]
