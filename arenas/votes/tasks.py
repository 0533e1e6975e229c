"""Celery's door to the ledger."""

from celery import shared_task
from django.utils import timezone

from arenas.votes.count import seal_and_fold


@shared_task(name="arenas.votes.tasks.seal")
def seal() -> None:
    """Number new rows, and fold the votes among them into the counts."""
    seal_and_fold(timezone.now())
