"""How far candidates are, what they cost, and what went wrong, for people who wait for them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Aggregate, Count, F, FloatField, Func, Min, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Left, NullIf

from arenas.candidates.models import Attempt, Candidate, GenerationRun
from arenas.candidates.plan import select_candidates
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena

Status = Candidate.Status
LATELY = timedelta(seconds=60)
# What differs from call to call: words with a digit in them. Three digits alone say what happened.
PARTICULARS = r"\m(?!\d{3}\M)[\w-]*\d[\w.:/-]*"
COMPARED = 400  # characters of a reason


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a set of candidates is, and what it cost, `estimated_usd` of it by estimate."""

    counts: Counter[str]
    cost_usd: Decimal = Decimal(0)
    estimated_usd: Decimal = Decimal(0)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def open(self) -> int:
        return sum(self.counts[status] for status in Candidate.OPEN)

    @property
    def ended(self) -> int:
        return self.total - self.open

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 0

    @property
    def segments(self) -> list[tuple[str, int, float, float]]:
        """The bar's pieces: a name, how many, and where from and how wide in percent."""
        found, left = [], 0.0
        for name in ("done", "received", "running", "planned", "refused", "failed"):
            count: int = getattr(self, name)
            width = 100 * count / max(self.total, 1)
            found.append((name, count, left, width))
            left += width
        return found

    @property
    def planned(self) -> int:
        return self.counts[Status.PLANNED]

    @property
    def running(self) -> int:
        return self.counts[Status.RUNNING]

    @property
    def received(self) -> int:
        return self.counts[Status.RECEIVED]

    @property
    def done(self) -> int:
        return self.counts[Status.DONE]

    @property
    def refused(self) -> int:
        return sum(self.counts[status] for status in Candidate.REFUSALS)

    @property
    def failed(self) -> int:
        return sum(self.counts[status] for status in Candidate.FAILURES)

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(
            self.counts + other.counts,
            self.cost_usd + other.cost_usd,
            self.estimated_usd + other.estimated_usd,
        )


NOTHING = Progress(Counter())
Row = TypeVar("Row", Competitor, GenerationRun)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Ends of one kind: how many, whose, and the first of them as an example.

    `passing` ones were followed by another try.
    """

    kind: str
    count: int
    competitors: Sequence[str]
    example: Candidate
    reason: str
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that an answer takes (the median), and calls begun in the last minute."""

    seconds: float | None
    calls: int


class Median(Aggregate):
    """PostgreSQL's continuous median, which passes over nulls."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


def measure_progress(arena: Arena) -> tuple[Progress, list[tuple[Competitor, Progress]]]:
    """The arena's progress as a whole and by competitor."""
    rows = select_candidates(arena)
    attempts = Attempt.objects.filter(candidate__in=rows.order_by().values("pk"))
    found = measure(arena.competitors(), "competitor", rows, attempts)
    return total(found), found


def measure_run(run: GenerationRun) -> tuple[Progress, list[tuple[Competitor, Progress]]]:
    """The same of a run: the candidates that are its own now, and all that it paid for."""
    paid, owned = run.attempts.values("candidate__competitor"), run.candidates.values("competitor")
    concerned = Competitor.objects.filter(Q(pk__in=owned.order_by()) | Q(pk__in=paid.order_by()))
    found = measure(concerned, "competitor", run.candidates.all(), run.attempts.all())
    return total(found), found


def measure_runs(runs: Sequence[GenerationRun]) -> list[tuple[GenerationRun, Progress]]:
    """Each of these runs with how far it is."""
    candidates, attempts = (
        Candidate.objects.filter(run__in=runs),
        Attempt.objects.filter(run__in=runs),
    )
    return measure(runs, "run", candidates, attempts)


def measure(
    rows: Iterable[Row], by: str, candidates: QuerySet[Candidate], attempts: QuerySet[Attempt]
) -> list[tuple[Row, Progress]]:
    counts: dict[int, Counter[str]] = {}
    for key, status, n in candidates.order_by().values_list(by, "status").annotate(n=Count("pk")):
        counts.setdefault(key, Counter())[status] = n
    costs = sum_costs(attempts, "run" if by == "run" else f"candidate__{by}")
    return [(row, Progress(counts.get(row.pk, Counter()), *costs.get(row.pk, ()))) for row in rows]


