"""Start, estimate and cancel generation runs; ask again for what failed."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from arenas.candidates.claim import take_turn
from arenas.candidates.cost import Estimate, estimate_all, find_provider
from arenas.candidates.models import Candidate, GenerationRun
from arenas.candidates.plan import find_makers, find_missing, plan_candidates, select_candidates
from arenas.competitors.models import EXTERNAL, Competitor
from arenas.competitors.price import Work, read_price
from arenas.definitions.models import Arena, Entry
from arenas.providers.base import BatchProvider, make_provider

Status = Candidate.Status
ONE_PICTURE = Work(calls=1, images=1, characters=0, pictures_read=0)
STARTS = 0x65767374  # any number that no other part of the site locks by


class RunRefused(ValueError):
    """A run that cannot be started so; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run is to do: within which budget, how, and which ends are to be tried again.

    Refusals are results: they are asked for again only where somebody says so.
    """

    budget_usd: Decimal | None = None
    in_batches: bool = False
    retry_failed: bool = False
    retry_refused: bool = False


def select_open(arena: Arena, wish: Wish, *, today: date) -> QuerySet[Candidate]:
    """The arena's candidates that exist already and that a run would make."""
    statuses: list[str] = [Status.PLANNED]
    if wish.retry_failed:
        statuses += Candidate.FAILURES
    if wish.retry_refused:
        statuses += Candidate.REFUSALS
    makers = find_makers(arena, today=today).order_by().values("pk")
    return select_candidates(arena).filter(status__in=statuses, competitor__in=makers)


def estimate_run(arena: Arena, wish: Wish, *, today: date) -> list[Estimate]:
    """What the run would ask for and cost, by competitor, changing nothing."""
    existing = select_open(arena, wish, today=today).select_related("prompt", "competitor")
    rows = [
        *existing.prefetch_related("prompt__references").order_by("pk"),
        *find_missing(arena, today=today),
    ]
    for row in rows:
        row.for_batch = wish.in_batches and takes_batches(row.competitor, row.prompt.turns)
    return estimate_all(rows)


@transaction.atomic
def start_run(arena: Arena, wish: Wish, *, by: str, now: datetime) -> GenerationRun | None:
    """Have everything made that is missing; None where nothing is. Raises RunRefused.

    What an earlier run left planned belongs to the new one.
    """
    lock_starts()
    check_prices(arena, wish, today=now.date())
    run = GenerationRun.objects.create(
        arena=arena,
        budget_usd=wish.budget_usd,
        in_batches=wish.in_batches,
        started_by=by,
        started_at=now,
    )
    plan_candidates(arena, today=now.date(), run=run)
    taken = select_open(arena, wish, today=now.date()).update(
        run=run,
        planned_at=Case(When(status=Status.PLANNED, then=F("planned_at")), default=Value(now)),
        not_before=Case(When(status=Status.PLANNED, then=F("not_before")), default=None),
        openings=0,
        for_batch=False,
        batch=None,
        finished_at=None,
        status=Status.PLANNED,
    )
    if not taken:
        run.delete()
        return None
    if wish.in_batches:
        mark_for_batches(run)
    return run


