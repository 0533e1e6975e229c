"""Where the variance of a criterion's increments comes from, by what this site has seen."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from arenas.raters.models import RaterKind
from arenas.votes.models import STANDING, Vote
from metrics.regressions.gather import Gathered, Row, gather
from metrics.regressions.measure import collect
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.shape import CriterionShape
from metrics.results.read import find_check
from metrics.stats.comparisons import FloatArray, IntArray
from metrics.stats.regression_plan import Shape
from metrics.stats.variance_parts import OF_VOTES, Components, Estimate, estimate_components

PERCENT = 100.0
# Fewer votes say less than the default; more of them say nothing new.
LEAST_VOTES, MOST_VOTES = 100, 50_000
# Where no run has measured anything: standard deviations as multiples of the wanted difference.
ASSUMED_PROMPT, ASSUMED_SAMPLE = 3.0, 2.0
# Points of votes of which nothing is known: a fifth are ties, and neither side is better.
EVENLY = np.repeat([-0.5, 0.0, 0.5], (2, 1, 2))
POINTS = {"model_a": 1.0, "model_b": 0.0}
Read = Callable[[Row], float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Components with how they are known, in words; `assumed` are defaults among known ones."""

    components: Components
    assumed: tuple[str, ...]
    source: str
    shape: Shape | None = None


def learn_votes(evaluation: RegressionEval | None, *, threshold: float) -> Known:
    """Of people's points (0 to 1); `threshold` is the share above a half that is to be beaten."""
    rows = read_votes(evaluation)
    loss = 0.5 + threshold
    if len(rows) < LEAST_VOTES:
        source = f"usual figures of votes, since only {len(rows)} are known here"
        return Known(OF_VOTES, (), source, Shape(EVENLY, loss))
    points, prompts, pairs = split(rows)
    found = estimate_components(points, prompts, pairs)
    source = f"{len(rows):,} votes on {len(np.unique(prompts)):,} prompts with two competitors each"
    return Known(found.components, found.assumed, source, Shape(points, loss))


@dataclass(frozen=True, slots=True)
class VoteRow:
    """A vote's points of the competitor with the lower number."""

    prompt: int
    low: int
    high: int
    battle: int
    points: float


def read_votes(evaluation: RegressionEval | None) -> list[VoteRow]:
    """The newest votes by people; simulated ones only where the eval counts them."""
    simulated = evaluation is not None and evaluation.shape.humans.simulated
    kinds = [RaterKind.PERSON, *([RaterKind.SIMULATED] if simulated else [])]
    votes = Vote.objects.filter(STANDING, rater_kind__in=kinds, prompt__isnull=False)
    fields = ("prompt_id", "competitor_a_id", "competitor_b_id", "winner", "ballot__battle_id")
    found = votes.exclude(winner="").order_by("-pk").values_list(*fields)[:MOST_VOTES]
    return [
        VoteRow(prompt, min(a, b), max(a, b), battle or 0, points if a < b else 1 - points)
        for prompt, a, b, winner, battle in found
        if a and b and a != b
        for points in [POINTS.get(winner, 0.5)]
    ]


def split(rows: Sequence[VoteRow]) -> tuple[FloatArray, IntArray, IntArray]:
    """Points around the mean of their two competitors, and the numbers of prompts and pairs."""
    sums: dict[tuple[int, int], list[float]] = defaultdict(list)
    for row in rows:
        sums[row.low, row.high].append(row.points)
    means = {pair: sum(points) / len(points) for pair, points in sums.items()}
    prompts: dict[tuple[int, int, int], int] = {}
    numbers = [prompts.setdefault((r.prompt, r.low, r.high), len(prompts)) for r in rows]
    return (
        np.array([row.points - means[row.low, row.high] for row in rows]),
        np.array(numbers),
        np.array([row.battle for row in rows]),
    )


