#!/usr/bin/env python
"""Runs a command of the site, on private services where none are configured.

Whatever goes wrong is one line on standard error and exit status 2.
"""

import os
import sys
import warnings
from typing import NoReturn

from evalsite.embedded import EmbeddedError, provide

WITHOUT_SERVICES = {
    "", "help", "version", "--help", "-h", "--version", "collectstatic", "compilemessages",
    "diffsettings", "findstatic", "makemessages", "standin",
}  # fmt: skip


def main(argv: list[str]) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalsite.settings")
    if needs_services(argv):
        try:
            provide()
        except EmbeddedError as error:
            fail(error)
    run_command(argv)


def needs_services(argv: list[str]) -> bool:
    """Whether the command reaches for the database or the broker."""
    name, options = (argv[1] if len(argv) > 1 else ""), set(argv[2:])
    if name == "check":
        return "--database" in options
    if name == "makemigrations" and options & {"--check", "--dry-run"}:
        warnings.filterwarnings("ignore", "Got an error checking a consistent migration history")
        return False
    return name not in WITHOUT_SERVICES and not options & {"--help", "-h"}


def run_command(argv: list[str]) -> None:
    # Django reads the environment as it is imported: the services come first.
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import ManagementUtility, get_commands
    from django.core.management.base import BaseCommand, CommandError, CommandParser
    from django.db import OperationalError, ProgrammingError
    from psycopg.errors import UndefinedTable

    class Commands(ManagementUtility):
        def fetch_command(self, subcommand: str) -> BaseCommand:
            known = get_commands()
            # With broken settings most commands are unknown: Django says what is broken.
            if subcommand not in known and not self.settings_exception:
                raise CommandError(f"unknown command {subcommand!r} (see manage.py help)")
            return super().fetch_command(subcommand)

    def refuse_usage(self: CommandParser, message: str) -> NoReturn:
        raise CommandError(f"{message} (see {self.prog} --help)")

    # Django offers no other way to an error of one line.
    CommandParser.error = refuse_usage  # type: ignore[method-assign]
    try:
        Commands(with_traceback(argv)).execute()
    except (CommandError, ImproperlyConfigured, OperationalError) as error:
        if "--traceback" in argv:
            raise
        fail(error)
    except ProgrammingError as error:
        if "--traceback" in argv or not isinstance(error.__cause__, UndefinedTable):
            raise
        fail("the database has no such table: run manage.py migrate first")


def with_traceback(argv: list[str]) -> list[str]:
    """The command line with --traceback, which lets errors through to `run_command`."""
    if len(argv) < 2 or argv[1].startswith("-") or argv[1] in {"help", "version"}:
        return argv
    return [*argv[:2], "--traceback", *argv[2:]]


def fail(error: Exception | str) -> NoReturn:
    print("error:", " ".join(str(error).split()), file=sys.stderr)  # noqa: T201
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv)
