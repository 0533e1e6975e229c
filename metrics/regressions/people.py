"""People decide where machines cannot: planned battles in the run's arena, and what they said."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from datetime import datetime

import numpy as np
from django.db import transaction

from arenas.battles.close import open_arena
from arenas.battles.models import Battle, PlannedBattle
from arenas.candidates.showable import showable_candidates
from arenas.definitions.models import Arena
from metrics.regressions.doubt import look_ahead
from metrics.regressions.gather import Pictured, gather
from metrics.regressions.hear import (
    Heard,
    count_votes,
    hear,
    is_spent,
    is_time_to_look,
    replace_lost,
)
from metrics.regressions.inclusion import (
    Asked,
    Inclusion,
    Offer,
    draw_inclusion,
    read_inclusion,
)
from metrics.regressions.measure import (
    HUMAN_SPREAD,
    PERCENT,
    Measured,
    aim_at_people,
    list_criteria,
    make_measured,
)
from metrics.regressions.models import Run
from metrics.regressions.shape import CriterionShape
from metrics.stats.asking import bounds_of, weigh_back
from metrics.stats.betting import Aim, Bounds
from metrics.stats.comparisons import FloatArray

__all__ = [
    "collect_people", "count_votes", "is_spent", "is_time_to_look", "plan_people", "replace_lost",
]  # fmt: skip
# How much of the spread of votes on different prompts is that of the prompts.
ALIKE = 0.25


@transaction.atomic
def plan_people(run: Run, *, now: datetime) -> None:
    """Draw the prompts that people are asked about, plan their battles, and open the arena.

    What was drawn stays so: planning again changes nothing.
    """
    if run.people:
        return
    arena, gathered = find_arena(run), gather(run)
    prompts = select_concerned(run, gathered.prompts)
    inclusion = draw_inclusion(
        f"{run.eval.name}/{run.number}/people",
        Offer.of(run),
        prompts,
        look_ahead(run, prompts, gathered),
        frozenset(showable_candidates(arena).values_list("pk", flat=True)),
        now=now,
    )
    run.people = inclusion.to_json()
    run.save(update_fields=["people"])
    plan_battles(arena, inclusion)
    if any(asked.drawn for asked in inclusion.planned):
        open_arena(arena)  # without a plan any battle would be drawn there


def find_arena(run: Run) -> Arena:
    if run.arena is None:
        raise ValueError(f"{run} has no arena")
    return run.arena


def select_concerned(run: Run, prompts: Sequence[Pictured]) -> list[Pictured]:
    """The prompts of the criteria that people decide."""
    about = {each.category for each in list_criteria(run) if each.name in run.asked}
    return [each for each in prompts if "" in about or each.category in about]


def plan_battles(arena: Arena, inclusion: Inclusion) -> None:
    """A battle for each prompt that was drawn, at its place in the run's order."""
    drawn = [(n, asked) for n, asked in enumerate(inclusion.planned) if asked.drawn]
    wanted = [
        Battle(arena=arena, prompt_id=asked.prompt, first_id=first, second_id=second)
        for _, asked in drawn
        for first, second in [sorted((asked.baseline, asked.challenger))]
    ]
    Battle.objects.bulk_create(wanted, ignore_conflicts=True)
    battles = find_battles(arena)
    PlannedBattle.objects.bulk_create(
        PlannedBattle(
            arena=arena,
            position=n,
            battle_id=battles[frozenset((asked.baseline, asked.challenger))],
            wanted=inclusion.each,
            probability=asked.inclusion,
        )
        for n, asked in drawn
    )


def find_battles(arena: Arena) -> dict[frozenset[int], int]:
    """The arena's battles of two, by their candidates."""
    rows = Battle.objects.filter(arena=arena, third=None).values_list("pk", "first", "second")
    return {frozenset(members): pk for pk, *members in rows}


def collect_people(run: Run, criterion: CriterionShape) -> Measured:
    """The increments of the criterion's prompts up to the first that still wants votes.

    A prompt that was not drawn wants none. In points of win rate above a half, each weighted
    back by the probability with which its prompt was drawn. A criterion that people were not
    asked about has none: not all of its prompts need to be in the plan.
    """
    if criterion.name not in run.asked or not run.people:
        return make_measured(criterion, [], [], aim_at(criterion, [], 1))
    inclusion = read_inclusion(run)
    heard = hear(run, inclusion)
    pictured = {each.prompt: each for each in gather(run).prompts}
    about = [
        each
        for each in inclusion.planned
        if criterion.category in ("", pictured[each.prompt].category)
    ]
    complete = take_complete(about, heard, inclusion.each)
    return make_measured(
        criterion,
        [show(pictured[each.prompt], each) for each in complete],
        (PERCENT * weigh(complete, heard, inclusion.each)).tolist(),
        aim_at(criterion, about, inclusion.each),
        missing=sum(
            criterion.category in ("", pictured[prompt].category)
            for prompt in (*inclusion.missing, *heard.out)
        ),
    )


def take_complete(about: Iterable[Asked], heard: Heard, each: int) -> list[Asked]:
    """The prompts, in order, before the first one that was drawn and lacks votes."""
    complete = []
    for asked in about:
        if asked.prompt in heard.out:
            continue
        if asked.drawn and len(heard.points.get(asked.prompt, ())) < each:
            break
        complete.append(asked)
    return complete


def weigh(complete: Sequence[Asked], heard: Heard, each: int) -> FloatArray:
    """The increments by the first votes on each prompt."""
    points = [
        np.mean(heard.points[asked.prompt][:each]) if asked.drawn else 0.0 for asked in complete
    ]
    return weigh_back(
        np.array(points, dtype=np.float64),
        np.array([asked.drawn for asked in complete], dtype=bool),
        np.array([asked.inclusion for asked in complete], dtype=np.float64),
        np.array([asked.prediction for asked in complete], dtype=np.float64),
    )


def aim_at(criterion: CriterionShape, about: Sequence[Asked], each: int) -> Aim:
    """What weighing back makes of the bounds and of the spread, as known before any vote."""
    inclusion = np.array([asked.inclusion for asked in about] or [1.0])
    predictions = np.array([asked.prediction for asked in about] or [0.5])
    low, high = astuple(bounds_of(inclusion, predictions))
    aim = aim_at_people(criterion, Bounds(PERCENT * low, PERCENT * high))
    # Votes on one prompt are alike in part: more of them do not make the spread as much smaller.
    alike = ALIKE + (1 - ALIKE) / each
    return replace(aim, spread=HUMAN_SPREAD * float(np.sqrt(alike * np.mean(1 / inclusion))))


def show(pictured: Pictured, asked: Asked) -> Pictured:
    """The prompt with the two pictures that people compared."""
    return replace(pictured, baseline=(asked.baseline,), challenger=(asked.challenger,))
