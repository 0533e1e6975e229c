"""Whether a check puts the candidates of one prompt in people's order."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import stdtrit
from scipy.stats import kendalltau, rankdata

from metrics.stats._court.evidence import Evidence, number_together
from metrics.stats._court.figure import NOTHING, Figure, Levels, reach_limits
from metrics.stats.comparisons import FloatArray, IntArray

LEAST_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class RankCorrelations:
    """Means over prompts, -1..1, with intervals by prompts (Student's t)."""

    spearman: Figure
    kendall: Figure


def correlate_ranks(evidence: Evidence, levels: Levels) -> RankCorrelations:
    """Spearman's rho and Kendall's tau-b of check values and win shares, averaged over prompts.

    A candidate's share is what it won of its votes on measured pairs, undecided ones being
    half. A prompt counts with three measured candidates or more, unless all are tied on one
    side: then nothing is defined.
    """
    found = [
        (spearman, kendall)
        for rows in _by_prompt(evidence.prompt)
        for spearman, kendall in [_correlate(evidence.select(rows))]
        if np.isfinite(spearman) and np.isfinite(kendall)
    ]
    if not found:
        return RankCorrelations(NOTHING, NOTHING)
    votes = len(evidence)
    return RankCorrelations(
        *(_average(np.array(column), votes, levels) for column in zip(*found, strict=True))
    )


def _by_prompt(prompt: IntArray) -> list[IntArray]:
    order = np.argsort(prompt, kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(prompt[order])) + 1)) if len(order) else []


def _correlate(votes: Evidence) -> tuple[float, float]:
    seats = np.concatenate([votes.candidate_a, votes.candidate_b])
    code = number_together(seats)
    met = np.bincount(code)
    if len(met) < LEAST_CANDIDATES:
        return float("nan"), float("nan")
    share = np.bincount(code, np.concatenate([votes.points, 1 - votes.points])) / met
    value = np.bincount(code, np.concatenate([votes.value_a, votes.value_b])) / met
    if np.ptp(share) < 1e-12 or np.ptp(value) < 1e-12:
        return float("nan"), float("nan")
    spearman = float(np.corrcoef(rankdata(share), rankdata(value))[0, 1])
    return spearman, float(kendalltau(share, value).statistic)


def _average(values: FloatArray, votes: int, levels: Levels) -> Figure:
    mean, prompts = float(values.mean()), len(values)
    if prompts < 2:
        return Figure(mean, None, None, None, None, votes, prompts, 0)
    # The same in every prompt looks certain, and is not: one more of 0 keeps it honest.
    spread = max(float(values.std(ddof=1)), float(np.append(values, 0.0).std(ddof=1)) / 2)
    error = spread / sqrt(prompts)
    reach = float(stdtrit(prompts - 1, (1 + levels.level) / 2)) * error
    beyond = reach_limits(error, prompts - 1, levels.error)
    bounds = (max(mean - reach, -1.0), min(mean + reach, 1.0))
    limits = (max(mean - beyond, -1.0), min(mean + beyond, 1.0))
    return Figure(mean, *bounds, *limits, votes, prompts, 0)
