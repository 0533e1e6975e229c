"""Celery's door to the ledger, and to what is cleared away."""

from celery import shared_task
from django.utils import timezone

from arenas.votes.count import seal_and_fold
from arenas.votes.prune import prune as prune_idle


@shared_task(name="arenas.votes.tasks.seal")
def seal() -> None:
    """Number new rows, and fold the votes among them into the counts."""
    seal_and_fold(timezone.now())


@shared_task(name="arenas.votes.tasks.prune")
def prune() -> None:
    """Remove ballots that nobody answered, and raters who never did anything."""
    prune_idle(timezone.now())
