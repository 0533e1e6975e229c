"""What being shown first is worth to a judge, and whether it sticks to its word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from arenas.judging.words import ASPECTS
from metrics.court.read import read_answers
from metrics.court.subjects import Subject, select_judgments
from metrics.leaderboards.analyses.judge import PAIR, orient
from metrics.stats.agreement import Share as Rate
from metrics.stats.agreement import wilson
from metrics.stats.comparisons import Outcome
from metrics.stats.shares import Share, estimate_share

# Who is meant by A and B, in the order of showing.
MEANT = ({"A": "first", "B": "second"}, {"A": "second", "B": "first"})


@dataclass(frozen=True, slots=True)
class Position:
    """`first`: how often it prefers the side shown first, ½ being no bias.

    `same`: of the pairs that it saw in both orders, how many got the same answer.
    """

    first: Share
    same: Rate


def measure_position(subject: Subject, watermark: int, *, level: float) -> Position:
    """From what the judge was asked here, or else from its votes; intervals are by prompt."""
    asked = list(select_judgments(subject).values_list("battle", "order", "battle__prompt",
                                                       "answers"))  # fmt: skip
    if asked:
        return measure_judgments(asked, level=level)
    return measure_votes(read_answers(subject, watermark), level=level)


def measure_judgments(
    asked: Sequence[tuple[int, int, int, dict[str, str]]], *, level: float
) -> Position:
    """Rows of battle, order, prompt and answers by aspect; its votes have both orders in one."""
    told = [
        (battle, order, prompt, aspect, answers[aspect])
        for battle, order, prompt, answers in asked
        for aspect in ASPECTS
        if aspect in answers
    ]
    said: dict[tuple[int, str], dict[int, str]] = {}
    for battle, order, _, aspect, answer in told:
        said.setdefault((battle, aspect), {})[order] = MEANT[order].get(answer, answer)
    both = [found for found in said.values() if len(found) == 2]
    decided = [(each[-1] == "A", each[2]) for each in told if each[-1] in MEANT[0]]
    won = np.array([first for first, _ in decided], dtype=np.float64)
    prompts = np.array([prompt for _, prompt in decided], dtype=np.int64)
    return Position(
        estimate_share(won, np.ones(len(won)), prompts, level=level),
        wilson(float(sum(found[0] == found[1] for found in both)), len(both), level=level),
    )


def measure_votes(answers: pl.DataFrame, *, level: float) -> Position:
    """From a judge's votes as cast, each of one order."""
    decided = answers.filter(pl.col("outcome") <= Outcome.MODEL_B.value)
    won = (decided["outcome"] == Outcome.MODEL_A.value).to_numpy().astype(np.float64)
    first = estimate_share(won, np.ones(len(won)), decided["prompt"].to_numpy(), level=level)
    turned = answers.with_columns(turned=pl.col("candidate_a") > pl.col("candidate_b"))
    both = (
        orient(turned)
        .group_by("question", *PAIR)
        .agg(pl.col("turned").n_unique().alias("orders"), pl.col("outcome").n_unique())
        .filter(pl.col("orders") == 2)
    )
    return Position(first, wilson(float((both["outcome"] == 1).sum()), len(both), level=level))
