"""Plan a regression eval: what it takes to notice a wanted difference, and what that costs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from django.db.models import Avg

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.competitors.price import read_price
from metrics.regressions.components import Known, learn_measure, learn_votes
from metrics.regressions.models import RegressionEval
from metrics.regressions.prompts import list_prompts
from metrics.regressions.shape import COSTS, HUMAN, MOST, RATES, CriterionShape
from metrics.regressions.start import RunRefused, find_challenger
from metrics.results.asking import make_check
from metrics.results.contents import describe_prompt
from metrics.stats.asking import elo_to_points
from metrics.stats.regression_plan import (
    Costs,
    Design,
    RegressionPlan,
    TooSmall,
    Wanted,
    find_pace,
    plan,
    price_prompt,
)
from metrics.stats.stopping import TIMES, find_drift_for, follow

PERCENT = 100.0
POINTS, ELO = "points", "elo"
# Where nothing else is known, and said so: USD for a picture and for a vote.
PRICE_IMAGE, PRICE_VOTE = 0.04, 0.05
# Without an eval: a difference in points of win rate.
DIFFERENCE = 5.0
POWER, ERROR, LOOK = 0.8, 0.01, 20
SAMPLES = 3  # of the baseline
UNITS = {**dict.fromkeys(RATES, "points"), **dict.fromkeys(COSTS, "%")}


class CannotPlan(ValueError):
    """A plan that cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of the planner. What is None follows from the eval, or is a stated default.

    `unit` is `points` or `elo` of people's win rate, or a criterion or measure by name.
    """

    unit: str = ""
    difference: float | None = None
    power: float = POWER
    error: float | None = None
    prompts: int | None = None
    samples: int | None = None
    baseline_samples: int | None = None
    votes: int | None = None
    price_image: float | None = None
    price_vote: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    usd: float
    source: str


@dataclass(frozen=True, slots=True)
class AtPrompts:
    """What so many prompts do: the power, and the difference that they can show, if any."""

    prompts: int
    power: float
    detectable: float | None
    usd: float


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan with what it rests on. `scale` times a number of the plan is in `unit`.

    `plan.usd` is that of the first run over its prompts; `later_usd` of one that finds the
    baseline's pictures there. `image` is a picture by the challenger.
    """

    subject: str
    unit: str
    scale: float
    wanted: Wanted
    design: Design
    costs: Costs
    known: Known
    image: Price
    vote: Price
    plan: RegressionPlan
    later_usd: float
    at: AtPrompts | None
    advice: str


def make_plan(evaluation: RegressionEval | None, wish: Wish) -> Planned:
    """Raises CannotPlan."""
    criterion = find_criterion(evaluation, wish)
    scale = PERCENT if criterion.is_human else 1.0
    wanted = find_wanted(evaluation, criterion, wish, scale)
    design = find_design(evaluation, criterion, wish)
    image, vote = price_image(find_competitor(evaluation), wish), price_vote(wish)
    costs = find_costs(evaluation, wish, design, image=image.usd, vote=vote.usd)
    known = learn(evaluation, criterion, wanted)
    try:
        made = plan(known.components, design, costs, wanted, shape=known.shape)
    except (TooSmall, ValueError) as error:
        raise CannotPlan(str(error)) from error
    limit = MOST.get(criterion.measure, float("inf"))
    prompts = wish.prompts or count_prompts(evaluation, criterion)
    return Planned(
        subject=criterion.name,
        unit=find_unit(criterion),
        scale=scale,
        wanted=wanted,
        design=design,
        costs=costs,
        known=known,
        image=image,
        vote=vote,
        plan=made,
        later_usd=made.most * price_prompt(design, replace(costs, baseline=0.0)),
        at=look_at(prompts, made, wanted, known, most=limit / scale) if prompts else None,
        advice=advise(made, scale, find_unit(criterion)),
    )


def find_criterion(evaluation: RegressionEval | None, wish: Wish) -> CriterionShape:
    """The eval's criterion of that name or measure, or one as it would be."""
    criteria = evaluation.shape.criteria if evaluation else ()
    if not wish.unit:
        return criteria[0] if criteria else CriterionShape(measure=HUMAN, margin=DIFFERENCE)
    if wish.unit in (POINTS, ELO):
        people = [each for each in criteria if each.is_human]
        margin = evaluation.shape.humans.margin if evaluation else DIFFERENCE
        return people[0] if people else CriterionShape(measure=HUMAN, margin=margin)
    named = [each for each in criteria if wish.unit in (each.name, each.measure)]
    if named:
        return named[0]
    if wish.difference is None:
        raise CannotPlan(f"{wish.unit}: which difference is to be noticed?")
    try:
        return CriterionShape(measure=wish.unit, margin=wish.difference)
    except ValueError as error:
        raise CannotPlan(f"{wish.unit!r} is no measure, as in points, elo or text.cer") from error


