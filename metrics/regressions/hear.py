"""What people said on the battles that were planned for a run, and which votes are wanting."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from arenas.battles.models import Ballot, PlannedBattle
from arenas.raters.models import RaterKind
from arenas.votes.flag import Marks, read_marks
from arenas.votes.models import STANDING, Vote
from metrics.regressions.doubt import count_points
from metrics.regressions.inclusion import Inclusion, read_inclusion
from metrics.regressions.models import Run
from metrics.regressions.prepare import QUESTION


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said so far: the challenger's points by prompt, in the order of writing.

    Only votes that stand, are under no flag, and are by people count. `answered` has how many
    there are at all, by prompt. Prompts that are `out` have a flagged candidate or battle:
    nothing can be said there any more.
    """

    points: Mapping[int, Sequence[float]]
    answered: Mapping[int, int]
    out: frozenset[int]

    def lacks(self, plan: PlannedBattle, each: int) -> int:
        """How many of so many votes are wanting where all that were asked for are cast."""
        prompt = plan.battle.prompt_id
        if prompt in self.out or self.answered.get(prompt, 0) < plan.wanted:
            return 0
        return max(0, each - len(self.points.get(prompt, ())))


def hear(run: Run, inclusion: Inclusion) -> Heard:
    asked = {each.prompt: each for each in inclusion.planned if each.drawn}
    marks, kinds = read_marks(), list_kinds(run)
    points: dict[int, dict[int | None, float]] = {}
    answered: Counter[int] = Counter()
    for vote in select_answers(run).order_by("pk"):
        each = asked[vote.prompt_id or 0]
        answered[each.prompt] += 1
        if vote.rater_kind in kinds and not marks.on(vote):
            said = points.setdefault(each.prompt, {})
            said.setdefault(vote.rater_id, count_points(vote, {each.challenger}))
    return Heard(
        {prompt: list(said.values()) for prompt, said in points.items()},
        answered,
        find_out(inclusion, list_battles(run), marks),
    )


def list_battles(run: Run) -> dict[int, int]:
    """The planned ones by their prompts."""
    plans = PlannedBattle.objects.filter(arena=run.arena_id)
    return dict(plans.values_list("battle__prompt", "battle"))


def list_kinds(run: Run) -> frozenset[str]:
    """Whose votes count: people's, and simulated raters' where the run's file says so."""
    simulated = [RaterKind.SIMULATED] if run.shape.humans.simulated else []
    return frozenset([RaterKind.PERSON, *simulated])


def select_answers(run: Run) -> QuerySet[Vote]:
    """All that stands on the planned battles; repeats are no answers."""
    plans = PlannedBattle.objects.filter(arena=run.arena_id)
    votes = Vote.objects.filter(
        STANDING,
        arena=run.arena_id,
        question__key=QUESTION,
        ballot__kind=Ballot.Kind.NORMAL,
        ballot__battle__in=plans.values("battle"),
    )
    return votes.exclude(winner="").select_related("ballot")


def find_out(inclusion: Inclusion, battles: Mapping[int, int], marks: Marks) -> frozenset[int]:
    """Also of prompts that were not drawn: who is left out must not depend on the draw."""
    return frozenset(
        each.prompt
        for each in inclusion.planned
        if ("battle", battles.get(each.prompt)) in marks.rules
        or ("candidate", each.baseline) in marks.rules
        or ("candidate", each.challenger) in marks.rules
    )


def count_votes(run: Run) -> int:
    """The answers to what was planned, whether or not they count: each has cost one."""
    return select_answers(run).count()


@transaction.atomic
def replace_lost(run: Run) -> int:
    """Ask for other votes in the place of those that do not count, as far as there are any left.

    Returns how many more are asked for.
    """
    inclusion = read_inclusion(run)
    heard = hear(run, inclusion)
    plans = list_plans(run)
    left = inclusion.votes - sum(plan.wanted for plan in plans)
    changed = []
    for plan in plans:
        more = min(heard.lacks(plan, inclusion.each), left)
        if more > 0:
            plan.wanted += more
            left -= more
            changed.append(plan)
    PlannedBattle.objects.bulk_update(changed, ["wanted"])
    return len(changed)


def list_plans(run: Run) -> list[PlannedBattle]:
    plans = PlannedBattle.objects.filter(arena=run.arena_id).select_related("battle")
    return list(plans.order_by("position"))


def is_spent(run: Run) -> bool:
    """Whether all votes that were asked for are cast, and none can be asked for in their place."""
    heard = hear(run, read_inclusion(run))
    return all(
        plan.battle.prompt_id in heard.out
        or heard.answered.get(plan.battle.prompt_id, 0) >= plan.wanted
        for plan in list_plans(run)
    )


def is_time_to_look(run: Run) -> bool:
    """Whether enough answers came since the report was written last, or the last ones are in."""
    used: int = run.report.get("votes", {}).get("used", 0)
    return count_votes(run) >= used + run.shape.humans.look or is_spent(run)
