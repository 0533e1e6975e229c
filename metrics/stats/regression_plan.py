"""How many prompts and votes a regression eval takes, what it costs, and what more would buy."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from metrics.stats.betting import LARGEST_LOSS
from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.stopping import TIMES, find_slowdown, find_time, fixed_time, follow
from metrics.stats.variance_parts import Components as Components
from metrics.stats.variance_parts import estimate_components as estimate_components

# Shown of the power curve: true differences, as multiples of the planned one.
MULTIPLES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
# No plan asks for more prompts than this; a wanted difference so small is not worth the money.
MOST_PROMPTS = 10_000_000


class TooSmall(ValueError):
    """The wanted difference would take more prompts than anybody has."""


@dataclass(frozen=True, slots=True)
class Design:
    """What is made and asked for each prompt.

    `inclusion` is the share of prompts that people are asked about, and `foreseen` the share of
    the variance of their points that a judge's predictions explain.
    """

    challenger_samples: int = 1
    baseline_samples: int = 1
    votes: int = 0
    inclusion: float = 1.0
    foreseen: float = 0.0


@dataclass(frozen=True, slots=True)
class Costs:
    """USD for a challenger's candidate, a baseline's (0 where they are there already), a vote."""

    challenger: float
    baseline: float = 0.0
    vote: float = 0.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """The difference from the threshold to notice with `power`, at the error rate of a run.

    Somebody looks every `look` prompts.
    """

    difference: float
    power: float = 0.8
    error: float = 0.01
    look: int = 20


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How increments are spread: those of an earlier run (n,), and what one may lose.

    `loss` is the distance of the threshold from the lower bound, in the unit of the increments:
    the larger it is, the smaller are the bets.
    """

    increments: FloatArray
    loss: float = 0.0


# What is taken where no earlier increments are known.
NORMAL = Shape(ndtri((np.arange(200) + 0.5) / 200))


@dataclass(frozen=True, slots=True)
class Stop:
    """After how many prompts runs end on average, and the probability that they then decided.

    If the truth is so far from the threshold, on the side that is bet on.
    """

    difference: float
    prompts: float
    power: float


@dataclass(frozen=True, slots=True)
class NextDollar:
    """By how much one USD more makes the detectable difference smaller, spent on each.

    `samples` are the challenger's; `votes` None where people are not asked.
    """

    prompts: float
    samples: float
    votes: float | None


@dataclass(frozen=True, slots=True)
class RegressionPlan:
    """The largest number of prompts that the sequential test takes, and what follows from it.

    `votes` and `usd` are those of `most` prompts; `fixed` is the number that a test with a
    single look would take for the same power; `expected` says where runs end at a difference of
    0, at the planned one and at 1.5 times it; `curve` the same for more of them; `spread` is the
    standard deviation of an increment.
    """

    most: int
    votes: int
    usd: float
    fixed: int
    spread: float
    expected: tuple[Stop, Stop, Stop]
    curve: tuple[Stop, ...]
    next_dollar: NextDollar


def plan(
    components: Components,
    design: Design,
    costs: Costs,
    wanted: Wanted,
    *,
    shape: Shape | None = None,
) -> RegressionPlan:
    """Plan a run for one criterion, in the limit of many small increments.

    With t = n (difference / spread)², the probability to decide by t comes from a recursion with
    the very bets of `metrics.stats.betting` (`metrics.stats.stopping`), where time is slowed down
    as the `shape` of earlier increments says, or a normal one. Raises TooSmall where the
    difference takes more than MOST_PROMPTS, ValueError where it is not above 0, power or error
    are not between 0 and 1, or nothing varies.
    """
    spread = float(np.sqrt(find_variance(components, design)))
    _check(wanted, spread)
    pace = find_pace(spread, wanted, shape)
    most = _count(find_time(wanted.error, wanted.power, step=wanted.difference / spread) / pace)
    looks = np.append(np.arange(0, most, wanted.look), most)
    curve = {
        multiple: _find_stop(multiple, looks, pace=pace, wanted=wanted, spread=spread)
        for multiple in MULTIPLES
    }
    return RegressionPlan(
        most=most,
        votes=int(np.ceil(most * design.inclusion * design.votes)),
        usd=most * price_prompt(design, costs),
        fixed=_count(fixed_time(wanted.error, wanted.power) * (spread / wanted.difference) ** 2),
        spread=spread,
        expected=(curve[0.0], curve[1.0], curve[1.5]),
        curve=tuple(curve.values()),
        next_dollar=find_next_dollar(components, design, costs, wanted=wanted, prompts=most),
    )


