"""Which planned candidates may start now: what services, budgets and rates leave room for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from arenas.candidates.cost import estimate_cost, find_provider
from arenas.candidates.limit import Limiter, Scope
from arenas.candidates.models import Attempt, Candidate, GenerationRun, ServicePause
from arenas.competitors.models import EXTERNAL, Competitor
from arenas.providers.base import BaseProvider, ProviderError, make_provider
from arenas.suites.models import PromptReference

Status = Candidate.Status
AHEAD = 8  # for each so many places one candidate waits in the process, to take a place at once


@dataclass(slots=True)
class Lane:
    """The competitors that share a service's limits, and how many of theirs may start."""

    scope: Scope
    provider: type[BaseProvider]
    competitors: list[Competitor] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Due:
    """What may start now; whether more is due that must wait for room or rate; whether some
    service is closed.
    """

    candidates: list[Candidate]
    estimates: dict[int, Decimal]
    more: bool
    closed: bool


def due_candidates(now: datetime) -> QuerySet[Candidate]:
    """Planned, of a run that goes on, and not told to wait."""
    return Candidate.objects.filter(
        Q(not_before=None) | Q(not_before__lte=now),
        Q(run=None) | Q(run__state=GenerationRun.State.ACTIVE),
        status=Status.PLANNED,
    )


def find_lanes(now: datetime, *, for_batch: bool = False) -> list[Lane]:
    """Every service and model for which something is due."""
    due = due_candidates(now).filter(competitor=OuterRef("pk"), for_batch=for_batch)
    lanes: dict[Scope, Lane] = {}
    alive = Q(retired_on=None) | Q(retired_on__gt=now.date())
    for competitor in Competitor.objects.filter(alive, Exists(due)).exclude(provider=EXTERNAL):
        scope = find_scope(competitor)
        lane = lanes.setdefault(scope, Lane(scope, find_provider(competitor.provider)))
        lane.competitors.append(competitor)
    return list(lanes.values())


def find_scope(competitor: Competitor) -> Scope:
    try:
        account = make_provider(competitor.provider, competitor.model, competitor.params).account
    except (ValueError, ProviderError):  # its candidates are to fail, each with this reason
        account = ""
    return Scope(competitor.provider, account, competitor.model)


def choose(now: datetime, under_way: Counter[str], *, limiter: Limiter) -> Due:
    """Choose what this process may start, given how many calls it has under way by provider.

    Must run alone (under the claimers' lock): budgets and limits are shared.
    """
    lanes = find_lanes(now)
    room = measure_room(lanes, under_way)
    pauses = {pause.scope: pause for pause in ServicePause.objects.all()}
    affordable: dict[Candidate, Decimal] = {}
    more = False
    for lane, most in share_room(lanes, room, pauses, now):
        found = select_affordable(lane, now, limit=most)
        more = more or len(found) >= most
        affordable |= found
    rows = sorted(affordable, key=lambda row: row.pk)
    granted = grant(rows, lanes, room, limiter)
    more = more or len(granted) < len(rows)
    estimates = {row.pk: affordable[row] for row in granted}
    return Due(granted, estimates, more, closed=bool(pauses))


def select_affordable(
    lane: Lane, now: datetime, *, limit: int, for_batch: bool = False
) -> dict[Candidate, Decimal]:
    """The lane's first candidates that their runs pay for, with what each is thought to cost.

    A run that cannot pay must not stand in the way of one that can.
    """
    broke: set[tuple[int, int]] = set()
    while True:
        rows = select_rows(lane, now, limit=limit, for_batch=for_batch, without=broke)
        affordable, refused = afford(rows, now=now)
        if affordable or not refused:
            return affordable
        broke |= refused


def measure_room(lanes: Iterable[Lane], under_way: Counter[str]) -> dict[str, int]:
    """By provider, how many calls may start: in this process, and in all of them."""
    running = Counter(
        dict(
            Candidate.objects.filter(status=Status.RUNNING, batch=None)
            .values_list("competitor__provider")
            .annotate(n=Count("pk"))
            .order_by()
        )
    )
    room = {}
    for name, provider in {lane.scope.provider: lane.provider for lane in lanes}.items():
        most = settings.CONCURRENCY.get(name, provider.at_most)
        here = provider.in_flight + provider.in_flight // AHEAD - under_way[name]
        room[name] = max(0, here if most is None else min(here, most - running[name]))
    return room


