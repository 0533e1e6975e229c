"""Answers about each picture to a frozen snapshot: for each competitor the share of each."""

from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from django.conf import settings
from django.db import transaction

from metrics.leaderboards.models import Analysis, Leaderboard, Snapshot
from metrics.leaderboards.read import list_competitors
from metrics.leaderboards.read_ballots import close_up, read_sides
from metrics.leaderboards.store import DEFAULTS
from metrics.stats.comparisons import BoolArray, FloatArray
from metrics.stats.crossed_shares import estimate_crossed_share
from metrics.stats.shares import Share

LEVEL = 0.95
SHARES = "shares"
ESTIMAND = (
    "How often people gave each answer about a competitor's pictures; pictures and prompts "
    "weighted as often as they were shown."
)


def freeze_shares(board: Leaderboard, watermark: int) -> Snapshot:
    """The stored result; its figures are the analysis SHARES, by competitors' ids."""
    start = perf_counter()
    options = [option.id for option in board.question.choices]
    sides = read_sides(board, watermark, "answers", {"answer": ANSWER}, options=options)
    cluster = ["rater"] if board.params.get("prompts") == "fixed" else ["prompt", "rater"]
    snapshot = Snapshot(
        leaderboard=board,
        watermark=watermark,
        votes=sides["seq"].n_unique(),
        settings=describe_settings(board, cluster),
        code_version=settings.VERSION,
    )
    data = {"options": options, "rows": share_rows(board, sides, options, cluster)}
    with transaction.atomic():
        snapshot.save()
        if snapshot.votes:
            Analysis.objects.create(
                snapshot=snapshot,
                name=SHARES,
                data=data,
                seconds=perf_counter() - start,
                code_version=settings.VERSION,
            )
    return snapshot


# The place of an answer among the options, from 1; 0 for one that is no longer offered.
ANSWER = "coalesce(array_position(%(options)s::text[], side.answer::text), 0)"


def describe_settings(board: Leaderboard, cluster: list[str]) -> dict[str, Any]:
    return {
        "method": board.method,
        "level": LEVEL,
        "cluster": cluster,
        "flagged": board.params.get("flagged", DEFAULTS["flagged"]),
        "prompts": board.params.get("prompts", DEFAULTS["prompts"]),
        "estimand": ESTIMAND,
        "complete": True,
    }


def share_rows(
    board: Leaderboard, sides: pl.DataFrame, options: list[str], cluster: list[str]
) -> list[dict[str, Any]]:
    """Competitors with answers, in the order of their names' ids, each with its options' shares."""
    rows = []
    for competitor in list_competitors(board):
        shown = sides.filter(pl.col("maker") == competitor)
        if shown.height:
            answers = shown["answer"].to_numpy()
            shares = {
                option: asdict(measure_share(shown, answers == place, cluster))
                for place, option in enumerate(options, start=1)
            }
            rows.append({"competitor": competitor, "showings": shown.height, "shares": shares})
    return rows


def measure_share(shown: pl.DataFrame, given: BoolArray, cluster: list[str]) -> Share:
    """Of the pictures shown, how many were `given` (R,) an answer, clustered by these columns."""
    value: FloatArray = given.astype(np.float64)
    codes = [close_up(shown[name].to_numpy()) for name in cluster]
    return estimate_crossed_share(value, codes, level=LEVEL)
