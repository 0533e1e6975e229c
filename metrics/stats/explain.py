"""One sentence on what a criterion's evidence says, in plain words."""

from dataclasses import dataclass
from typing import Literal

from metrics.stats.betting import Aim
from metrics.stats.verdict import Evidence, Result


@dataclass(frozen=True, slots=True)
class Wording:
    """How a criterion is spoken of.

    `unit` follows the number after a space ("s", "points"), `scale` is what an increment is
    multiplied by before it is written, `better` says whether more of it is good, and
    `margin_words` names what it is held against: "the margin of 0.02", "the target of 5 points".
    """

    name: str
    unit: str
    decimals: int
    better: Literal["higher", "lower"]
    margin_words: str
    scale: float = 1.0


def explain(evidence: Evidence, aim: Aim, result: Result, wording: Wording) -> str:
    """Say how far the criterion moved, with its interval, on how many prompts, and so what.

    A result that is not decided also says which change the run could have shown.
    """
    if not evidence.n:
        return f"{wording.name} is not measured on any prompt: undecided."
    if result == Result.UNDECIDED:
        return _say_undecided(evidence, aim, wording)
    moved = f"{wording.name} {_say_move(evidence, wording)} on {_say_prompts(evidence)}"
    return f"{moved}, {_say_side(aim, result)} {wording.margin_words}: {result}."


def _say_undecided(evidence: Evidence, aim: Aim, wording: Wording) -> str:
    """Why it is open: the interval holds the threshold, or there is more to it than that."""
    seen, asked = _say_worth(evidence, wording), _say_prompts(evidence)
    if evidence.upper < aim.threshold:
        return (
            f"{wording.name} is {seen} on {asked}, {_say_side(aim, Result.FAILED)} "
            f"{wording.margin_words} by itself, but not surely so among all criteria: undecided."
        )
    if evidence.lower > aim.threshold:
        in_full = min(evidence.plain_mean, evidence.lower - evidence.tail)
        return (
            f"{wording.name} is {seen} on {asked}, but {evidence.clipped} of them were cut, and "
            f"in full it could be {_write(-in_full, wording)} worse: undecided."
        )
    return (
        f"{wording.name} could be {_say_both_sides(aim)} {wording.margin_words}: {seen}; "
        f"{asked} could have shown a change of {_write(evidence.detectable, wording)} from there."
    )


def _say_both_sides(aim: Aim) -> str:
    return "within or beyond" if aim.threshold <= 0 else "above or below"


def _say_side(aim: Aim, result: Result) -> str:
    """Where the truth is, seen from the threshold: a margin is not to be left, a target met."""
    if aim.threshold > 0:
        return "beyond" if result == Result.PASSED else "short of"
    return "within" if result == Result.PASSED else "more than"


def _say_move(evidence: Evidence, wording: Wording) -> str:
    """By how much the number that people know rose or fell, with the limits of that."""
    better_up = wording.better == "higher"
    if float(_round(evidence.mean, wording).replace("−", "-")) == 0:
        return f"did not move: {_say_amount(evidence, wording, worse=not better_up)}"
    word = "rose" if (evidence.mean > 0) == better_up else "fell"
    return f"{word} by {_say_amount(evidence, wording, worse=evidence.mean < 0)}"


def _say_worth(evidence: Evidence, wording: Wording) -> str:
    worse = evidence.mean < 0
    amount = _write(abs(evidence.mean), wording)
    return f"{amount} {'worse' if worse else 'better'} {_say_interval(evidence, wording, worse)}"


def _say_amount(evidence: Evidence, wording: Wording, *, worse: bool) -> str:
    amount = -evidence.mean if worse else evidence.mean
    return f"{_write(amount, wording)} {_say_interval(evidence, wording, worse)}"


def _say_interval(evidence: Evidence, wording: Wording, worse: bool) -> str:
    """The limits of how much worse or better it is: what the word before them says."""
    ends = (-evidence.upper, -evidence.lower) if worse else (evidence.lower, evidence.upper)
    return f"[{', '.join(_round(end, wording) for end in ends)}]"


def _say_prompts(evidence: Evidence) -> str:
    return f"{evidence.n} prompt{'s' if evidence.n != 1 else ''}"


def _write(value: float, wording: Wording) -> str:
    return f"{_round(value, wording)} {wording.unit}".rstrip()


def _round(value: float, wording: Wording) -> str:
    """A minus sign that is one, and never before a zero."""
    text = f"{value * wording.scale:.{wording.decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