def share_room(
    lanes: Iterable[Lane],
    room: Mapping[str, int],
    pauses: Mapping[str, ServicePause],
    now: datetime,
) -> Iterator[tuple[Lane, int]]:
    """The lanes that are open, and the most that each may start.

    Where a pause has run out, one call of its scope tries whether the service works again.
    """
    tried: set[str] = set()
    for lane in lanes:
        names = (lane.scope.of_account, str(lane.scope))
        closed = [pauses[name] for name in names if name in pauses]
        most = room[lane.scope.provider]
        if any(pause.until > now for pause in closed) or not most:
            continue
        if closed:
            scopes = {pause.scope for pause in closed}
            if scopes & tried or is_tried(lane, whole_account=lane.scope.of_account in scopes):
                continue
            tried |= scopes
            most = 1
        yield lane, most


def is_tried(lane: Lane, *, whole_account: bool) -> bool:
    """Whether a call that the pause concerns is under way already."""
    running = Candidate.objects.filter(status=Status.RUNNING, batch=None)
    if whole_account:
        return running.filter(competitor__provider=lane.scope.provider).exists()
    return running.filter(competitor__in=lane.competitors).exists()


def select_rows(
    lane: Lane,
    now: datetime,
    *,
    limit: int,
    for_batch: bool = False,
    without: Iterable[tuple[int, int]] = (),
) -> list[Candidate]:
    """The first that are due, but for these runs' candidates of these competitors."""
    rows = due_candidates(now).filter(competitor__in=lane.competitors, for_batch=for_batch)
    for run, competitor in without:
        rows = rows.exclude(run=run, competitor=competitor)
    related = rows.select_related("prompt", "run", "competitor").order_by("pk")
    shown = ~Q(prompt__references__role=PromptReference.Role.MASK)
    counted = related.annotate(n_references=Count("prompt__references", filter=shown))
    return list(counted[:limit])


def grant(
    rows: Iterable[Candidate], lanes: Sequence[Lane], room: Mapping[str, int], limiter: Limiter
) -> list[Candidate]:
    """The first of the rows, as many as their providers have room for and rates let start."""
    lane_of = {competitor.pk: lane for lane in lanes for competitor in lane.competitors}
    left = dict(room)
    wanted: dict[Scope, list[Candidate]] = {}
    for row in rows:
        scope = lane_of[row.competitor_id].scope
        if left[scope.provider] > 0:
            left[scope.provider] -= 1
            wanted.setdefault(scope, []).append(row)
    granted = []
    for scope, asked in wanted.items():
        rate = lane_of[asked[0].competitor_id].provider.rate
        granted += asked[: limiter.take(scope, len(asked), rate=rate).calls]
    return sorted(granted, key=lambda row: row.pk)


def afford(
    rows: Iterable[Candidate], *, now: datetime
) -> tuple[dict[Candidate, Decimal], set[tuple[int, int]]]:
    """Those that their runs' budgets still pay for, with what each is thought to cost; and the
    (run, competitor) for which there is no money.

    What is under way counts with its estimate, so that even all answers together stay within the
    budget as far as estimates can tell. A run whose budget pays for nothing more is stopped.
    """
    left: dict[int, Decimal] = {}
    affordable: dict[Candidate, Decimal] = {}
    refused: dict[int, set[int]] = {}
    for row in rows:
        estimate = estimate_cost(row, references=row.n_references)  # type: ignore[attr-defined]
        run = row.run
        if run is not None and run.budget_usd is not None:
            if run.pk not in left:
                left[run.pk] = run.budget_usd - sum_costs(run)
            # Answers may have cost more than was thought: what is free is free all the same.
            if estimate is None or estimate > max(left[run.pk], Decimal(0)):
                refused.setdefault(run.pk, set()).add(row.competitor_id)
                continue
            left[run.pk] -= estimate
        affordable[row] = estimate or Decimal(0)
    going_on = {row.run_id for row in affordable}
    for run_id in refused.keys() - going_on:
        stop_spent(run_id, refused[run_id], now=now)
    return affordable, {(run, each) for run, them in refused.items() for each in them}


def sum_costs(run: GenerationRun) -> Decimal:
    """USD of the run so far: what was paid, and the estimate of what is or was under way."""
    spent = Coalesce("cost_usd", "estimate_usd")
    return run.attempts.aggregate(usd=Sum(spent))["usd"] or Decimal(0)


def stop_spent(run: int, dear: Iterable[int], *, now: datetime) -> None:
    """Stop a run that can pay for none of the `dear` competitors any more.

    It goes on while a call is under way, which may turn out cheaper, and while something is
    planned for other competitors, which may cost less or nothing.
    """
    rows = Candidate.objects.filter(run=run)
    under_way = Attempt.objects.filter(run=run, candidate__status=Status.RUNNING)
    others = rows.filter(status=Status.PLANNED).exclude(competitor__in=dear)
    if not under_way.exists() and not others.exists():
        active = GenerationRun.objects.filter(pk=run, state=GenerationRun.State.ACTIVE)
        active.update(state=GenerationRun.State.SPENT, ended_at=now)
