"""How often people agree with each other about the same two candidates."""

import numpy as np

from metrics.stats._court.evidence import Evidence, number_together
from metrics.stats.comparisons import BoolArray, FloatArray


def find_doubles(evidence: Evidence) -> tuple[BoolArray, FloatArray]:
    """Which decided votes have others' decided votes beside them, and the share that agree, (R,).

    Of a rater's several votes on two candidates the first counts; votes without a rater count
    nowhere, as nobody knows whether they are of one person.
    """
    battle = evidence.battle
    asked = np.flatnonzero(evidence.decided & (evidence.rater >= 0))
    seats = number_together(battle[asked], evidence.rater[asked])
    once = asked[np.unique(seats, return_index=True)[1]]
    won = evidence.points[once] > 0.5
    size = int(battle.max(initial=-1)) + 1
    for_a = np.bincount(battle[once], won, minlength=size)
    votes = np.bincount(battle[once], minlength=size)
    same = np.where(won, for_a[battle[once]], (votes - for_a)[battle[once]]) - 1
    others = votes[battle[once]] - 1
    doubled, agreed = np.zeros(len(evidence), dtype=bool), np.zeros(len(evidence))
    doubled[once] = others > 0
    agreed[once] = same / np.maximum(others, 1)
    return doubled, agreed
