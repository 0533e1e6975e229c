"""Who may vote where: anonymous raters, invitations, accounts."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from arenas.definitions.models import Arena
from arenas.prepare import fetch, list_columns, make
from arenas.raters.models import Invitation, Participation, Person, Rater


class NotInvited(Exception):
    """The link is unknown, used up or expired; the message says which."""


class HasLeft(Exception):
    """Who is to be let in had their data deleted, and with that left for good."""


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_invitation(
    arena: Arena,
    *,
    label: str = "",
    max_uses: int | None = None,
    quota: int | None = None,
    expires_at: datetime | None = None,
) -> str:
    """A new invitation's token. It is shown once: only its hash is kept."""
    token = secrets.token_urlsafe(16)
    Invitation.objects.create(
        arena=arena,
        token_hash=hash_token(token),
        label=label,
        max_uses=max_uses,
        quota=quota,
        expires_at=expires_at,
    )
    return token


def revoke_invitation(invitation: Invitation, *, now: datetime) -> None:
    """Let nobody else in by the link; who was admitted stays so."""
    if invitation.expires_at is None or invitation.expires_at > now:
        invitation.expires_at = now
        invitation.save(update_fields=["expires_at"])


@transaction.atomic
def accept_invitation(token: str, rater: Rater | None, *, now: datetime) -> Participation:
    """Admit the rater, or a new one, to the invitation's arena. Raises NotInvited, HasLeft."""
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("arena")
        .filter(token_hash=hash_token(token))
        .first()
    )
    if invitation is None:
        raise NotInvited(gettext("This invitation link is not known here."))
    known = rater and Participation.objects.filter(arena=invitation.arena, rater=rater).first()
    if known:
        return known
    if invitation.expires_at and invitation.expires_at <= now:
        raise NotInvited(gettext("This invitation link has expired."))
    if invitation.max_uses is not None and invitation.uses.count() >= invitation.max_uses:
        raise NotInvited(gettext("This invitation link has been used up."))
    return begin(invitation.arena, rater or Rater.objects.create(), invitation)


@transaction.atomic
def begin(arena: Arena, rater: Rater, invitation: Invitation | None = None) -> Participation:
    """The rater's part in the arena, begun when there is none yet. Raises HasLeft.

    A withdrawal holds the rater as well: it ends before, or finds the part that is begun here.
    """
    there = Rater.objects.select_for_update(no_key=True).filter(pk=rater.pk, withdrawn_at=None)
    if not there:
        raise HasLeft
    arrived, voting = Participation.State.ARRIVED, Participation.State.VOTING
    # Two links opened at the same moment hold different locks; the table knows one of them.
    participation, _ = Participation.objects.get_or_create(
        arena=arena,
        rater=rater,
        defaults={
            "invitation": invitation,
            "quota": invitation.quota if invitation else None,
            "state": arrived if arena.voting.has_start else voting,
        },
    )
    return participation


def lock_participation(arena: Arena, rater: Rater) -> Participation:
    """The rater's part in the arena, which nobody else changes until the transaction ends.

    Raises HasLeft.
    """
    return find_locked(arena, rater.key) or find_begun(arena, rater)


def join(arena: Arena, rater: Rater | None) -> Participation:
    """A part in the arena for the rater, or for a new one, locked. Raises HasLeft."""
    return lock_participation(arena, rater or Rater.objects.create())


def find_begun(arena: Arena, rater: Rater) -> Participation:
    begin(arena, rater)
    return Participation.objects.select_for_update(of=("self",)).get(arena=arena, rater=rater)


LOCKED = f"""
    SELECT {list_columns(Rater, "rater")}, {list_columns(Participation, "part")}
    FROM arenas_participation part JOIN arenas_rater rater ON rater.id = part.rater_id
    WHERE part.arena_id = %s AND rater.key = %s AND rater.withdrawn_at IS NULL
    FOR UPDATE OF part
"""


def find_locked(arena: Arena, key: str) -> Participation | None:
    """The part in the arena of the rater with this key, locked; None where there is none."""
    rows = fetch(LOCKED, [arena.pk, key]) if key else []
    if not rows:
        return None
    about_rater = len(Rater._meta.concrete_fields)
    part = make(Participation, rows[0][about_rater:])
    part.rater = make(Rater, rows[0][:about_rater])
    return part if arena.access != Arena.Access.ACCOUNT or has_account(part) else None


def has_account(part: Participation) -> bool:
    """Whether the rater's user may still log in."""
    return Person.objects.filter(rater=part.rater_id, user__is_active=True).exists()


def is_limited(token: str) -> bool:
    """Whether opening the link uses it up, so that a mere preview of it must not."""
    return Invitation.objects.filter(token_hash=hash_token(token), max_uses__isnull=False).exists()


def may_vote(arena: Arena, rater: Rater | None) -> bool:
    """Whether the rater, known or not yet, may vote in the arena."""
    if arena.access == Arena.Access.OPEN:
        return True
    return rater is not None and arena.participations.filter(rater=rater).exists()