def find_wanted(
    evaluation: RegressionEval | None, criterion: CriterionShape, wish: Wish, scale: float
) -> Wanted:
    given = wish.difference if wish.difference is not None else criterion.distance
    is_elo = wish.unit == ELO or (criterion.unit == ELO and wish.unit != POINTS)
    difference = elo_to_points(given) if criterion.is_human and is_elo else given / scale
    if not 0 < scale * difference < MOST.get(criterion.measure, float("inf")):
        raise CannotPlan(f"a difference of {given:g} cannot be")
    error = wish.error or (evaluation.shape.error_rate if evaluation else ERROR)
    look = evaluation.shape.humans.look if evaluation else LOOK
    if not 0 < error < wish.power < 1:
        raise CannotPlan("0 < error < power < 1 does not hold")
    return Wanted(difference, wish.power, error, look)


def find_design(evaluation: RegressionEval | None, criterion: CriterionShape, wish: Wish) -> Design:
    shape = evaluation.shape if evaluation else None
    votes = wish.votes or (shape.humans.votes_per_prompt if shape else 1)
    return Design(
        challenger_samples=wish.samples or (shape.samples.challenger if shape else 1),
        # People are shown one of the baseline's.
        baseline_samples=1
        if criterion.is_human
        else wish.baseline_samples or (shape.samples.baseline if shape else SAMPLES),
        votes=votes if criterion.is_human else 0,
    )


def learn(evaluation: RegressionEval | None, criterion: CriterionShape, wanted: Wanted) -> Known:
    if criterion.is_human:
        return learn_votes(evaluation, threshold=-wanted.difference)
    return learn_measure(evaluation, criterion, difference=wanted.difference)


def find_costs(
    evaluation: RegressionEval | None, wish: Wish, design: Design, *, image: float, vote: float
) -> Costs:
    """Of a new prompt, for which the baseline's pictures are made, too.

    People are shown one of these, and all of them are made.
    """
    baseline = price_image(evaluation.baseline, wish).usd if evaluation else image
    made = wish.baseline_samples or (evaluation.shape.samples.baseline if evaluation else SAMPLES)
    return Costs(image, baseline * made / design.baseline_samples, vote)


def price_image(competitor: Competitor | None, wish: Wish) -> Price:
    """Of a candidate: as told, as it was, by the list, or the default."""
    if wish.price_image is not None:
        return Price(wish.price_image, "as given")
    if competitor:
        spent = Candidate.objects.filter(competitor=competitor, cost_usd__isnull=False)
        mean = spent.aggregate(mean=Avg("cost_usd"))["mean"]
        if mean is not None:
            return Price(float(mean), f"what pictures by {competitor} have cost")
        listed = read_price(competitor.price)
        if listed and listed.image is not None:
            return Price(float(listed.image), f"the list price of {competitor}")
    return Price(PRICE_IMAGE, "assumed")


def find_competitor(evaluation: RegressionEval | None) -> Competitor | None:
    try:
        return find_challenger(evaluation) if evaluation else None
    except RunRefused:
        return None


def price_vote(wish: Wish) -> Price:
    given = wish.price_vote
    return Price(PRICE_VOTE, "assumed") if given is None else Price(given, "as given")


def count_prompts(evaluation: RegressionEval | None, criterion: CriterionShape) -> int:
    """The eval's prompts that the criterion can measure."""
    if evaluation is None:
        return 0
    prompts = list_prompts(evaluation.suite_version, evaluation.tags)
    about = [each for each in prompts if criterion.category in ("", each.category)]
    if not criterion.check_name:
        return len(about)
    check = make_check(criterion.check_name)
    return sum(check.applies(describe_prompt(each)) for each in about)


def look_at(
    prompts: int, made: RegressionPlan, wanted: Wanted, known: Known, *, most: float
) -> AtPrompts:
    """The power for the wanted difference, and what is noticed with the wanted power.

    Differences of `most` and beyond cannot be.
    """
    step = wanted.difference / made.spread
    time = prompts * find_pace(made.spread, wanted, known.shape)
    decided = np.append(0.0, follow(wanted.error, step=step).decided(1.0))
    drift = find_drift_for(wanted.error, wanted.power, time=time, step=step)
    noticed = drift * wanted.difference
    return AtPrompts(
        prompts,
        power=float(np.interp(time, np.append(0.0, TIMES), decided)),
        detectable=noticed if noticed < most else None,
        usd=prompts * made.usd / made.most,
    )


def find_unit(criterion: CriterionShape) -> str:
    """What numbers of the criterion are in: Elo is turned into points of win rate."""
    return POINTS if criterion.is_human else UNITS.get(criterion.measure, "")


def advise(made: RegressionPlan, scale: float, unit: str) -> str:
    """Where one USD more makes the detectable difference smallest."""
    gains = {
        "prompts": made.next_dollar.prompts,
        "samples of the challenger": made.next_dollar.samples,
        "votes per prompt": made.next_dollar.votes or 0.0,
    }
    free = [name for name, gain in gains.items() if np.isinf(gain)]
    if free:
        return f"More {' and '.join(free)} cost nothing."
    best = max(gains, key=lambda name: gains[name])
    amount = f"{scale * gains[best]:.2g} {unit}".rstrip()
    return f"The next dollar helps most as {best}: {amount} less can be noticed.{rank(gains, best)}"


def rank(gains: Mapping[str, float], best: str) -> str:
    others = [
        f"{name} {100 * gain / gains[best]:.0f} %"
        for name, gain in gains.items()
        if name != best and gain > 0
    ]
    return f" Of that, it would buy as {' and as '.join(others)}." if others else ""
