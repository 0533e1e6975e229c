"""Erase the person behind a rater. Votes stay, under a key that names nobody any more.

What the ledger covers is left alone: digests hold the random key, and of comments a salted hash.
So the chain still verifies, and boards of any watermark can be built again as they were.
"""

from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F

from arenas.battles.models import Ballot
from arenas.ledger.append import append
from arenas.raters.depart import remember_departed
from arenas.raters.finish import end
from arenas.raters.models import Invitation, Participation, Person, Rater, Withdrawal
from arenas.votes.flag import raise_flag
from arenas.votes.models import Comment

RULE = "withdrawn"


@transaction.atomic
def withdraw(rater: Rater, *, keep_votes: bool, now: datetime) -> bool:
    """Erase all that could name the rater; says whether that was still to be done.

    Without `keep_votes`, a flag takes the votes off the boards from now on.
    """
    # Who is being let in is so first, and nobody is after. Votes that are being cast end first;
    # those that come after find a part that is closed.
    locked = Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
    if locked.withdrawn_at:
        return False
    parts = list(rater.participations.select_for_update(of=("self",)).order_by("pk"))
    erase_person(locked, now)
    Comment.objects.filter(vote__rater=locked).delete()
    close_ballots(locked, now)
    for part in parts:
        leave(part, now)
    Rater.objects.filter(pk=locked.pk).update(name="", withdrawn_at=now)
    append(Withdrawal(rater=locked, votes_kept=keep_votes, created_at=now))
    if not keep_votes:
        raise_flag(locked, rule=RULE, reason="asked for at the withdrawal", by="rater", now=now)
    return True


def erase_person(rater: Rater, now: datetime) -> None:
    """Delete the personal row, and the account unless it is there for other work, too."""
    person = Person.objects.select_related("user", "rater").filter(rater=rater).first()
    if person is None:
        return
    remember_departed(person, now=now)
    person.delete()
    user = person.user
    if user and not (user.is_staff or user.is_superuser):
        kind = ContentType.objects.get_for_model(user)
        LogEntry.objects.filter(content_type=kind, object_id=str(user.pk)).delete()
        user.delete()


def close_ballots(rater: Rater, now: datetime) -> None:
    """End what is open, and forget which device pairs were shown on."""
    mine = Ballot.objects.filter(rater=rater)
    mine.filter(answered_at=None, expires_at__gt=now).update(expires_at=now)
    mine.exclude(viewport=None).update(viewport=None)


def leave(part: Participation, now: datetime) -> None:
    """Close the part, and forget its invitation; a link that was used for it stays used."""
    if part.invitation_id:
        used = Invitation.objects.filter(pk=part.invitation_id, max_uses__gt=0)
        used.update(max_uses=F("max_uses") - 1)
        part.invitation = None
        part.save(update_fields=["invitation"])
    end(part, Participation.State.WITHDRAWN, now=now)
