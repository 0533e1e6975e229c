"""An automated check or a judge, itself scored against people's votes."""

from dataclasses import dataclass

import numpy as np

from metrics.stats._court.calibrate import Calibration, calibrate
from metrics.stats._court.ceiling import find_doubles
from metrics.stats._court.evidence import Evidence
from metrics.stats._court.figure import NOTHING, Figure, Levels, make_figure
from metrics.stats._court.held_out import HeldOut, hold_out
from metrics.stats._court.missing import Missing, find_missing
from metrics.stats._court.ranks import RankCorrelations, correlate_ranks
from metrics.stats._court.within import measure_within
from metrics.stats.comparisons import FloatArray, IntArray

__all__ = ["Evidence", "Figure", "Hearing", "Levels", "Weighed", "hear", "share_error", "weigh"]

# What may gate is right in this share of votes, and in this share of what people are.
LEAST_ACCURACY = 0.65
CEILING_SHARE = 0.8
# Fewer doubled votes, or on fewer prompts, leave the ceiling unknown.
LEAST_DOUBLES = 50
LEAST_PROMPTS = 20
# A family of figures counts as this large at least, so that it may grow without harm.
FAMILY = 100


@dataclass(frozen=True, slots=True)
class Weighed:
    """The figures that a decision rests on, each with its limits.

    `accuracy`: the share of decisive votes that the check sides with, its own ties being ½, with
    nothing fitted on the competitors it is measured on. `ceiling`: the same of one person against
    another on the same two candidates. `margin`: accuracy - CEILING_SHARE x ceiling, whose least
    is at or above 0 where the ratio's is at or above CEILING_SHARE. `within`: concordance within
    pairs of competitors. `doubles` and `double_prompts` say what the ceiling rests on.
    """

    accuracy: Figure
    within: Figure
    ceiling: Figure
    margin: Figure
    doubles: int
    double_prompts: int


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that votes say of a check. `votes` are decisive, `measured` those on both measured.

    `ties` is the share of measured votes on which the check is undecided; `band` the median gap
    up to which it counts as such. `blind`: right on average, but surely less within pairs, where
    nothing shows that it beats chance.
    """

    votes: int
    measured: int
    competitors: int
    weighed: Weighed
    ranks: RankCorrelations
    calibration: Calibration | None
    missing: Missing
    ties: float | None
    band: float | None
    blind: bool
    levels: Levels


def share_error(error: float, hypotheses: int) -> float:
    """The error of each of so many figures, Bonferroni, FAMILY of them at least."""
    return error / max(hypotheses, FAMILY)


def hear(evidence: Evidence, *, measured: IntArray, tried: IntArray, levels: Levels) -> Hearing:
    """Everything about a check; counts of candidates by competitor code are (M,).

    Common support throughout: only pairs of which the check measured both say whether it is
    right, whatever it could not measure.
    """
    decided = evidence.select(evidence.decided)
    heard = decided.select(decided.measured)
    held = hold_out(heard)
    weighed = weigh_held(heard, held, levels)
    known = len(heard) > 0
    return Hearing(
        votes=len(decided),
        measured=len(heard),
        competitors=len(np.unique(np.concatenate([heard.a, heard.b]))),
        weighed=weighed,
        ranks=correlate_ranks(evidence.select(evidence.measured), levels),
        calibration=calibrate(heard, held.logit, levels),
        missing=find_missing(decided, measured, tried, levels),
        ties=float(np.mean(held.right == 0.5)) if known else None,
        band=float(np.median(held.band)) if known else None,
        blind=is_blind(weighed),
        levels=levels,
    )


def weigh(evidence: Evidence, levels: Levels) -> Weighed:
    """The figures that a decision rests on, and no others."""
    heard = evidence.select(evidence.decided & evidence.measured)
    return weigh_held(heard, hold_out(heard), levels)


def weigh_held(heard: Evidence, held: HeldOut, levels: Levels) -> Weighed:
    """The same of decided, measured votes whose tie bands are fitted elsewhere."""
    if not len(heard):
        return Weighed(NOTHING, NOTHING, NOTHING, NOTHING, 0, 0)
    clusters = (heard.prompt, heard.rater)
    right, right_floor = _centre(held.right, np.ones(len(heard), dtype=bool))
    accuracy = make_figure(float(held.right.mean()), right, clusters, levels, floor=right_floor)
    doubled, agreed = find_doubles(heard)
    prompts = len(np.unique(heard.prompt[doubled]))
    ceiling, margin = NOTHING, NOTHING
    if doubled.sum() >= LEAST_DOUBLES and prompts >= LEAST_PROMPTS:
        top = float(agreed[doubled].mean())
        people, people_floor = _centre(agreed, doubled)
        among = [codes[doubled] for codes in clusters]
        ceiling = make_figure(top, people[doubled], among, levels, floor=people_floor)
        margin = make_figure(
            float(held.right.mean()) - CEILING_SHARE * top,
            right - CEILING_SHARE * people,
            clusters,
            levels,
            floor=right_floor,
            bounds=(-1.0, 1.0),
        )
    within = measure_within(heard, levels)
    return Weighed(accuracy, within, ceiling, margin, int(doubled.sum()), prompts)


def is_blind(weighed: Weighed) -> bool:
    """Whether a check is right on average over competitors only.

    Its accuracy is surely above ½; its concordance within pairs is not, and is surely, at this
    moment, below the accuracy.
    """
    accuracy, within = weighed.accuracy, weighed.within
    if accuracy.value is None or within.lower is None or within.upper is None:
        return False
    right = accuracy.least is not None and accuracy.least > 0.5
    return right and within.lower <= 0.5 and within.upper < accuracy.value


def _centre(values: FloatArray, rows: np.ndarray) -> tuple[FloatArray, float]:
    """The influence of rows on their mean, 0 elsewhere, and the least variance it may have.

    That is Agresti & Coull's (1998, The American Statistician 52(2)): all alike is not certain.
    """
    number = int(rows.sum())
    mean = float(values[rows].mean())
    share = (mean * number + 2) / (number + 4)
    return np.where(rows, (values - mean) / number, 0.0), share * (1 - share) / number
