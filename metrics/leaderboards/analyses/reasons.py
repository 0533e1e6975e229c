"""What people said is wrong with each competitor's pictures."""

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from arenas.definitions.voting import Reason
from arenas.suites.models import Prompt
from metrics.leaderboards.build_shares import measure_share
from metrics.leaderboards.forms import EACH, ORDERS, PAIRS
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.read import list_competitors
from metrics.leaderboards.read_ballots import read_sides

FORMS = (PAIRS, ORDERS, EACH)
GIVEN = "(reasons @> jsonb_build_array(jsonb_build_array(side.slot - 1, %(key_{})s::text)))::int"


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """By competitor and reason the share of its showings in which the reason was given.

    Of votes on this question, on the site's normal ballots, on prompts where the reason is offered.
    """
    board = snapshot.leaderboard
    reasons = board.arena.voting.reasons
    columns = {f"reason_{n}": GIVEN.format(n) for n in range(len(reasons))}
    keys = {f"key_{n}": reason.id for n, reason in enumerate(reasons)}
    sides = read_sides(board, snapshot.watermark, "any", columns, **keys) if reasons else None
    # Where none was ever given, the question is hardly one that reasons belong to.
    if sides is None or not sides.select(list(columns)).sum().sum_horizontal().item():
        return {"reasons": [], "rows": []}
    offered = [find_offered(reason) for reason in reasons]
    rows = []
    for competitor in list_competitors(board):
        shown = sides.filter(pl.col("maker") == competitor)
        shares = {
            reason.id: describe(shown.filter(asked), f"reason_{n}")
            for n, (reason, asked) in enumerate(zip(reasons, offered, strict=True))
        }
        if shown.height:
            rows.append({"competitor": competitor, "showings": shown.height, "shares": shares})
    return {"reasons": [{"id": each.id, "text": each.text} for each in reasons], "rows": rows}


def find_offered(reason: Reason) -> pl.Expr:
    """Where the reason can be given: on all prompts, or on those of its category."""
    if not reason.category:
        return pl.lit(True)
    prompts = Prompt.objects.filter(category=reason.category).values_list("pk", flat=True)
    return pl.col("prompt").is_in(list(prompts))


def describe(shown: pl.DataFrame, column: str) -> dict[str, Any] | None:
    if shown.is_empty():
        return None
    given = shown[column].to_numpy().astype(np.bool_)
    return asdict(measure_share(shown, given, ["prompt", "rater"]))
