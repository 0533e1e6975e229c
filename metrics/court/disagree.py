"""Where a check and people disagree most: examples for staff."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from metrics.court.read import Case
from metrics.stats.comparisons import FloatArray

MOST = 8


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A battle on which the check is sure and people say the opposite; ids, and votes of each."""

    arena: int
    prompt: int
    gap: float
    against: int
    votes: int


def find_disagreements(case: Case) -> list[Disagreement]:
    """The battles with a majority against the check, by how sure it is; one of each prompt."""
    evidence = case.evidence
    rows = evidence.decided & evidence.measured & (evidence.gap != 0)
    heard, votes = evidence.select(rows), case.votes.filter(pl.Series(rows, dtype=pl.Boolean))
    if not len(heard):
        return []
    against: FloatArray = ((heard.gap > 0) != (heard.points > 0.5)).astype(np.float64)
    found = (
        pl.DataFrame(
            {
                "arena": votes["arena"],
                "prompt": votes["prompt"],
                "battle": heard.battle,
                "gap": np.abs(heard.gap),
                "against": against,
            }
        )
        .group_by("arena", "prompt", "battle")
        .agg(pl.col("gap").first(), pl.col("against").sum(), pl.len().alias("votes"))
        .filter(2 * pl.col("against") > pl.col("votes"))
        .sort("gap", "against", "battle", descending=[True, True, False])
        .unique("prompt", keep="first", maintain_order=True)
        .head(MOST)
    )
    return [
        Disagreement(arena, prompt, gap, int(lost), number)
        for arena, prompt, _, gap, lost, number in found.iter_rows()
    ]