def lock_starts() -> None:
    """One run is started at a time: arenas share candidates."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STARTS])


def check_prices(arena: Arena, wish: Wish, *, today: date) -> None:
    """A budget means nothing where a price is not known."""
    if wish.budget_usd is None:
        return
    if wish.budget_usd <= 0:
        raise RunRefused("a budget is more than 0 USD")
    unpriced = [
        competitor.name
        for competitor in find_makers(arena, today=today)
        if not find_provider(competitor.provider).is_free and not read_price(competitor.price)
    ]
    if unpriced:
        raise RunRefused(
            f"no price is known for {', '.join(unpriced)}: give `price:` in the arena's file or "
            "the registry's, or leave the budget out"
        )
    check_least(arena, wish, wish.budget_usd, today=today)


def check_least(arena: Arena, wish: Wish, budget: Decimal, *, today: date) -> None:
    """A budget that pays for nothing would only stop the run."""
    makers = list(find_makers(arena, today=today))
    if any(find_provider(each.provider).is_free for each in makers):
        return
    prices = [
        price.estimate(ONE_PICTURE, in_batch=wish.in_batches)
        for each in makers
        if (price := read_price(each.price))
    ]
    if prices and min(prices) > budget:
        raise RunRefused(
            f"the budget of {budget.normalize():f} USD pays for no picture: the cheapest is about "
            f"{min(prices).normalize():f} USD"
        )


def find_lacks(arena: Arena, *, today: date) -> list[str]:
    """What this process's environment lacks to call the arena's models, each once."""
    lacks = []
    for each in find_makers(arena, today=today):
        with suppress(ValueError):  # a setting that is no good fails its candidates, each by itself
            lacks.append(make_provider(each.provider, each.model, each.params).lacks)
    return [lack for lack in dict.fromkeys(lacks) if lack]


def find_retired(arena: Arena, *, today: date) -> list[Competitor]:
    """Those that take part and are asked for nothing any more."""
    return list(arena.competitors().filter(retired_on__lte=today).exclude(provider=EXTERNAL))


def takes_batches(competitor: Competitor, turns: Sequence[str]) -> bool:
    """A conversation cannot be sent ahead: each of its turns needs the answer before it."""
    return len(turns) == 1 and issubclass(find_provider(competitor.provider), BatchProvider)


def mark_for_batches(run: GenerationRun) -> None:
    rows = run.candidates.filter(status=Status.PLANNED).select_related("prompt", "competitor")
    fit = [row.pk for row in rows if takes_batches(row.competitor, row.prompt.turns)]
    Candidate.objects.filter(pk__in=fit).update(for_batch=True)


@transaction.atomic
def cancel_run(run: GenerationRun, *, now: datetime) -> bool:
    """Begin no more calls for the run; False where it had ended before.

    What is under way is finished and kept: it is paid for.
    """
    lock_starts()
    take_turn()
    finish_runs(now)
    active = GenerationRun.objects.filter(pk=run.pk, state=GenerationRun.State.ACTIVE)
    if not active.update(state=GenerationRun.State.CANCELLED, ended_at=now):
        return False
    drop_cancelled(now)
    return True


def finish_runs(now: datetime) -> int:
    """Note which runs have nothing left to do."""
    left = Candidate.objects.filter(run=OuterRef("pk"), status__in=Candidate.OPEN)
    active = GenerationRun.objects.filter(~Exists(left), state=GenerationRun.State.ACTIVE)
    return active.update(state=GenerationRun.State.FINISHED, ended_at=now)


def fail_retired(now: datetime) -> int:
    """Give up what is planned for models that are gone: they are called no more."""
    rows = Candidate.objects.filter(status=Status.PLANNED, competitor__retired_on__lte=now.date())
    return rows.update(
        status=Status.FAILED,
        reason="not asked: the model is retired",
        finished_at=now,
        not_before=None,
        for_batch=False,
    )


def drop_cancelled(now: datetime) -> int:
    """Take cancelled runs' untried candidates off the list.

    What was tried stays planned, with its attempts, until another run goes on with it: that
    somebody cancelled is no failure of the model's.
    """
    return drop(Q(run__state=GenerationRun.State.CANCELLED, attempts_made=0), "", now=now)


def drop_withdrawn(now: datetime) -> int:
    """The same for competitors that have left the arena whose run asked for them; they are done."""
    taking_part = Entry.objects.filter(
        arena=OuterRef("run__arena"), competitor=OuterRef("competitor"), withdrawn_at=None
    )
    left = Q(run__isnull=False) & ~Q(Exists(taking_part))
    return drop(left, "its competitor has left the arena", now=now)


@transaction.atomic
def drop(which: Q, reason: str, *, now: datetime) -> int:
    lock_starts()
    take_turn()  # nobody claims one of them meanwhile
    dropped = list(Candidate.objects.filter(which, status=Status.PLANNED).values_list("pk", "run"))
    if not dropped:
        return 0
    hand_over({pk for pk, _ in dropped}, {run for _, run in dropped})
    rows = Candidate.objects.filter(which, status=Status.PLANNED)
    # They have no attempts and no parts, so that there is nothing to look for before deleting.
    untried = Candidate.objects.filter(pk__in=rows.filter(attempts_made=0).values("pk"))
    deleted = untried._raw_delete(untried.db)
    failed = rows.filter(attempts_made__gt=0).update(
        status=Status.FAILED,
        reason=Concat(Value(f"{reason}; the last try: "), F("reason")),
        finished_at=now,
        not_before=None,
        for_batch=False,
    )
    return deleted + failed


def hand_over(candidates: set[int], runs: set[int]) -> None:
    """Let runs of other arenas that still want these candidates have them."""
    active = GenerationRun.objects.filter(state=GenerationRun.State.ACTIVE).exclude(pk__in=runs)
    for run in active.select_related("arena"):
        wanted = select_candidates(run.arena).filter(pk__in=candidates, status=Status.PLANNED)
        wanted.exclude(run=run).update(run=run, for_batch=False)
