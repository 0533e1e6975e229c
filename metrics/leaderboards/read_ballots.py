"""What was said on whole ballots, as arrays: orders of pictures, answers and reasons by picture."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from arenas.votes.count import standing_votes
from metrics.leaderboards.models import Leaderboard
from metrics.leaderboards.read import (
    COUNTED,
    VOTE_COLUMNS,
    fetch_columns,
    find_places,
    list_competitors,
    select_counted,
)
from metrics.stats.comparisons import IntArray
from metrics.stats.rankings import Rankings

SLOTS = range(1, 5)
# Whose picture stood in a slot, and in which tier it was put; -1 for an empty slot.
MAKER = "(SELECT competitor_id FROM arenas_candidate candidate WHERE candidate.id = shown[{}])"
ORDER_COLUMNS = {
    **{name: VOTE_COLUMNS[name] for name in ("seq", "prompt", "rater")},
    **{f"maker_{slot}": f"coalesce({MAKER.format(slot)}, -1)" for slot in SLOTS},
    **{f"tier_{slot}": f"coalesce(ranking[{slot}], -1)" for slot in SLOTS},
}
SIDE_COLUMNS = {
    **{name: VOTE_COLUMNS[name] for name in ("seq", "prompt", "rater")},
    "maker": "(SELECT competitor_id FROM arenas_candidate WHERE id = side.candidate)",
}


def select_ballots(answer: str) -> str:
    """SQL of the votes with such an answer that a board counts; see standing_votes."""
    return f"(SELECT * FROM ({standing_votes('%(watermark)s', answer=answer)}) AS votes " + (
        f"WHERE {COUNTED}) AS ballots"
    )


def read_orders(board: Leaderboard, watermark: int) -> Rankings:
    """The orders that the board counts at a watermark, by `seq`; models are ids as text.

    The clusters' codes are ids of prompts and raters.
    """
    values = {**select_counted(board), "watermark": watermark}
    found = pl.DataFrame(fetch_columns(ORDER_COLUMNS, select_ballots("ranking"), values))
    ballots = found.sort("seq")
    competitors = list_competitors(board)
    makers = ballots.select(f"maker_{slot}" for slot in SLOTS).to_numpy()
    slots = np.full_like(makers, -1)
    slots[makers >= 0] = find_places(makers[makers >= 0], competitors)
    return Rankings.from_codes(
        [str(pk) for pk in competitors],
        slots,
        ballots.select(f"tier_{slot}" for slot in SLOTS).to_numpy(),
        clusters={name: ballots[name].to_numpy() for name in ("prompt", "rater")},
    )


def read_sides(
    board: Leaderboard, watermark: int, answer: str, columns: Mapping[str, str], **values: object
) -> pl.DataFrame:
    """A row for every picture of the board's ballots: seq, prompt, rater, maker, and `columns`.

    Those are SQL of whole numbers over a vote and its `side`: `candidate`, `answer`, `slot` from 1.
    """
    rows = f"""{select_ballots(answer)}, unnest(shown, coalesce(answers, '{{}}'))
        WITH ORDINALITY AS side(candidate, answer, slot)"""
    found = fetch_columns(
        {**SIDE_COLUMNS, **columns},
        rows,
        {**select_counted(board), "watermark": watermark, **values},
    )
    return pl.DataFrame(found).sort("seq", maintain_order=True)


def close_up(codes: IntArray) -> IntArray:
    """The same clusters from 0, so that ids of a database may be codes; -1 stays none."""
    present, position = np.unique(codes, return_inverse=True)
    closed: IntArray = position - bool(len(present) and present[0] < 0)
    return closed
