"""Which prompts people are asked about: drawn once, by stated probabilities, and frozen."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import numpy as np

from metrics.regressions.doubt import Outlook
from metrics.regressions.gather import Pictured
from metrics.regressions.models import Run
from metrics.stats.asking import LEAST_INCLUSION, choose_inclusion

# Of the votes, for prompts that the draw took by chance, and in the place of flagged ones.
HELD_BACK = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt with the two candidates that people would compare, and how it was drawn.

    `inclusion` is the probability with which it was, `doubt` and `prediction` what that follows
    from. A prompt that was not drawn keeps them all, so that the draw can be made again.
    """

    prompt: int
    baseline: int
    challenger: int
    inclusion: float
    doubt: float
    prediction: float
    drawn: bool


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Everything that was chosen before the first vote; `prompts` are in the run's order.

    The plan ends after `end` of them, where its votes are spoken for. `votes` is how many it may
    ask for, repeats aside, and `each` how many on a prompt. `missing` have no two pictures.
    """

    seed: str
    at: str
    each: int
    votes: int
    mean: float
    end: int
    prompts: tuple[Asked, ...]
    missing: tuple[int, ...]

    def to_json(self) -> dict[str, object]:
        names = ("seed", "at", "each", "votes", "mean", "end", "missing")
        plain = {name: getattr(self, name) for name in names}
        return {**plain, "prompts": [astuple(asked) for asked in self.prompts]}

    @property
    def planned(self) -> tuple[Asked, ...]:
        """The prompts up to the end of the plan, drawn or not."""
        return self.prompts[: self.end]


def read_inclusion(run: Run) -> Inclusion:
    """What was frozen. Raises ValueError where nothing was."""
    if not run.people:
        raise ValueError(f"{run} has not asked people")
    kept = dict(run.people)
    prompts = tuple(Asked(*row) for row in kept.pop("prompts"))
    return Inclusion(prompts=prompts, missing=tuple(kept.pop("missing")), **kept)


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be asked: so many votes on a prompt, and so many together."""

    each: int
    votes: int

    @classmethod
    def of(cls, run: Run) -> "Offer":
        """What the repeats take is not the prompts'."""
        humans, budget = run.shape.humans, run.shape.budget.votes
        return cls(humans.votes_per_prompt, int(budget * (1 - humans.repeat_share)))

    def find_mean(self, prompts: int) -> float:
        """The share of the prompts to ask about; all where there are votes enough for that."""
        share = self.votes / (self.each * prompts)
        return 1.0 if share >= 1 else max(LEAST_INCLUSION, share * (1 - HELD_BACK))


def draw_inclusion(
    seed: str,
    offer: Offer,
    prompts: Sequence[Pictured],
    outlook: Outlook,
    showable: frozenset[int],
    *,
    now: datetime,
) -> Inclusion:
    """Draw prompts in their order until the votes are spoken for, and a picture of each side.

    The end follows from what was drawn before it, never from the prompt that comes next.
    """
    whole = [is_whole(each, showable) for each in prompts]
    kept = [each for each, is_there in zip(prompts, whole, strict=True) if is_there]
    doubt, predictions = (
        values[np.array(whole, dtype=bool)] for values in (outlook.doubt, outlook.predictions)
    )
    mean = offer.find_mean(len(kept)) if kept else 1.0
    inclusion = choose_inclusion(doubt, mean=mean) if kept else doubt
    rows = zip(kept, inclusion.tolist(), doubt.tolist(), predictions.tolist(), strict=True)
    asked = tuple(draw(seed, each, showable, *chances) for each, *chances in rows)
    missing = tuple(
        each.prompt for each, is_there in zip(prompts, whole, strict=True) if not is_there
    )
    end = find_end(offer, asked)
    at = now.isoformat()
    return Inclusion(seed, at, offer.each, offer.votes, mean, end, asked, missing)


def is_whole(pictured: Pictured, showable: frozenset[int]) -> bool:
    """Whether there is a picture on both sides to show."""
    sides = (pictured.baseline, pictured.challenger)
    return all(showable.intersection(side) for side in sides)


def draw(
    seed: str,
    pictured: Pictured,
    showable: frozenset[int],
    inclusion: float,
    doubt: float,
    prediction: float,
) -> Asked:
    """By random numbers of the prompt's own: what becomes of others changes nothing here."""
    rng = random.Random(f"{seed}/{pictured.key}/{pictured.prompt}")
    sides = (pictured.baseline, pictured.challenger)
    baseline, challenger = (rng.choice([pk for pk in side if pk in showable]) for side in sides)
    drawn = rng.random() < inclusion
    return Asked(pictured.prompt, baseline, challenger, inclusion, doubt, prediction, drawn)


def find_end(offer: Offer, asked: Iterable[Asked]) -> int:
    """How many prompts are in the plan: those before the votes left are too few for one more."""
    left, end = offer.votes, 0
    for each in asked:
        if left < offer.each:
            break
        left -= offer.each if each.drawn else 0
        end += 1
    return end
