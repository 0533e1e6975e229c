"""Remove what came to nothing: ballots that nobody answered, and raters who never did anything.

Whatever a vote, a flag or the end of a rater's part names is left alone.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, Model, OuterRef, QuerySet

from arenas.battles.models import Ballot
from arenas.raters.models import LoginTry, Participation, Rater, RaterKind
from arenas.votes.models import Flag, Vote

BALLOTS_AFTER = timedelta(days=1)
RATERS_AFTER = timedelta(days=7)
BATCH = 1000
ONGOING = (Participation.State.ARRIVED, Participation.State.VOTING)


def prune(now: datetime) -> tuple[int, int]:
    """Delete both, and old tries to log in; return how many ballots and raters that were."""
    LoginTry.objects.filter(until__lte=now).delete()
    ballots = delete_in_batches(select_dead_ballots(now))
    return ballots, delete_in_batches(select_idle_raters(now))


def select_dead_ballots(now: datetime) -> QuerySet[Ballot]:
    """Ballots that expired a day ago without any answer, not even one that was taken back."""
    return Ballot.objects.filter(
        ~Exists(Vote.objects.filter(ballot=OuterRef("pk"))),
        ~Exists(Ballot.objects.filter(repeats=OuterRef("pk"))),
        answered_at=None,
        expires_at__lt=now - BALLOTS_AFTER,
    )


def select_idle_raters(now: datetime) -> QuerySet[Rater]:
    """People who came more than a week ago, anywhere, and left nothing behind.

    A part that was ended stays: who was screened out does not begin again. So does one that used
    up a place of an invitation, which would admit somebody else in their stead.
    """
    long_ago = now - RATERS_AFTER
    parts = Participation.objects.filter(rater=OuterRef("pk"))
    return Rater.objects.filter(
        ~Exists(Vote.objects.filter(rater=OuterRef("pk"))),
        ~Exists(Ballot.objects.filter(rater=OuterRef("pk"))),
        ~Exists(Flag.objects.filter(rater=OuterRef("pk"))),
        ~Exists(parts.filter(created_at__gte=long_ago)),
        ~Exists(parts.exclude(state__in=ONGOING)),
        ~Exists(parts.filter(invitation__max_uses__isnull=False)),
        kind=RaterKind.PERSON,
        created_at__lt=long_ago,
        withdrawn_at=None,
    )


def delete_in_batches(rows: QuerySet[Model]) -> int:
    """Delete them, some at a time, each time those that still are to go; return how many."""
    total = 0
    while found := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.filter(pk__in=found).delete()
        total += len(found)
    return total
