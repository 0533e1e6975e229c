"""Celery's door to the ledger."""

from celery import shared_task
from django.utils import timezone

from arenas.ledger.seal import seal as seal_rows
from arenas.votes.count import fold_counts


@shared_task(name="arenas.votes.tasks.seal")
def seal() -> None:
    """Number new rows, and fold the votes among them into the counts."""
    seal_rows(timezone.now())
    fold_counts()