def total(found: Iterable[tuple[Row, Progress]]) -> Progress:
    return sum((progress for _, progress in found), NOTHING)


def sum_costs(attempts: QuerySet[Attempt], by: str) -> dict[int, tuple[Decimal, Decimal]]:
    """USD of all attempts, and how much of it nobody has confirmed."""
    usd = Coalesce("cost_usd", "estimate_usd")
    unknown = Q(cost_usd=None) | Q(candidate__cost_estimated=True)
    guessed = Coalesce(Sum(usd, filter=unknown), Decimal(0))
    rows = attempts.order_by().values_list(by).annotate(usd=Sum(usd), guessed=guessed)
    return {key: (cost, estimated) for key, cost, estimated in rows}


def select_moving(candidates: QuerySet[Candidate]) -> QuerySet[Candidate]:
    """Those with which anything may still happen by itself: an ended run's planned ones stay."""
    ended = GenerationRun.objects.exclude(state=GenerationRun.State.ACTIVE)
    moving = candidates.filter(status__in=Candidate.OPEN)
    return moving.exclude(status=Status.PLANNED, run__in=ended)


def is_moving(run: GenerationRun, progress: Progress) -> bool:
    if run.state == GenerationRun.State.ACTIVE:
        return progress.open > 0
    return progress.running + progress.received > 0


def describe_state(run: GenerationRun, progress: Progress) -> str:
    if run.state == GenerationRun.State.ACTIVE and not progress.open:
        return "finished"  # which nobody has noted yet
    return "budget spent" if run.state == GenerationRun.State.SPENT else str(run.state)


def measure_pace(run: GenerationRun, *, now: datetime) -> Pace:
    answered = run.candidates.exclude(seconds=None).exclude(status__in=Candidate.OPEN[:2])
    return Pace(
        seconds=answered.aggregate(median=Median("seconds"))["median"],
        calls=run.attempts.filter(started_at__gt=now - LATELY).count(),
    )


def group_errors(candidates: QuerySet[Candidate]) -> list[Trouble]:
    """How these candidates came to nothing, alike ones together; then what passed by itself."""
    ended = candidates.filter(status__in=(*Candidate.FAILURES, *Candidate.REFUSALS))
    grouped = group(ended, "status", "competitor__name")
    rows = ended.select_related("prompt", "competitor").in_bulk([row["first"] for row in grouped])
    troubles = [
        Trouble(
            kind=Status(row["status"]).label.lower(),
            count=row["n"],
            competitors=row["names"],
            example=rows[row["first"]],
            reason=rows[row["first"]].reason,
        )
        for row in grouped
    ]
    return troubles + group_passing(candidates)


def group_passing(candidates: QuerySet[Candidate]) -> list[Trouble]:
    """Tries without an answer to keep, of candidates that are still open or came to be done."""
    going = candidates.filter(status__in=(*Candidate.OPEN, Status.DONE))
    tries = Attempt.objects.filter(candidate__in=going.order_by().values("pk"))
    lost = tries.filter(ended_at__isnull=False).exclude(outcome=Status.DONE).exclude(outcome="")
    named = lost.annotate(how=Coalesce(NullIf("cause", Value("")), "outcome"))
    grouped = group(named, "how", "candidate__competitor__name")
    related = lost.select_related("candidate__prompt", "candidate__competitor")
    rows = related.in_bulk([row["first"] for row in grouped])
    return [
        Trouble(
            kind=row["how"].replace("_", " "),
            count=row["n"],
            competitors=row["names"],
            example=rows[row["first"]].candidate,
            reason=rows[row["first"]].reason,
            passing=True,
        )
        for row in grouped
    ]


def group(
    rows: QuerySet[Candidate] | QuerySet[Attempt], how: str, name: str
) -> list[dict[str, Any]]:
    """Rows that ended alike: the same `how`, and the same reason but for its particulars."""
    alike = Func(
        Left("reason", COMPARED),
        Value(PARTICULARS),
        Value("…"),
        Value("g"),
        function="regexp_replace",
    )
    grouped = rows.order_by().values(how, alike=alike)
    return list(
        grouped.annotate(
            n=Count("pk"), first=Min("pk"), names=ArrayAgg(F(name), distinct=True)
        ).order_by("-n", "alike")
    )
