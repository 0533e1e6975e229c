"""Write down how a candidate ended: once, whole, and only by who holds its lease."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from arenas.candidates.claim import MAX_TRIES
from arenas.candidates.models import Attempt, Candidate, CandidateStatus, Part
from arenas.definitions.models import Arena
from arenas.images.decode import BadImage
from arenas.images.models import Image, RenditionProfile
from arenas.images.render import TooSmallProfile, render
from arenas.images.store import store_image
from arenas.providers.base import ImagePart, Outcome, ProviderError
from arenas.providers.base import Part as MadePart
from arenas.providers.base import Status as OutcomeStatus

Status = Candidate.Status


def store_outcome(
    candidate: Candidate, outcome: Outcome, *, seconds: float, now: datetime
) -> Candidate:
    """Store the answer's parts and its status. Does nothing where the lease was lost."""
    status, reason = OutcomeStatus(outcome.status), outcome.reason
    images: list[Image | None] = []
    try:
        images = [store_part(part) for part in outcome.parts]
        render_for_arenas(candidate, [image for image in images if image])
    except (BadImage, TooSmallProfile) as error:
        status, reason, images = OutcomeStatus.MALFORMED, f"unusable image: {error}", []
    shown = [p for p in outcome.parts if isinstance(p, ImagePart) and not p.thought]
    if status == OutcomeStatus.DONE and not shown:
        status, reason = OutcomeStatus.NO_IMAGE, reason or "the answer holds no image"
    with transaction.atomic():
        if not hold(candidate):
            return candidate
        if images:
            create_parts(candidate, outcome.parts, images)
        candidate.model_version = outcome.model_version[:100]
        candidate.response_id = outcome.response_id[:200]
        candidate.usage = dict(outcome.usage)
        candidate.cost_usd = outcome.cost_usd
        finish(candidate, Status(status.value), reason, seconds=seconds, now=now)
        end_attempt(candidate, status.value, reason, now=now, raw_reason=outcome.raw_reason)
    return candidate


def put_back(
    candidate: Candidate, error: ProviderError, *, seconds: float, now: datetime
) -> Candidate:
    """Plan the candidate again after an error that may pass, or fail it for good."""
    with transaction.atomic():
        if not hold(candidate):
            return candidate
        tries = candidate.attempts.exclude(ended_at=None).count() + 1
        end_attempt(candidate, Status.FAILED, str(error), now=now)
        if error.permanent or tries >= MAX_TRIES:
            finish(candidate, Status.FAILED, str(error), seconds=seconds, now=now)
        else:
            candidate.status = Status.PLANNED
            candidate.lease = candidate.lease_until = None
            candidate.reason = str(error)
            wait = error.retry_after if error.retry_after is not None else 2.0**tries
            candidate.not_before = now + timedelta(seconds=wait)
            candidate.save()
    return candidate


def hold(candidate: Candidate) -> bool:
    """Lock the row for the rest of the transaction; False where somebody else has it now."""
    return (
        Candidate.objects.select_for_update()
        .filter(pk=candidate.pk, status=Status.RUNNING, lease=candidate.lease)
        .exists()
    )


def finish(
    candidate: Candidate, status: CandidateStatus, reason: str, *, seconds: float, now: datetime
) -> None:
    candidate.status = status
    candidate.reason = reason
    candidate.seconds = seconds
    candidate.finished_at = now
    candidate.lease = candidate.lease_until = candidate.not_before = None
    candidate.save()


def end_attempt(
    candidate: Candidate, outcome: str, reason: str, *, now: datetime, raw_reason: str = ""
) -> None:
    Attempt.objects.filter(candidate=candidate, number=candidate.attempts_made).update(
        ended_at=now,
        outcome=outcome,
        reason=reason,
        raw_reason=raw_reason,
        cost_usd=candidate.cost_usd,
    )


def store_part(part: MadePart) -> Image | None:
    return store_image(part.data) if isinstance(part, ImagePart) else None


def create_parts(
    candidate: Candidate, parts: Sequence[MadePart], images: Sequence[Image | None]
) -> None:
    Part.objects.bulk_create(
        Part(
            candidate=candidate,
            turn=part.turn,
            position=position,
            text="" if isinstance(part, ImagePart) else part.text,
            image=image,
            thought=part.thought,
        )
        for position, (part, image) in enumerate(zip(parts, images, strict=True))
    )


def find_profiles(candidate: Candidate) -> list[RenditionProfile]:
    """The forms in which arenas may show this candidate."""
    arenas = Arena.objects.filter(entries__competitor=candidate.competitor_id)
    return list(RenditionProfile.objects.filter(pk__in=arenas.values("profile")))


def render_for_arenas(candidate: Candidate, images: Sequence[Image]) -> None:
    for profile in find_profiles(candidate):
        for image in images:
            render(image, profile)