def learn_measure(
    evaluation: RegressionEval | None, criterion: CriterionShape, *, difference: float
) -> Known:
    """Of a criterion that no people decide, by the newest run that measured it."""
    run = find_run(evaluation)
    if run is not None and evaluation is not None:
        found = estimate(gather(run), criterion)
        if found is not None:
            shape = find_shape(run, criterion)
            few = (
                f", roughly: so few are its {' and '.join(found.assumed)}s" if found.assumed else ""
            )
            return Known(found.components, (), f"{run}{few}", shape)
    prompt, sample = (ASSUMED_PROMPT * difference) ** 2, (ASSUMED_SAMPLE * difference) ** 2
    source = (
        f"no run has measured it: assumed are standard deviations of {ASSUMED_PROMPT:g} times the "
        f"wanted difference between prompts and {ASSUMED_SAMPLE:g} times between samples"
    )
    return Known(Components(prompt, sample), (), source)


def find_run(evaluation: RegressionEval | None) -> Run | None:
    if evaluation is None:
        return None
    related = ("eval", "baseline", "challenger", "arena")
    runs = evaluation.runs.filter(arena__isnull=False).exclude(outcome="")
    return runs.select_related(*related).order_by("-number").first()


def estimate(gathered: Gathered, criterion: CriterionShape) -> Estimate | None:
    """By differences of the challenger's first sample from each of the baseline's, by prompt.

    They share that sample, so that its part of the variance is among the prompts' at first.
    """
    read = find_reader(gathered, criterion)
    rows = list(list_differences(gathered, criterion, read)) if read else []
    if len({prompt for prompt, _, _ in rows}) < 2:
        return None
    prompts, samples, values = zip(*rows, strict=True)
    columns = np.array(values), np.array(prompts), np.array(samples)
    found = estimate_components(*columns, defaults=split_plainly(*columns[:2]), sides=1)
    parts = found.components
    unshared = replace(parts, prompt=max(parts.prompt - parts.sample, 0.0), vote=0.0)
    return Estimate(unshared, tuple(name for name in found.assumed if name != "vote"))


def split_plainly(values: FloatArray, prompts: IntArray) -> Components:
    """What stands in where there are few: the variance within prompts and between their means."""
    groups = [values[prompts == each] for each in np.unique(prompts)]
    within = float(np.mean([group.var(ddof=1) for group in groups if len(group) > 1] or [0.0]))
    means = [group.mean() for group in groups]
    return Components(max(float(np.var(means, ddof=1)) - within, 0.0), within)


def list_differences(
    gathered: Gathered, criterion: CriterionShape, read: Read
) -> Iterator[tuple[int, int, float]]:
    for each in gathered.select(criterion.category):
        mine = [v for row in gathered.challenger[each.prompt] if (v := read(row)) is not None]
        for row in gathered.baseline[each.prompt]:
            value = read(row)
            if mine and value is not None:
                yield each.prompt, row.sample, mine[0] - value


def find_reader(gathered: Gathered, criterion: CriterionShape) -> Read | None:
    """What a candidate is worth by the criterion, more being better; None for a check gone."""
    if not criterion.check_name:
        return READERS[criterion.measure]
    check = find_check(criterion.check_name)
    kinds = [k for k in check.measures if k.name == criterion.check_measure] if check else []
    if check is None or not kinds:
        return None
    better = kinds[0].better
    known = gathered.read_values(criterion.check_name, check.version, kinds[0].name)

    def read(row: Row) -> float | None:
        value = known.get(row.pk)
        return None if value is None else better * value

    return read


def read_relative(number: float | None) -> float | None:
    """In per cent, as far as differences go."""
    return -PERCENT * math.log(number) if number else None


READERS: dict[str, Read] = {
    "refusal_rate": lambda row: None if row.is_open else -PERCENT * row.is_refusal,
    "failure_rate": lambda row: None if row.is_open else -PERCENT * row.is_failure,
    "seconds": lambda row: read_relative(row.seconds) if row.is_done else None,
    "cost_usd": lambda row: read_relative(float(row.cost_usd or 0)) if row.is_done else None,
}


def find_shape(run: Run, criterion: CriterionShape) -> Shape | None:
    """How the run's own increments were spread."""
    found = [each for each in collect(run) if each.name == criterion.name]
    if not found or len(found[0].increments) < 2:
        return None
    aim = found[0].aim
    return Shape(found[0].increments, aim.threshold - aim.bounds.low)