def find_pace(spread: float, wanted: Wanted, shape: Shape | None) -> float:
    """How much time, as `metrics.stats.stopping` counts it, passes with each prompt."""
    step = wanted.difference / spread
    shape = shape if shape is not None and np.ptp(shape.increments) > 0 else NORMAL
    slower = find_slowdown(
        shape.increments,
        step=step,
        largest=LARGEST_LOSS / max(shape.loss, 1e-9) * spread,
        alpha=wanted.error,
        power=wanted.power,
    )
    if not np.isfinite(slower):
        raise TooSmall("with increments of this shape no bet on the difference would gain")
    return step**2 / slower


def find_variance(components: Components, design: Design) -> float:
    """Var(x) = σ²_prompt + σ²_sample (1/s_c + 1/s_b) + σ²_vote / r; more where few are asked.

    Where prompts are asked about with probability π, the part of it that a judge does not
    foresee counts 1/π times (weigh_back's variance, π alike for all).
    """
    votes = components.vote / design.votes if design.votes else 0.0
    samples = 1 / design.challenger_samples + 1 / design.baseline_samples
    whole = components.prompt + components.sample * samples + votes
    if not design.votes:
        return whole
    return whole * (1 + (1 / design.inclusion - 1) * (1 - design.foreseen))


def price_prompt(design: Design, costs: Costs) -> float:
    """USD of one prompt more: its candidates and, as often as people are asked, their votes."""
    made = design.challenger_samples * costs.challenger + design.baseline_samples * costs.baseline
    return made + design.inclusion * design.votes * costs.vote


def find_next_dollar(
    components: Components, design: Design, costs: Costs, *, wanted: Wanted, prompts: int
) -> NextDollar:
    """How much smaller the detectable difference D ∝ √(Var / n) gets per USD: −dD / dUSD.

    −dD = D/2 · (dn / n) for prompts, D/2 · (−dVar / Var) for samples and votes.
    """
    whole = find_variance(components, design)
    half = wanted.difference / 2
    unseen = 1 + (1 / design.inclusion - 1) * (1 - design.foreseen) if design.votes else 1.0
    sampled = components.sample / design.challenger_samples**2 * unseen / whole
    voted = components.vote / design.votes**2 * unseen / whole if design.votes else 0.0
    return NextDollar(
        prompts=_per_dollar(half / prompts, price_prompt(design, costs)),
        samples=_per_dollar(half * sampled, prompts * costs.challenger),
        votes=_per_dollar(half * voted, prompts * design.inclusion * costs.vote)
        if design.votes
        else None,
    )


def _find_stop(
    multiple: float, looks: IntArray, *, pace: float, wanted: Wanted, spread: float
) -> Stop:
    """Where runs end on average: they go on after a look that found nothing, up to the last."""
    difference = multiple * wanted.difference
    survival = follow(wanted.error, step=wanted.difference / spread)
    decided = np.append(0.0, survival.decided(multiple))
    by_look = np.interp(looks * pace, np.append(0.0, TIMES), decided)
    prompts = float(np.diff(looks) @ (1 - by_look[:-1]))
    return Stop(difference, prompts, float(by_look[-1]))


def _per_dollar(gain: float, usd: float) -> float:
    """The gain per USD; infinite where it costs nothing, 0 where there is none."""
    if gain <= 0:
        return 0.0
    return gain / usd if usd > 0 else float("inf")


def _count(number: float) -> int:
    if number > MOST_PROMPTS:
        raise TooSmall(f"the wanted difference takes more than {MOST_PROMPTS:,} prompts")
    return max(int(np.ceil(number)), 1)


def _check(wanted: Wanted, spread: float) -> None:
    if not spread > 0:
        raise ValueError("nothing varies, so there is nothing to plan")
    if not wanted.difference > 0:
        raise ValueError("the wanted difference must be above 0")
    if not (0 < wanted.error < wanted.power < 1 and wanted.look >= 1):
        raise ValueError("0 < error < power < 1 and a look after 1 prompt or more")
