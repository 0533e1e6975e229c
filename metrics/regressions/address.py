"""Where a run is looked at."""

from django.conf import settings
from django.urls import reverse

from metrics.regressions.models import Run


def find_address(run: Run) -> str:
    """The address of the run's page, for somebody who is not on the site yet."""
    return f"{settings.SITE_URL}{find_path(run)}"


def find_path(run: Run) -> str:
    return reverse("regression_run", args=[run.eval.name, run.number])
