"""Celery's door to quality control: what is missing is found by looking."""

import numpy as np
from celery import shared_task
from django.utils import timezone

from arenas.quality.gold import make_missing
from arenas.quality.suspect import review_all

GOLD = 30  # showings made in one run: some seconds of drawing and encoding
VOTES = 2000  # whose raters are reviewed in one run


@shared_task(name="arenas.quality.tasks.make_gold")
def make_gold() -> None:
    """Make some of the gold that arenas ask for and have not got."""
    make_missing(most=GOLD, rng=np.random.default_rng())


@shared_task(name="arenas.quality.tasks.review")
def review() -> None:
    """Review the raters of new votes, and flag by the arenas' rules."""
    review_all(most=VOTES, now=timezone.now())
