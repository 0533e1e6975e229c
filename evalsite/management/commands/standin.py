import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evalsite.standin.faults import FAULTS
from evalsite.standin.server import StandIn

DETAILS = """
A development server that speaks the protocols of Gemini, Imagen and OpenAI to their unmodified
SDKs. Its pictures follow from what was asked, and carry metadata that must not reach raters.

In a prompt, [interleave] asks for text and pictures in turns, [jpeg] or [webp] for another format,
[fault:NAME] for a failure, [fault:NAME:N] for one in the first N calls with this prompt, and
several of them for one after the other. Models with no-such or retired in their name do not exist.

GET /_standin/received tells what arrived, as lines of JSON; /_standin/count how many calls.
"""


class Command(BaseCommand):
    help = "Run a stand-in for the services of image models, which needs no key and costs nothing."
    requires_system_checks = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": DETAILS}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--host", default="127.0.0.1", help="the address to listen on (default: loopback)")
        add("--port", type=int, default=8070)
        add("--latency", type=float, default=0.0, help="seconds until a model answers")
        add("--size", type=read_size, default=(1024, 1024), help="of a picture at 1K: 256x256")
        add("--answer-megabytes", type=float, default=0.0, help="the least size of an answer")
        add("--batch-looks", type=int, default=1, help="looks at a batch that find it running")
        add("--keys", nargs="+", help="the only keys to take (default: any)")
        add("--log", type=Path, help="a file to which each request is added as a line of JSON")
        add("--faults", action="store_true", help="list the faults that a prompt may ask for")

    def handle(self, **options: Any) -> None:
        if options["faults"]:
            for name, fault in FAULTS.items():
                self.stdout.write(f"{name:31} {' '.join(fault.protocols):21} {fault.says}")
            return
        if not settings.DEBUG:
            raise CommandError("the stand-in is for development: set DEBUG=on")
        try:
            service = make_service(options)
        except OSError as error:
            raise CommandError(f"port {options['port']}: {error.strerror}") from None
        with service:
            self.stdout.write(describe(service.url))
            self.stdout.flush()
            wait_for_signal()


def make_service(options: dict[str, Any]) -> StandIn:
    return StandIn(
        host=options["host"],
        port=options["port"],
        latency=options["latency"],
        size=options["size"],
        answer_bytes=round(options["answer_megabytes"] * 1e6),
        keys=set(options["keys"]) if options["keys"] else None,
        batch_looks=options["batch_looks"],
        log=options["log"],
    )


def describe(url: str) -> str:
    """One line: where it is, and what points the site there."""
    return (
        f"Stand-in on {url}: GEMINI_BASE_URL={url} IMAGEN_BASE_URL={url} "
        f"OPENAI_BASE_URL={url}/v1 GEMINI_API_KEY=stand-in OPENAI_API_KEY=stand-in"
    )


def wait_for_signal() -> None:
    """Return at Ctrl-C, or when the process is asked to end."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def read_size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise ArgumentTypeError(f"{text!r} is no size: write it like 256x256")
    return int(width), int(height)
