"""What several commands ask for in the same words."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from arenas.competitors.models import Competitor
from metrics.regressions.models import RegressionEval


def add_eval(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the regression eval's name")


def find_eval(name: str) -> RegressionEval:
    """The eval of this name. Raises CommandError naming those that exist."""
    found = RegressionEval.objects.filter(name=name).first()
    if found is None:
        names = RegressionEval.objects.values_list("name", flat=True)
        raise CommandError(
            f"there is no regression eval {name!r} ({', '.join(names) or 'none is loaded'})"
        )
    return found


def find_competitor(name: str) -> Competitor:
    found = Competitor.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"there is no competitor {name!r}")
    return found
