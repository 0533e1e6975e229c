from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metrics.management.arguments import add_eval, find_competitor, find_eval
from metrics.regressions.models import RegressionEval, Run
from metrics.regressions.promote import PromotionRefused, promote


class Command(BaseCommand):
    help = "Make a run's challenger, or another competitor, the baseline of a regression eval."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_eval(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--run", type=int, metavar="N", help="the number of the run")
        which.add_argument("--competitor", metavar="NAME")
        parser.add_argument("--reason", required=True, metavar="TEXT")

    def handle(
        self, *, name: str, run: int | None, competitor: str | None, reason: str, **_: Any
    ) -> None:
        evaluation = find_eval(name)
        found = find_run(evaluation, run) if run is not None else None
        after = found.challenger if found else find_competitor(competitor or "")
        try:
            promotion = promote(
                evaluation, after, by="command line", reason=reason, now=timezone.now(), run=found
            )
        except PromotionRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"the baseline of {promotion}")


def find_run(evaluation: RegressionEval, number: int) -> Run:
    found = evaluation.runs.filter(number=number).select_related("eval", "challenger").first()
    if found is None:
        raise CommandError(f"{evaluation.name} has no run {number}")
    return found
