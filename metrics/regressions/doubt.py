"""How people's votes are expected to fall on each prompt, and how sure that is, before any vote."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arenas.raters.models import RaterKind
from arenas.votes.flag import read_marks
from arenas.votes.models import STANDING, Vote
from metrics.court.present import read_present
from metrics.regressions.gather import Gathered, Pictured
from metrics.regressions.measure import Measured, measure_check
from metrics.regressions.models import Run
from metrics.stats.asking import EVEN, doubt_prediction
from metrics.stats.comparisons import FloatArray

# A judge is right about people's votes three times in four; where it is not, the votes say so.
REACH = 0.5
WON = {"model_a": (1.0, 0.0), "model_b": (0.0, 1.0)}  # points of a and of b; else half each


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """By prompt, (P,): the challenger's points expected of a vote, and how doubtful that is."""

    predictions: FloatArray
    doubt: FloatArray


def look_ahead(run: Run, prompts: Sequence[Pictured], gathered: Gathered) -> Outlook:
    """What judges said of these very candidates, drawn towards a half, with the spread of a vote.

    Where they said nothing it is a half, and the more doubtful, the closer some check is to its
    criterion's threshold; where no check did either, as doubtful as can be.
    """
    heard, closeness = hear_judges(prompts), find_closeness(run, gathered)
    points = [np.mean(heard.get(each.prompt, [EVEN])) for each in prompts]
    predictions = EVEN + REACH * (np.array(points) - EVEN)
    judged = np.array([each.prompt in heard for each in prompts], dtype=bool)
    close = np.array([closeness.get(each.prompt, 1.0) for each in prompts])
    doubt = np.where(judged, doubt_prediction(predictions), EVEN * (1 + close) / 2)
    return Outlook(predictions, doubt)


def hear_judges(prompts: Sequence[Pictured]) -> dict[int, list[float]]:
    """By prompt the challenger's points in judges' votes that stand, in whatever arena."""
    sides = {each.prompt: (set(each.baseline), set(each.challenger)) for each in prompts}
    shown = [pk for sets in sides.values() for side in sets for pk in side]
    votes = Vote.objects.filter(
        STANDING, rater_kind=RaterKind.JUDGE, candidate_a__in=shown, candidate_b__in=shown
    ).exclude(winner="")
    marks, heard = read_marks(), dict[int, list[float]]()
    for vote in votes.select_related("ballot"):
        baseline, challenger = sides[vote.prompt_id or 0]
        a, b = vote.candidate_a_id, vote.candidate_b_id
        is_between = (a in baseline and b in challenger) or (a in challenger and b in baseline)
        if is_between and not marks.on(vote):
            heard.setdefault(vote.prompt_id or 0, []).append(count_points(vote, challenger))
    return heard


def count_points(vote: Vote, challenger: set[int]) -> float:
    """1 where the challenger's picture won, ½ for a tie or both bad, 0 where it lost."""
    of_a, of_b = WON.get(vote.winner, (EVEN, EVEN))
    return of_a if vote.candidate_a_id in challenger else of_b


def find_closeness(run: Run, gathered: Gathered) -> dict[int, float]:
    """By prompt, for the check that is closest to its threshold: 1 at it, ½ at `detect` off it."""
    present, closest = read_present(), dict[int, float]()
    for criterion in run.shape.criteria:
        if criterion.check_name:
            note_closest(closest, measure_check(criterion, gathered, present))
    return closest


def note_closest(closest: dict[int, float], measured: Measured) -> None:
    aim = measured.aim
    for each, value in zip(measured.prompts, measured.plain.tolist(), strict=True):
        close = 1 / (1 + abs(value - aim.threshold) / aim.detect)
        closest[each.prompt] = max(closest.get(each.prompt, 0.0), close)
