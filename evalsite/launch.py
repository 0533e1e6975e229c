"""Runs the whole demo in the foreground: services, database, workers, scheduler and web server.

`python -m evalsite.launch` is what `make demo` executes. Ctrl-C ends all of it; so does the
death of any part, or of `make`, by whatever signal.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from evalsite.embedded import EmbeddedError, provide, serving
from evalsite.embedded.places import ROOT, write_own_address
from evalsite.lifeline import bind_child, die_with_parent

HOST = "127.0.0.1"
READY_SECONDS = 60
TICK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Program:
    """A Python program to run; after SIGTERM it has `grace` seconds to end."""

    title: str
    command: tuple[str, ...]
    grace: float = 2.5


def list_steps() -> list[Program]:
    """What is run to its end, in order, before anything stays up."""
    return [
        Program("static files", ("manage.py", "collectstatic", "--noinput", "--verbosity=0")),
        Program("database schema", ("manage.py", "migrate", "--noinput", "--verbosity=0")),
        Program("demo suite and arena", ("manage.py", "load_demo")),
    ]


def list_children(port: int) -> list[Program]:
    """What stays up, in the order of starting; it is ended in reverse."""
    # Celery warns at length of running as root, which is what a container does.
    quietly = ("-W", "ignore::UserWarning:celery.platforms")
    celery = (*quietly, "-m", "celery", "--app=evalsite", "--quiet")
    # Waiting for services and computing do not stand in each other's way.
    generator = ("worker", "--hostname=generator@%h", "--queues=generate,judge", "--concurrency=2")
    worker = ("worker", "--hostname=worker@%h", "--queues=default,images", "--concurrency=2")
    checker = ("worker", "--hostname=checker@%h", "--queues=checks", "--concurrency=1")
    # Each thread holds a database connection; granian's own default is hundreds.
    granian = (
        "-m",
        "granian",
        "--interface=wsgi",
        f"--host={HOST}",
        "--workers=2",
        "--blocking-threads=16",
    )
    return [
        Program("generator", (*celery, *generator, "--loglevel=WARNING"), grace=5),
        Program("worker", (*celery, *worker, "--loglevel=WARNING"), grace=5),
        Program("checker", (*celery, *checker, "--loglevel=WARNING"), grace=5),
        Program("scheduler", (*celery, "beat", "--loglevel=WARNING")),
        Program(
            "web server",
            (*granian, f"--port={port}", "--log-level=error", "evalsite.wsgi:application"),
        ),
    ]


def list_last_steps() -> list[Program]:
    """What is run when everything is up."""
    return [
        Program("links", ("manage.py", "demo_links")),
        Program("candidates, simulated votes and checks", ("manage.py", "fill_demo")),
    ]


@dataclass
class Launcher:
    """Runs `steps`, keeps `children` up, and ends together with each of them."""

    steps: Sequence[Program]
    children: Sequence[Program]
    is_ready: Callable[[], bool]
    last_steps: Sequence[Program] = ()
    signals: int = 0
    running: list[tuple[Program, "subprocess.Popen[bytes]"]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._note_signal)

    def run(self) -> NoReturn:
        """Run until told to end (exit status 0), or until something fails (1)."""
        try:
            self._bring_up()
            while True:
                self._tick()
        finally:
            while self.running:
                self._end(*self.running.pop())

    def _note_signal(self, *_: object) -> None:
        self.signals += 1

    def _bring_up(self) -> None:
        for step in self.steps:
            self._run_step(step)
        for child in self.children:
            self._start(child)
        began = time.monotonic()
        while not self.is_ready():
            if time.monotonic() > began + READY_SECONDS:
                fail(f"the site was not ready after {READY_SECONDS} s")
            self._tick()
        say(f"site ready: {time.monotonic() - began:.1f} s")
        for step in self.last_steps:
            self._run_step(step)

    def _run_step(self, step: Program) -> None:
        began = time.monotonic()
        process = self._start(step)
        while process.poll() is None:
            self._tick(unless=process)
        self.running.pop()
        if process.returncode != 0:
            fail(f"{step.title} failed with status {process.returncode}")
        say(f"{step.title}: {time.monotonic() - began:.1f} s")

    def _start(self, program: Program) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, *program.command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            # A terminal's Ctrl-C is for the launcher alone, which ends the others in order.
            start_new_session=True,
            # Without the launcher there is nobody to wait for: at once, not gracefully.
            preexec_fn=bind_child(signal.SIGKILL),
        )
        self.running.append((program, process))
        return process

    def _tick(self, unless: "subprocess.Popen[bytes] | None" = None) -> None:
        """Let a moment pass; exit when it was the last one."""
        time.sleep(TICK_SECONDS)
        if self.signals:
            say("ending")
            sys.exit(0)
        for program, process in self.running:
            if process is not unless and process.poll() is not None:
                fail(f"{program.title} ended with status {process.returncode}")
        if not serving():
            fail("the private services have ended")

    def _end(self, program: Program, process: "subprocess.Popen[bytes]") -> None:
        """End one program: gracefully, but a second signal to the launcher cuts that short."""
        process.terminate()
        deadline = time.monotonic() + program.grace
        while process.poll() is None and time.monotonic() < deadline and self.signals < 2:
            time.sleep(TICK_SECONDS / 5)
        # The whole group: a worker process may have outlived its master.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def say(text: str) -> None:
    """Print a line, to whoever still listens."""
    with suppress(OSError):
        print(text, flush=True)  # noqa: T201


def fail(text: str, status: int = 1) -> NoReturn:
    with suppress(OSError):
        print(f"error: {text}", file=sys.stderr, flush=True)  # noqa: T201
    sys.exit(status)


def read_port() -> int:
    """The port to serve on. Raises ValueError when it cannot be had."""
    asked = os.environ.get("PORT") or "8000"
    if not (asked.isdigit() and 0 < int(asked) < 65536):
        raise ValueError(f"PORT must be a number from 1 to 65535, not {asked!r}")
    with socket.socket() as probe:
        # As servers do: a connection that lingers from the last run does not take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(asked)))
        except OSError as error:
            reason = f"port {asked} cannot be had ({error.strerror}): name another with PORT="
            raise ValueError(reason) from None
    return int(asked)


def answers_ready(port: int) -> bool:
    """Whether the site says that it and its services work."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> NoReturn:
    die_with_parent(signal.SIGTERM)
    try:
        port = read_port()
        launcher = Launcher(
            list_steps(), list_children(port), lambda: answers_ready(port), list_last_steps()
        )
        began = time.monotonic()
        provide()
    except (ValueError, EmbeddedError) as error:
        fail(str(error), status=2)
    say(f"private services: {time.monotonic() - began:.1f} s")
    os.environ["EVALSITE_LIFELINE"] = os.environ["PYTHONUNBUFFERED"] = "1"
    os.environ.setdefault("SITE_URL", f"http://{HOST}:{port}")
    write_own_address(os.environ["SITE_URL"])
    launcher.run()


if __name__ == "__main__":
    main()
