"""What a check may do by what is known of it: by rule, never by hand."""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt

from metrics.stats._court.figure import Figure, reach_limits
from metrics.stats.court import (
    CEILING_SHARE,
    LEAST_ACCURACY,
    LEAST_DOUBLES,
    LEAST_PROMPTS,
    Hearing,
    Weighed,
    share_error,
)

CHANCE = 0.5
# What a check without votes is taken for when it is said how many it may take.
HOPED = 0.75
# How much less votes say that belong together by prompt and rater, in the same guess.
DESIGN = 1.5
PER_PROMPT = 5
MOST_NEEDED = 100_000
GOOD = "right often enough, also within pairs, and near what people are"
GUESSED = share_error(0.05, 1)


class State(StrEnum):
    """How far a check is trusted in a category."""

    UNPROVEN = "unproven"
    ADVISORY = "advisory"
    MAY_GATE = "may gate"


@dataclass(frozen=True, slots=True)
class Need:
    """About how many more decisive votes, on how many more prompts, the next state takes."""

    votes: int
    prompts: int


def decide_state(weighed: Weighed, *, blind: bool) -> State:
    """may gate: the least accuracy is LEAST_ACCURACY or more, the least margin to the ceiling 0
    or more, and the least concordance within pairs above ½; advisory: the least accuracy is
    above ½. Nothing on fewer than LEAST_PROMPTS prompts.
    """
    accuracy = weighed.accuracy
    if accuracy.prompts < LEAST_PROMPTS or not _above(accuracy, CHANCE):
        return State.UNPROVEN
    margin = weighed.margin.least
    gates = (
        accuracy.least is not None
        and accuracy.least >= LEAST_ACCURACY
        and margin is not None
        and margin >= 0
        and _above(weighed.within, CHANCE)
        and not blind
    )
    return State.MAY_GATE if gates else State.ADVISORY


def _above(figure: Figure, value: float) -> bool:
    return figure.least is not None and figure.least > value


def give_reasons(hearing: Hearing) -> tuple[str, ...]:
    """Why the state is what it is, in plain words: first what is missing for the next one."""
    weighed = hearing.weighed
    state = decide_state(weighed, blind=hearing.blind)
    if state == State.MAY_GATE:
        return (GOOD, *_warn(hearing))
    rest = _lack_rest(weighed, hearing.blind) if state == State.ADVISORY else []
    return (*_lack_accuracy(hearing, state), *rest, *_warn(hearing))


def _lack_accuracy(hearing: Hearing, state: State) -> list[str]:
    accuracy = hearing.weighed.accuracy
    target = CHANCE if state == State.UNPROVEN else LEAST_ACCURACY
    if not hearing.votes:
        return ["no decisive vote by people is known here yet", say_need(guess_need())]
    if accuracy.value is None:
        return [
            f"people decided {hearing.votes} times here, and never about two candidates of which "
            "it measured both"
        ]
    if accuracy.least is not None and accuracy.least >= target and state == State.ADVISORY:
        return []
    said = f"right in {100 * accuracy.value:.0f} % of {accuracy.votes} decisive votes"
    if accuracy.upper is not None and accuracy.upper < CHANCE:
        return [f"{said}: people prefer the opposite of what it says"]
    if accuracy.most is not None and accuracy.most < target:
        return [f"{said}, surely less than the {100 * target:.0f} % it takes"]
    if accuracy.least is None:
        return [f"{said}, but all by one rater or on one prompt", say_need(guess_need())]
    need = find_need(accuracy, target, hearing.levels.error)
    sure = f"only {100 * accuracy.least:.0f} % is sure"
    lacks = f"{said}, {sure}; {100 * target:.0f} % is needed"
    return [lacks, say_need(need) if need else "as it is, more votes would not help"]


def _lack_rest(weighed: Weighed, blind: bool) -> list[str]:
    """What beside the accuracy keeps a check from gating."""
    lacks = []
    within, ceiling, margin = weighed.within, weighed.ceiling, weighed.margin
    if blind and within.value is not None:
        lacks.append(
            f"blind within pairs: it knows which competitor is better, but of two candidates by "
            f"the same two it tells no more than chance ({100 * within.value:.0f} %)"
        )
    elif not _above(within, CHANCE):
        lacks.append("not yet shown to tell good from bad within the same pair of competitors")
    if ceiling.value is None:
        lacks.append(
            f"how far people agree is unknown: {weighed.doubles} decisive votes on pairs that "
            f"others decided too, on {weighed.double_prompts} prompts; {LEAST_DOUBLES} on "
            f"{LEAST_PROMPTS} are needed"
        )
    elif margin.least is None or margin.least < 0:
        lacks.append(
            f"not surely {100 * CEILING_SHARE:.0f} % as good as one person is at telling what "
            f"another says ({100 * ceiling.value:.0f} %)"
        )
    return lacks


def _warn(hearing: Hearing) -> list[str]:
    missing, warnings = hearing.missing, []
    if missing.uneven:
        shares = [row.share for row in missing.competitors]
        warnings.append(
            f"it can measure {100 * min(shares):.0f} % of some competitors' candidates and "
            f"{100 * max(shares):.0f} % of others': what is missing is not missing by chance"
        )
    if missing.telling and missing.preferred.value is not None:
        warnings.append(
            f"where it measures only one of two, people prefer that one in "
            f"{100 * missing.preferred.value:.0f} %: what is missing says something of quality"
        )
    return warnings


def find_need(figure: Figure, target: float, error: float) -> Need | None:
    """What would bring the least value to the target, as more of the same; None if nothing would.

    The error falls with the root of votes and prompts; at the value found so far, `votes` x k
    make it small enough.
    """
    if figure.value is None or figure.least is None or figure.value <= target:
        return None
    degrees = max(min(figure.prompts, figure.raters) - 1, 1)
    found = _solve_error(figure.value - figure.least, degrees, error=error)
    wanted = _solve_error(figure.value - target, degrees, error=error)
    times = max((found / wanted) ** 2, LEAST_PROMPTS / figure.prompts)
    if times * figure.votes > MOST_NEEDED:
        return None
    more = max(times - 1, 0.0)
    return Need(_round(more * figure.votes), _round(more * figure.prompts))


def guess_need(target: float = LEAST_ACCURACY, *, error: float = GUESSED) -> Need:
    """What a check that is right in HOPED of votes needs from nothing, PER_PROMPT to a prompt."""
    wanted = _solve_error(HOPED - target, 60, error=error)
    votes = DESIGN * HOPED * (1 - HOPED) / wanted**2
    return Need(_round(votes), _round(votes / PER_PROMPT))


def say_need(need: Need) -> str:
    return f"needs about {need.votes} more decisive votes on {need.prompts} more prompts"


def _solve_error(reach: float, degrees: float, *, error: float) -> float:
    """The standard error whose limits lie so far from the number, by bisection."""
    low, high = 1e-6, 1.0
    for _ in range(60):
        middle = sqrt(low * high)
        low, high = (
            (middle, high) if reach_limits(middle, degrees, error) < reach else (low, middle)
        )
    return low


def _round(number: float) -> int:
    """Up to two digits: nobody knows better."""
    if number < 1:
        return 1
    step = int(10 ** max(len(str(int(number))) - 2, 0))
    return ceil(number / step) * step
