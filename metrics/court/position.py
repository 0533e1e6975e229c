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
from metrics.stats.comparisons import Outcome
from metrics.stats.shares import Share, estimate_share

# Who is meant by A and B, in the order of showing.
MEANT = ({"A": "first", "B": "second"}, {"A": "second", "B": "first"})


@dataclass(frozen=True, slots=True)
class Position:
    """`first`: how often it prefers the side shown first, ½ being no bias.

    `same`: of its answers on pairs that it saw in both orders, how many were the same in both;
    `of` counts the pairs, each with the share of its answers.
    """

    first: Share
    same: Rate


def measure_position(subject: Subject, watermark: int, *, level: float) -> Position:
    """From what the judge was asked here, or else from its votes; intervals are by prompt.

    A copied answer is one that it gave before, and says nothing new.
    """
    asked = select_judgments(subject)
    if not asked.exists():
        return measure_votes(read_answers(subject, watermark), level=level)
    columns = ("battle", "order", "battle__prompt", "answers")
    own = asked.filter(copied_from=None).order_by("pk").values_list(*columns)
    return measure_judgments(list(own), level=level)


def measure_judgments(
    asked: Sequence[tuple[int, int, int, dict[str, str]]], *, level: float
) -> Position:
    """Rows of battle, order, prompt and answers by aspect; its votes have both orders in one."""
    firsts: list[tuple[float, int]] = []
    said: dict[tuple[int, int], dict[str, dict[int, str]]] = {}
    for battle, order, prompt, answers in asked:
        told = {aspect: answers[aspect] for aspect in ASPECTS if aspect in answers}
        firsts += [(answer == "A", prompt) for answer in told.values() if answer in MEANT[0]]
        for aspect, answer in told.items():
            meant = said.setdefault((prompt, battle), {}).setdefault(aspect, {})
            meant[order] = MEANT[order].get(answer, answer)
    sames: list[tuple[float, int]] = []
    for (prompt, _), aspects in said.items():
        both = [found[0] == found[1] for found in aspects.values() if len(found) == 2]
        if both:
            sames.append((sum(both) / len(both), prompt))
    return Position(share_by_prompt(firsts, level=level), count_same(sames, level=level))


def measure_votes(answers: pl.DataFrame, *, level: float) -> Position:
    """From a judge's votes as cast, each of one order."""
    decided = answers.filter(pl.col("outcome") <= Outcome.MODEL_B.value)
    first = decided.select(pl.col("outcome") == Outcome.MODEL_A.value, "prompt")
    turned = answers.with_columns(turned=pl.col("candidate_a") > pl.col("candidate_b"))
    both = (
        orient(turned)
        .group_by("prompt", "question", *PAIR, maintain_order=True)
        .agg(pl.col("turned").n_unique().alias("orders"), pl.col("outcome").n_unique())
        .filter(pl.col("orders") == 2)
        .group_by("prompt", *PAIR, maintain_order=True)
        .agg((pl.col("outcome") == 1).mean().alias("same"))
    )
    return Position(
        share_by_prompt(first.rows(), level=level),
        count_same(both.select("same", "prompt").rows(), level=level),
    )


def count_same(values: Sequence[tuple[float, int]], *, level: float) -> Rate:
    """A value and prompt for each pair."""
    found = share_by_prompt(values, level=level)
    count = sum(value for value, _ in values)
    return Rate(count, len(values), found.share, found.lower, found.upper)


def share_by_prompt(values: Sequence[tuple[float, int]], *, level: float) -> Share:
    """Answers about one prompt may be alike: each value has its prompt."""
    shares = np.array([value for value, _ in values], dtype=np.float64)
    prompts = np.array([prompt for _, prompt in values], dtype=np.int64)
    return estimate_share(shares, np.ones(len(values)), prompts, level=level)
