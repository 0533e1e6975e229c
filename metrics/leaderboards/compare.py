"""Two competitors side by side: what changed, capability by capability."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Q, Sum

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Outcome, Question
from arenas.votes.models import VoteCount
from metrics.leaderboards.board import ENDED, find_shown
from metrics.leaderboards.costs import NO_COST, Cost, measure_costs
from metrics.leaderboards.models import Analysis, Leaderboard
from metrics.stats.shares import Share, estimate_share

# From the first competitor's side, whoever of the two was shown first.
WON = {Outcome.MODEL_A: 1.0, Outcome.MODEL_B: 0.0}


@dataclass(frozen=True, slots=True)
class Gap:
    """How many points the first is rated above the second; the bounds hold at any moment."""

    points: float
    lower: float
    upper: float

    @property
    def verdict(self) -> str:
        if self.lower > 0:
            return "better"
        return "worse" if self.upper < 0 else "not told apart"


@dataclass(frozen=True, slots=True)
class Meetings:
    """The pair's own votes: the share that the first won, undecided ones as half."""

    won: int
    lost: int
    undecided: int
    share: Share


@dataclass(frozen=True, slots=True)
class Answered:
    """On how many prompts both made a picture, only one did, or neither."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def prompts(self) -> int:
        return self.both + self.only_first + self.only_second + self.neither


@dataclass(frozen=True, slots=True)
class Line:
    """One capability, or all prompts for the category ""."""

    category: str
    gap: Gap | None
    meetings: Meetings
    answered: Answered
    costs: tuple[Cost, Cost]

    @property
    def as_losses(self) -> Share | None:
        """The share won over all prompts, with no picture against a picture as a loss."""
        return count_losses(self.meetings.share, self.answered)


def count_losses(share: Share, answered: Answered) -> Share | None:
    """`share` on the prompts that both answered; 1, 0 or a half where one or none did."""
    if not answered.prompts or share.share is None:
        return None
    part = answered.both / answered.prompts
    rest = (answered.only_first + answered.neither / 2) / answered.prompts
    bounds = [None if x is None else part * x + rest for x in (share.lower, share.upper)]
    return Share(
        part * share.share + rest, bounds[0], bounds[1], share.votes, share.clusters, share.level
    )


def compare(
    question: Question,
    rater_kinds: Sequence[str],
    pair: tuple[Competitor, Competitor],
    categories: Sequence[str],
) -> list[Line]:
    """All prompts first, then each category."""
    arena = question.arena
    gaps = read_gaps(question, rater_kinds, pair)
    meetings = read_meetings(question, rater_kinds, pair)
    answered = count_answered(arena, pair)
    costs = measure_costs(arena)
    first, second = (competitor.pk for competitor in pair)
    return [
        Line(
            category,
            gaps.get(category),
            summarise(meetings, category),
            answered.get(category, Answered(0, 0, 0, 0)),
            (costs.get((first, category), NO_COST), costs.get((second, category), NO_COST)),
        )
        for category in ["", *categories]
    ]


def read_gaps(
    question: Question, rater_kinds: Sequence[str], pair: tuple[Competitor, Competitor]
) -> dict[str, Gap]:
    """By category, from each board's shown snapshot; without those that votes do not connect."""
    boards = Leaderboard.objects.filter(
        question=question, rater_kinds=sorted(rater_kinds), method="bradley_terry", params={}
    )
    shown = [find_shown(boards.filter(pk=board.pk)) for board in boards]
    stored = Analysis.objects.filter(name="gaps", snapshot__in=[each for each in shown if each])
    rows = stored.values_list("snapshot__leaderboard__category", "data")
    found = {category: find_gap(data, pair) for category, data in rows}
    return {category: gap for category, gap in found.items() if gap}


def find_gap(data: dict[str, list[object]], pair: tuple[Competitor, Competitor]) -> Gap | None:
    index = {pk: i for i, pk in enumerate(data["competitors"])}
    places = [index.get(competitor.pk) for competitor in pair]
    if None in places:
        return None
    i, j = places
    points, lower, upper = (data[name][i][j] for name in ("points", "band_lower", "band_upper"))  # type: ignore[index]
    return None if lower is None else Gap(points, lower, upper)


@dataclass(frozen=True, slots=True)
class _Cell:
    prompt: int
    category: str
    value: float
    count: int


def read_meetings(
    question: Question, rater_kinds: Sequence[str], pair: tuple[Competitor, Competitor]
) -> list[_Cell]:
    """The pair's unflagged votes by prompt and outcome, from the maintained counts."""
    first, second = pair
    counts = VoteCount.objects.filter(
        Q(competitor_a=first, competitor_b=second) | Q(competitor_a=second, competitor_b=first),
        arena=question.arena,
        question=question,
        rater_kind__in=rater_kinds,
        flagged=False,
    )
    if question.arena.suite_version_id:
        asked = question.arena.prompts().order_by().values("pk")
        counts = counts.filter(Q(prompt=None) | Q(prompt__in=asked))
    rows = counts.values_list("competitor_a_id", "winner", "prompt_id", "prompt__category")
    return [
        _Cell(
            -1 if prompt is None else prompt,
            category or "",
            WON.get(winner, 0.5) if a == first.pk else 1 - WON.get(winner, 0.5),
            count,
        )
        for a, winner, prompt, category, count in rows.annotate(n=Sum("count")).filter(n__gt=0)
    ]


def summarise(cells: Sequence[_Cell], category: str) -> Meetings:
    chosen = [cell for cell in cells if category in ("", cell.category)]
    by_value = Counter[float]()
    for cell in chosen:
        by_value[cell.value] += cell.count
    share = estimate_share(
        np.array([cell.value for cell in chosen], dtype=np.float64),
        np.array([cell.count for cell in chosen], dtype=np.float64),
        np.array([cell.prompt for cell in chosen], dtype=np.int64),
    )
    return Meetings(by_value[1.0], by_value[0.0], by_value[0.5], share)


def count_answered(arena: Arena, pair: tuple[Competitor, Competitor]) -> dict[str, Answered]:
    """By category, of the prompts on which both have ended; "" stands for all."""
    first, second = (competitor.pk for competitor in pair)
    rows = Candidate.objects.filter(
        prompt__in=arena.prompts().order_by().values("pk"),
        competitor__in=pair,
        status__in=ENDED,
    ).values_list("prompt_id", "prompt__category", "competitor_id", "status")
    done: dict[tuple[int, str], dict[int, bool]] = {}
    for prompt, category, competitor, status in rows:
        made = done.setdefault((prompt, category), {})
        made[competitor] = made.get(competitor, False) or status == Candidate.Status.DONE
    kinds: dict[str, Counter[tuple[bool, bool]]] = {}
    for (_, category), made in done.items():
        if len(made) == 2:
            for name in {"", category}:
                kinds.setdefault(name, Counter())[made[first], made[second]] += 1
    return {
        name: Answered(n[True, True], n[True, False], n[False, True], n[False, False])
        for name, n in kinds.items()
    }
