"""A snapshot as people read it: ratings, outcomes of generation, and checks side by side."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from arenas.candidates.models import Candidate
from arenas.candidates.plan import select_candidates
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from metrics.leaderboards.models import Leaderboard, Rating, Snapshot
from metrics.results.summarise import CheckCell, CheckColumn, summarise_checks

Status = Candidate.Status
REFUSED, FAILED = Candidate.REFUSALS, Candidate.FAILURES
ENDED = (Status.DONE, *REFUSED, *FAILED)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How a competitor's candidates ended; shares are of all that ended, None without any."""

    ended: int
    refused: int
    failed: int

    @property
    def refusal_rate(self) -> float | None:
        return self.refused / self.ended if self.ended else None

    @property
    def failure_rate(self) -> float | None:
        return self.failed / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Row:
    """A competitor on the board. `withdrawn` ones have left the arena and keep their votes."""

    competitor: Competitor
    rating: Rating
    outcomes: Outcomes
    checks: tuple[CheckCell | None, ...]
    withdrawn: bool

    @property
    def both_bad_rate(self) -> float | None:
        return self.rating.both_bad / self.rating.votes if self.rating.votes else None


@dataclass(frozen=True, slots=True)
class Board:
    """A snapshot's rows by connected set, best first, and the checks that stand beside them."""

    snapshot: Snapshot
    components: tuple[tuple[Row, ...], ...]
    checks: tuple[CheckColumn, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for component in self.components for row in component)


def find_shown(boards: QuerySet[Leaderboard]) -> Snapshot | None:
    """What is shown of the first of these boards that has a snapshot: its newest complete one.

    So a board of very many votes moves when its intervals are clustered in full, and never
    between narrower and wider ones. Only the first time an incomplete one is shown.
    """
    for board in boards:
        snapshots = board.snapshots.select_related(
            "leaderboard__arena__suite_version", "leaderboard__question"
        )
        complete = snapshots.exclude(settings__contains={"complete": False})
        if shown := complete.first() or snapshots.first():
            return shown
    return None


def read_board(snapshot: Snapshot) -> Board:
    """The snapshot's board. Competitors without any vote stand at the end of their set."""
    leaderboard = snapshot.leaderboard
    checks = tuple(summarise_checks(leaderboard.arena, leaderboard.category))
    outcomes = count_outcomes(leaderboard.arena, leaderboard.category)
    entries = leaderboard.arena.entries.exclude(withdrawn_at=None)
    withdrawn = set(entries.values_list("competitor_id", flat=True))
    components: dict[int, list[Row]] = {}
    for rating in snapshot.ratings.select_related("competitor"):
        pk = rating.competitor_id
        row = Row(
            competitor=rating.competitor,
            rating=rating,
            outcomes=outcomes.get(pk, Outcomes(0, 0, 0)),
            checks=tuple(check.cells.get(pk) for check in checks),
            withdrawn=pk in withdrawn,
        )
        # Those whom nobody voted on are no boards of their own.
        place = rating.component if rating.votes else -1
        components.setdefault(place, []).append(row)
    unvoted = components.pop(-1, [])
    ordered = [components[number] for number in sorted(components)] or [[]]
    ordered[0] += unvoted
    return Board(snapshot, tuple(tuple(rows) for rows in ordered if rows), checks)


def count_outcomes(arena: Arena, category: str) -> dict[int, Outcomes]:
    rows = select_candidates(arena).filter(status__in=ENDED)
    if category:
        rows = rows.filter(prompt__category=category)
    counts: dict[int, Counter[str]] = {}
    grouped = rows.order_by().values_list("competitor_id", "status").annotate(Count("pk"))
    for competitor, status, number in grouped:
        counts.setdefault(competitor, Counter())[status] = number
    return {
        competitor: Outcomes(
            ended=count.total(),
            refused=sum(count[status] for status in REFUSED),
            failed=sum(count[status] for status in FAILED),
        )
        for competitor, count in counts.items()
    }
