"""Open the images of received answers: whether they decode, and what raters will see of them.

This takes a processor, where waiting for an answer takes none: it is other workers' business.
"""

import random
from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from arenas.candidates.models import Attempt, Candidate
from arenas.candidates.retry import decide
from arenas.candidates.store import count_tries, plan_again, render_for_arenas
from arenas.images.decode import BadImage, decode_pixels
from arenas.images.render import TooSmallProfile
from arenas.images.store import mark_decoded, read_bytes
from arenas.providers.base import Outcome
from arenas.providers.base import Status as OutcomeStatus

Status = Candidate.Status
# An image that a worker did not survive so often is itself the danger.
MAX_OPENINGS = 5


def open_received(pk: int, *, now: datetime, rng: random.Random) -> bool:
    """Make a received candidate done, or say why it cannot be; False where others are at it."""
    received = Candidate.objects.filter(pk=pk, status=Status.RECEIVED)
    received.update(openings=F("openings") + 1)
    try:
        with transaction.atomic():
            candidate = received.select_for_update(skip_locked=True).first()
            if candidate is None:
                return False
            reason = find_fault(candidate)
            if reason is None:
                received.update(status=Status.DONE)
            else:
                reject(candidate, reason, now=now, rng=rng)
    except FileNotFoundError:  # it will not come back by itself: it counts as a failed opening
        raise
    except OSError:  # storage that does not answer is no fault of the image's
        received.update(openings=F("openings") - 1)
        raise
    return True


def find_fault(candidate: Candidate) -> str | None:
    """Why an image of the answer is of no use; None where all are, and raters can see them."""
    if candidate.openings > MAX_OPENINGS:
        return f"unusable image: it could not be opened in {MAX_OPENINGS} tries"
    parts = candidate.parts.exclude(image=None).select_related("image")
    images = {part.image: part.thought for part in parts if part.image}
    try:
        for image in images:
            if not image.decoded:
                decode_pixels(read_bytes(image.path))
                mark_decoded(image)
        render_for_arenas(candidate, [image for image, thought in images.items() if not thought])
    except (BadImage, TooSmallProfile) as error:
        return f"unusable image: {error}"
    return None


def reject(candidate: Candidate, reason: str, *, now: datetime, rng: random.Random) -> None:
    """Ask for another answer, a limited number of times, or leave it at this one."""
    number = candidate.attempts_made
    Attempt.objects.filter(candidate=candidate, number=number).update(
        outcome=OutcomeStatus.MALFORMED, reason=reason
    )
    candidate.parts.all().delete()
    candidate.reason = reason
    tries = count_tries([candidate]).get(candidate.pk, Counter([str(OutcomeStatus.MALFORMED)]))
    end = Outcome(OutcomeStatus.MALFORMED, reason=reason, try_again=True)
    again = decide(end, tries, rng=rng)
    if again:
        plan_again(candidate, until=now + timedelta(seconds=again.seconds))
    else:
        candidate.status = Status.MALFORMED
        candidate.save()
