import json
import logging
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from arenas.candidates.tasks import sweep_soon
from metrics.management.arguments import add_eval, find_competitor, find_eval
from metrics.management.follow import follow
from metrics.regressions.address import find_address
from metrics.regressions.models import Run
from metrics.regressions.reports.junit import write_junit
from metrics.regressions.reports.markdown import write_markdown
from metrics.regressions.start import RunRefused, find_or_start
from metrics.stats.verdict import Outcome

logger = logging.getLogger(__name__)
EXITS = {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.NEEDS_HUMANS: 3}
WRITERS: Mapping[str, Callable[[Run], str]] = {
    "json": lambda run: json.dumps(run.report, indent=1, ensure_ascii=False) + "\n",
    "junit": lambda run: write_junit(run.report),
    "markdown": lambda run: write_markdown(run.report, address=find_address(run)),
}


class Command(BaseCommand):
    help = (
        "Run a regression eval now, or go on with its unfinished run. With --wait the exit status "
        "is 0 for pass, 1 for fail and 3 where people are needed; 2 is an error."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_eval(parser)
        add = parser.add_argument
        add("--challenger", metavar="NAME", help="instead of the one that the eval names")
        add(
            "--wait",
            action="store_true",
            help="show progress until it is decided, with workers of its own where none run",
        )
        add("--timeout", type=float, metavar="SECONDS", help="wait, but no longer than this")
        for form in WRITERS:
            add(f"--{form}", type=Path, metavar="F", help=f"wait, and write a report ({form})")

    def handle(self, **options: Any) -> None:
        try:
            status = self.regress(**options)
        except (CommandError, OperationalError):
            raise
        except Exception as error:  # whatever it is, it is no outcome: exit status 1 is one
            logger.exception("regress %s does not get on", options["name"])
            raise CommandError(f"{type(error).__name__}: {error}") from error
        if status is not None:
            sys.exit(status)

    def regress(
        self, *, name: str, wait: bool, timeout: float | None, **options: Any
    ) -> int | None:
        """The exit status of a run that was waited for."""
        files = {form: path for form in WRITERS if (path := options[form])}
        run = self.start(name, options["challenger"])
        if not (wait or files) and timeout is None:
            return None
        run = self.follow(run, timeout)
        self.report(run)
        for form, path in files.items():
            write(path, WRITERS[form](run))
        return EXITS[Outcome(run.outcome or Outcome.NEEDS_HUMANS)]

    def start(self, name: str, challenger: str | None) -> Run:
        chosen = find_competitor(challenger) if challenger else None
        try:
            run, is_new = find_or_start(
                find_eval(name),
                trigger=Run.Trigger.COMMAND,
                by="command line",
                now=timezone.now(),
                challenger=chosen,
            )
        except RunRefused as error:
            raise CommandError(str(error)) from error
        state = "is started" if is_new else f"goes on ({run.state})"
        self.stdout.write(f"{run} {state}: {run.challenger} against {run.baseline}")
        self.stdout.write(find_address(run))
        sweep_soon()
        return run

    def follow(self, run: Run, timeout: float | None) -> Run:
        """Until there is an outcome, or people are asked and the time is up."""
        run = follow(run, timeout=timeout, say=self.stderr.write)
        if run.outcome or run.state == Run.State.VOTING:
            return run
        if run.has_ended:
            raise CommandError(f"{run} {run.state}: {run.error or run.reason}")
        raise CommandError(f"{run} is {run.state} after {timeout:g} s, and goes on")

    def report(self, run: Run) -> None:
        for row in run.report["criteria"]:
            role = "" if row["decides"] else " (advice)"
            self.stdout.write(f"{row['result']}{role}: {row['sentence']}")
        for note in run.report["notes"]:
            self.stdout.write(f"note: {note}")
        outcome = run.outcome or Outcome.NEEDS_HUMANS
        self.stdout.write(f"{outcome}: {run.report['reason']}")


def write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: cannot be written ({error.strerror})") from error
