"""Two competitors side by side: what changed, capability by capability."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_entered
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena, Question
from metrics.leaderboards.board import ENDED, find_shown
from metrics.leaderboards.costs import NO_COST, Cost, measure_costs
from metrics.leaderboards.models import Analysis, Leaderboard, Snapshot

Z = 1.96


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
class PairShare:
    """The share that the first won of `votes`, undecided ones as half; None without votes."""

    share: float | None
    lower: float | None
    upper: float | None
    votes: int


@dataclass(frozen=True, slots=True)
class Meetings:
    """The pair's own votes, as the board's snapshot froze them."""

    won: int
    lost: int
    undecided: int
    share: PairShare


NEVER = Meetings(0, 0, 0, PairShare(None, None, None, 0))


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
    def as_losses(self) -> PairShare | None:
        """The share won over all prompts, with no picture against a picture as a loss."""
        return count_losses(self.meetings.share, self.answered)


def count_losses(share: PairShare, answered: Answered) -> PairShare | None:
    """`share` on the prompts that both answered; 1, 0 or a half where one or none did.

    The prompts are a sample, so how many were answered is uncertain too: the variance of a
    prompt's value, s, 1, 0 or 1/2, over the prompts adds to that of the share s.
    """
    n = answered.prompts
    if not n or share.share is None or share.lower is None or share.upper is None:
        return None
    parts = (
        (answered.both, share.share), (answered.only_first, 1.0),
        (answered.only_second, 0.0), (answered.neither, 0.5),
    )  # fmt: skip
    mean = sum(count * value for count, value in parts) / n
    between = sum(count * (value - mean) ** 2 for count, value in parts) / n / max(n - 1, 1)
    spread = Z**2 * between
    below, above = (
        sqrt((answered.both / n * (share.share - bound)) ** 2 + spread)
        for bound in (share.lower, share.upper)
    )
    return PairShare(mean, max(mean - below, 0.0), min(mean + above, 1.0), share.votes)


def compare(
    question: Question,
    rater_kinds: Sequence[str],
    pair: tuple[Competitor, Competitor],
    categories: Sequence[str],
) -> list[Line]:
    """All prompts first, then each category."""
    arena = question.arena
    snapshots = find_boards(question, rater_kinds, categories)
    gaps = read_gaps(snapshots, pair)
    answered = count_answered(arena, pair)
    costs = measure_costs(arena)
    first, second = (competitor.pk for competitor in pair)
    return [
        Line(
            category,
            gaps.get(category),
            read_meetings(snapshots.get(category), pair),
            answered.get(category, Answered(0, 0, 0, 0)),
            (costs.get((first, category), NO_COST), costs.get((second, category), NO_COST)),
        )
        for category in ["", *categories]
    ]


def find_boards(
    question: Question, rater_kinds: Sequence[str], categories: Sequence[str]
) -> dict[str, Snapshot]:
    """The shown snapshot of each category's board, where there is one with votes."""
    boards = Leaderboard.objects.filter(
        question=question, rater_kinds=sorted(rater_kinds), method="bradley_terry", params={}
    )
    shown = (find_shown(boards.filter(category=category)) for category in ["", *categories])
    return {each.leaderboard.category: each for each in shown if each and each.votes}


def read_gaps(
    snapshots: Mapping[str, Snapshot], pair: tuple[Competitor, Competitor]
) -> dict[str, Gap]:
    """By category; without those that votes do not connect."""
    stored = Analysis.objects.filter(name="gaps", snapshot__in=snapshots.values())
    rows = stored.values_list("snapshot__leaderboard__category", "data")
    found = {category: find_gap(data, pair) for category, data in rows}
    return {category: gap for category, gap in found.items() if gap}


def find_gap(data: Mapping[str, Any], pair: tuple[Competitor, Competitor]) -> Gap | None:
    places = find_places(data, pair)
    if places is None:
        return None
    i, j = places
    points, lower, upper = (data[name][i][j] for name in ("points", "band_lower", "band_upper"))
    return None if lower is None else Gap(points, lower, upper)


def find_places(
    data: Mapping[str, Any], pair: tuple[Competitor, Competitor]
) -> tuple[int, int] | None:
    index = {pk: i for i, pk in enumerate(data.get("competitors", []))}
    first, second = (index.get(competitor.pk) for competitor in pair)
    return None if first is None or second is None else (first, second)


def read_meetings(snapshot: Snapshot | None, pair: tuple[Competitor, Competitor]) -> Meetings:
    """From a snapshot, and not from today's counts: those would say what a single vote was."""
    data = snapshot.win_rates if snapshot else {}
    places = find_places(data, pair)
    if places is None or "won" not in data:
        return NEVER
    i, j = places
    share = PairShare(*(data[name][i][j] for name in ("rate", "lower", "upper", "votes")))
    return Meetings(
        round(data["won"][i][j]),
        round(data["won"][j][i]),
        round(data["undecided"][i][j]),
        replace(share, votes=round(share.votes)),
    )


def count_answered(arena: Arena, pair: tuple[Competitor, Competitor]) -> dict[str, Answered]:
    """By category, of the prompts on which both have ended; "" stands for all."""
    first, second = (competitor.pk for competitor in pair)
    entered = select_entered(arena).filter(competitor__in=pair, status__in=ENDED)
    rows = entered.values_list("prompt_id", "prompt__category", "competitor_id", "status")
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
