"""Write down how tries end: once, whole, and only by who holds the candidate's lease."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q

from arenas.candidates.due import sum_costs
from arenas.candidates.models import Attempt, Candidate, CandidateStatus, GenerationRun, Part
from arenas.competitors.models import Competitor
from arenas.competitors.price import Cost, read_price
from arenas.definitions.models import Arena
from arenas.images.decode import BadImage
from arenas.images.models import Image, RenditionProfile
from arenas.images.render import render
from arenas.images.store import keep_original
from arenas.providers.base import Cause, ImagePart, Outcome, ProviderError
from arenas.providers.base import Part as MadePart
from arenas.providers.base import Status as OutcomeStatus

Status = Candidate.Status
End = Outcome | ProviderError


def store_outcome(
    candidate: Candidate, outcome: Outcome, *, seconds: float, now: datetime
) -> Candidate:
    """Store the answer's parts and its status. Does nothing where the lease was lost.

    Images are kept as they came; the candidate is done when they have been opened.
    """
    status, reason = OutcomeStatus(outcome.status), outcome.reason
    images: list[Image | None] = []
    try:
        images = [store_part(part) for part in outcome.parts]
    except BadImage as error:
        status, reason, images = OutcomeStatus.MALFORMED, f"unusable image: {error}", []
    shown = [p for p in outcome.parts if isinstance(p, ImagePart) and not p.thought]
    if status == OutcomeStatus.DONE and not shown:
        status, reason = OutcomeStatus.NO_IMAGE, reason or "the answer holds no image"
    with transaction.atomic():
        if not hold(candidate):
            return candidate
        replace_parts(candidate, outcome.parts, images)
        cost = measure_cost(candidate, outcome)
        describe(candidate, outcome, cost)
        end_attempt(candidate, outcome, status, reason, cost, now=now)
        received = status == OutcomeStatus.DONE
        finish(
            candidate,
            Status.RECEIVED if received else Status(status.value),
            reason,
            seconds=seconds,
            now=now,
        )
    return candidate


def describe(candidate: Candidate, outcome: Outcome, cost: Cost | None) -> None:
    """Where the answer came from, and what it cost."""
    candidate.model_version = outcome.model_version[:100]
    candidate.response_id = outcome.response_id[:200]
    candidate.usage = dict(outcome.usage)
    candidate.details = dict(outcome.details)
    candidate.cost_usd = cost.usd if cost else None
    candidate.cost_estimated = cost is not None and cost.estimated
    competitor = candidate.competitor
    if outcome.retires_on and competitor.retiring_on != outcome.retires_on:
        Competitor.objects.filter(pk=competitor.pk).update(retiring_on=outcome.retires_on)


def begin_next(candidate: Candidate, end: End, *, now: datetime) -> bool:
    """End a try and begin the next, which the same worker makes.

    Returns False, and then the next is not to be made, where the lease is lost, or where the run
    was stopped or cannot pay for it: then the candidate is planned again, to wait or be dropped.
    """
    with transaction.atomic():
        if not hold(candidate, leased=True):
            return False
        reason = record_try(candidate, end, now=now)
        before = Attempt.objects.get(candidate=candidate, number=candidate.attempts_made)
        if before.run and not allows(before.run, before.estimate_usd):
            candidate.reason = reason
            plan_again(candidate, until=now)
            return False
        number = before.number + 1
        Candidate.objects.filter(pk=candidate.pk).update(attempts_made=number)
        # Where it is there already, this is the second time: the first answer to it was lost.
        Attempt.objects.get_or_create(
            candidate=candidate,
            number=number,
            defaults={
                "started_at": now,
                "run_id": before.run_id,
                "estimate_usd": before.estimate_usd,
            },
        )
    candidate.attempts_made = number
    return True


def allows(run: GenerationRun, estimate: Decimal) -> bool:
    """Whether the run goes on, and pays for one more try."""
    if run.state != GenerationRun.State.ACTIVE:
        return False
    return run.budget_usd is None or not estimate or sum_costs(run) + estimate <= run.budget_usd


def put_back(candidate: Candidate, end: End, *, until: datetime, now: datetime) -> Candidate:
    """Plan the candidate again, not before a time."""
    with transaction.atomic():
        if not hold(candidate):
            return candidate
        candidate.reason = record_try(candidate, end, now=now)
        plan_again(candidate, until=until)
    return candidate


def plan_again(candidate: Candidate, *, until: datetime) -> None:
    candidate.status = Status.PLANNED
    candidate.lease = candidate.lease_until = candidate.batch = None
    candidate.not_before = until
    candidate.save()


def fail(candidate: Candidate, end: End, *, seconds: float, now: datetime) -> Candidate:
    """Give the candidate up; a model that is gone is marked as retired."""
    with transaction.atomic():
        if not hold(candidate):
            return candidate
        reason = record_try(candidate, end, now=now)
        finish(candidate, Status.FAILED, reason, seconds=seconds, now=now)
        if isinstance(end, ProviderError) and end.cause == Cause.GONE:
            retire(candidate.competitor, reason, now=now)
    return candidate


def retire(competitor: Competitor, reason: str, *, now: datetime) -> None:
    """Call it no more. It stays on the boards, with all that it made."""
    unretired = Competitor.objects.filter(Q(retired_on=None) | Q(retired_on__gt=now.date()))
    unretired.filter(pk=competitor.pk).update(
        retired_on=now.date(), retired_note=f"found on {now:%Y-%m-%d}: {reason}"
    )


def record_try(candidate: Candidate, end: End, *, now: datetime) -> str:
    """End the present attempt without an answer to keep; return the reason."""
    reason = end.reason if isinstance(end, Outcome) else str(end)
    status = end.status if isinstance(end, Outcome) else OutcomeStatus.FAILED
    end_attempt(candidate, end, status, reason, measure_cost(candidate, end), now=now)
    return reason


def measure_cost(candidate: Candidate, end: End) -> Cost | None:
    """What a try cost; None where nobody can tell, and then its estimate stands.

    A call that ran out of time or broke off may have been billed all the same.
    """
    if isinstance(end, ProviderError):
        if end.perhaps_billed:
            return None
        if not end.usage:
            return Cost(Decimal(0), estimated=False)
    elif end.cost_usd is not None:
        return Cost(end.cost_usd, estimated=False)
    price = read_price(candidate.competitor.price)
    return price.cost(end.usage, in_batch=candidate.batch_id is not None) if price else None


def hold(candidate: Candidate, *, leased: bool = False) -> bool:
    """Lock the row for the rest of the transaction; False where somebody else has it now.

    An answer that is there is taken also where the lease ran out but nobody has begun anew; what
    is to be `leased` still, because a call is to follow, is not.
    """
    mine = Q(status=Status.RUNNING, lease=candidate.lease)
    free = Q(status=Status.PLANNED, lease=None, attempts_made=candidate.attempts_made)
    held = mine if leased else mine | free
    rows = Candidate.objects.select_for_update().filter(held, pk=candidate.pk)
    return rows.exists()


def finish(
    candidate: Candidate, status: CandidateStatus, reason: str, *, seconds: float, now: datetime
) -> None:
    candidate.status = status
    candidate.reason = reason
    candidate.seconds = seconds
    candidate.finished_at = now
    candidate.openings = 0
    candidate.lease = candidate.lease_until = candidate.not_before = None
    candidate.save()


def end_attempt(
    candidate: Candidate,
    end: End,
    outcome: str,
    reason: str,
    cost: Cost | None,
    *,
    now: datetime,
) -> None:
    Attempt.objects.filter(candidate=candidate, number=candidate.attempts_made).update(
        ended_at=now,
        outcome=outcome,
        reason=reason,
        raw_reason=end.raw_reason,
        cause=end.cause if isinstance(end, ProviderError) else "",
        cost_usd=cost.usd if cost else None,
    )


def count_tries(candidates: Iterable[Candidate]) -> dict[int, Counter[str]]:
    """By candidate, how its ended tries ended: by their causes, or by what was answered."""
    ended = Attempt.objects.filter(
        candidate__in=[c.pk for c in candidates if c.attempts_made > 1],
        ended_at__isnull=False,
        started_at__gte=F("candidate__planned_at"),
    )
    tries: dict[int, Counter[str]] = {}
    for pk, outcome, cause in ended.values_list("candidate", "outcome", "cause"):
        tries.setdefault(pk, Counter())[cause or outcome] += 1
    return tries


def store_part(part: MadePart) -> Image | None:
    return keep_original(part.data) if isinstance(part, ImagePart) else None


def replace_parts(
    candidate: Candidate, parts: Sequence[MadePart], images: Sequence[Image | None]
) -> None:
    """Keep the answer's parts, in place of what an earlier try may have left."""
    if candidate.attempts_made > 1:
        candidate.parts.all().delete()
    Part.objects.bulk_create(
        Part(
            candidate=candidate,
            turn=part.turn,
            position=position,
            text="" if isinstance(part, ImagePart) else part.text,
            image=image,
            thought=part.thought,
        )
        for position, (part, image) in enumerate(zip(parts, images, strict=bool(images)))
    )


def find_profiles(candidate: Candidate) -> list[RenditionProfile]:
    """The forms in which arenas may show this candidate."""
    arenas = Arena.objects.filter(entries__competitor=candidate.competitor_id)
    return list(RenditionProfile.objects.filter(pk__in=arenas.values("profile")))


def render_for_arenas(candidate: Candidate, images: Sequence[Image]) -> None:
    for profile in find_profiles(candidate):
        for image in images:
            render(image, profile)
