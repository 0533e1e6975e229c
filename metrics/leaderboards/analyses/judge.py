"""Ratings of people's votes, made more precise by a judge model's answers to the same battles."""

from typing import Any

import numpy as np
import polars as pl

from arenas.raters.models import RaterKind
from metrics.leaderboards.build import VOTES_CLUSTERED
from metrics.leaderboards.models import Leaderboard, Snapshot
from metrics.leaderboards.read import THOUSANDTHS, find_places, list_competitors, read_votes
from metrics.stats.comparisons import SWAPPED, Outcome
from metrics.stats.judge import AssistedRatings, assist
from metrics.stats.judged_votes import JudgedVotes
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT

PAIR = ("low", "high")


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Never a count of judge votes as people's; no rows without a judge, or on a judge's board."""
    board = snapshot.leaderboard
    if RaterKind.JUDGE in board.rater_kinds:
        return {"rows": []}
    judges = Leaderboard(
        arena=board.arena, question=board.question, category=board.category,
        rater_kinds=[RaterKind.JUDGE.value], method=board.method, params=board.params,
    )  # fmt: skip
    columns = (*VOTES_CLUSTERED, "candidate_a", "candidate_b")
    answers = one_answer_each(orient(read_votes(judges, snapshot.watermark, *columns)))
    if answers.is_empty():
        return {"rows": []}
    votes = orient(read_votes(board, snapshot.watermark, *columns))
    return describe(assist(pair_up(votes, answers, list_competitors(board))))


def orient(votes: pl.DataFrame) -> pl.DataFrame:
    """Votes on known pictures, as seen from the lower candidate id."""
    known = votes.filter((pl.col("candidate_a") >= 0) & (pl.col("candidate_b") >= 0))
    turned = pl.col("candidate_a") > pl.col("candidate_b")
    swapped = pl.col("outcome").replace_strict(dict(enumerate(SWAPPED.tolist())))
    return known.with_columns(
        pl.when(turned).then(swapped).otherwise("outcome").alias("outcome"),
        pl.when(turned).then("b").otherwise("a").alias("a"),
        pl.when(turned).then("a").otherwise("b").alias("b"),
        pl.min_horizontal("candidate_a", "candidate_b").alias("low"),
        pl.max_horizontal("candidate_a", "candidate_b").alias("high"),
    )


def one_answer_each(answers: pl.DataFrame) -> pl.DataFrame:
    """A judge that answers a battle differently in another order is undecided there."""
    agreed = pl.when(pl.col("outcome").n_unique() == 1).then(pl.col("outcome").first())
    return answers.group_by(*PAIR, maintain_order=True).agg(
        agreed.otherwise(Outcome.TIE.value).alias("judge"),
        pl.col("a", "b", "prompt").first(),
    )


def pair_up(votes: pl.DataFrame, answers: pl.DataFrame, competitors: list[int]) -> JudgedVotes:
    """People's votes with the judge's answers, then the battles that only the judge saw."""
    both = votes.join(answers.select(*PAIR, "judge"), on=PAIR, how="left", maintain_order="left")
    alone = answers.join(votes, on=PAIR, how="anti").with_columns(
        outcome=pl.lit(-1), rater=pl.lit(-1), weight=pl.lit(THOUSANDTHS)
    )
    names = ["a", "b", "outcome", "judge", "prompt", "rater", "weight", *PAIR]
    typed = [part.select(pl.col(names).cast(pl.Int64)) for part in (both, alone)]
    rows = pl.concat(typed).with_columns(pl.col("judge").fill_null(-1))
    column = {name: rows[name].to_numpy() for name in ("outcome", "judge", "prompt", "rater")}
    return JudgedVotes.from_codes(
        [str(pk) for pk in competitors],
        find_places(rows["a"].to_numpy(), competitors),
        find_places(rows["b"].to_numpy(), competitors),
        column["outcome"],
        judge=column["judge"],
        battle=rows.select(pl.struct(PAIR).rank("dense").cast(pl.Int64))["low"].to_numpy(),
        # A vote's weight is inverse to how likely the pairing made its battle.
        probability=THOUSANDTHS / np.maximum(rows["weight"].to_numpy(), 1) / 1e3,
        clusters={name: column[name] for name in ("prompt", "rater")},
    )


def describe(assisted: AssistedRatings) -> dict[str, Any]:
    """`gain`: how many votes of people alone one such vote is worth."""
    values = zip(
        assisted.models,
        MEAN + POINTS_PER_LOGIT * assisted.fit.logits,
        POINTS_PER_LOGIT * assisted.reach,
        MEAN + POINTS_PER_LOGIT * assisted.people_fit.logits,
        POINTS_PER_LOGIT * assisted.people_reach,
        assisted.votes,
        assisted.gain,
        strict=True,
    )
    return {
        "median_gain": known(assisted.median_gain),
        "correlation": known(assisted.correlation),
        "shrinkage": [float(x) for x in assisted.shrinkage],
        "judged_alone": assisted.alone,
        "rows": [
            {
                "competitor": int(model),
                "rating": float(rating),
                "lower": known(rating - reach),
                "upper": known(rating + reach),
                "people": float(alone),
                "people_lower": known(alone - wide),
                "people_upper": known(alone + wide),
                "votes": float(votes),
                "gain": known(gain),
            }
            for model, rating, reach, alone, wide, votes, gain in values
        ],
    }


def known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
