"""Who may vote where: anonymous raters, and invitations."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from arenas.definitions.models import Arena
from arenas.raters.models import Admission, Invitation, Rater


class NotInvited(Exception):
    """The link is unknown, used up or expired; the message says which."""


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_invitation(
    arena: Arena,
    *,
    label: str = "",
    max_uses: int | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new invitation's token. It is shown once: only its hash is kept."""
    token = secrets.token_urlsafe(16)
    Invitation.objects.create(
        arena=arena,
        token_hash=hash_token(token),
        label=label,
        max_uses=max_uses,
        expires_at=expires_at,
    )
    return token


@transaction.atomic
def accept_invitation(token: str, rater: Rater | None, *, now: datetime) -> Admission:
    """Admit the rater, or a new one, to the invitation's arena. Raises NotInvited."""
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("arena")
        .filter(token_hash=hash_token(token))
        .first()
    )
    if invitation is None:
        raise NotInvited("This invitation link is not known here.")
    known = rater and Admission.objects.filter(arena=invitation.arena, rater=rater).first()
    if known:
        return known
    if invitation.expires_at and invitation.expires_at <= now:
        raise NotInvited("This invitation link has expired.")
    if invitation.max_uses is not None and invitation.uses.count() >= invitation.max_uses:
        raise NotInvited("This invitation link has been used up.")
    # Two links opened at the same moment hold different locks; the table knows one admission.
    admission, _ = Admission.objects.get_or_create(
        arena=invitation.arena,
        rater=rater or Rater.objects.create(),
        defaults={"invitation": invitation},
    )
    return admission


def is_limited(token: str) -> bool:
    """Whether opening the link uses it up, so that a mere preview of it must not."""
    return Invitation.objects.filter(token_hash=hash_token(token), max_uses__isnull=False).exists()


def may_vote(arena: Arena, rater: Rater | None) -> bool:
    """Whether the rater, known or not yet, may vote in the arena."""
    if arena.access == Arena.Access.OPEN:
        return True
    return rater is not None and arena.admissions.filter(rater=rater).exists()
