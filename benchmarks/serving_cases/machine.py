"""The servers under measurement: how they are started, killed, and what CPU they use."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from benchmarks.serving_cases.browse import HOST, Browser
from evalsite.launch import list_children
from evalsite.lifeline import bind_child

ROOT = Path(__file__).resolve().parents[2]
SITE = "evalsite.wsgi:application"
PATIENCE = 60
TICKS = os.sysconf("SC_CLK_TCK")


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def list_command(application: str, port: int) -> list[str]:
    """The web server's command line as the site itself has it, for any WSGI application."""
    *_, web = list_children(port)
    return [sys.executable, *web.command[:-1], application]


@dataclass
class WebServer:
    """granian in a process group of its own. Start it from the main thread."""

    application: str = SITE
    port: int = field(default_factory=find_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.process = subprocess.Popen(
            list_command(self.application, self.port),
            cwd=ROOT,
            env={**os.environ, "DEBUG": "off", "LOG_LEVEL": "CRITICAL"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if os.environ.get("VERBOSE") else subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=bind_child(signal.SIGKILL),
        )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{self.application} did not start (VERBOSE=1 shows why)")
            time.sleep(0.02)

    def answers(self) -> bool:
        with suppress(OSError), Browser(self.port) as browser:
            return browser.get("/healthz").status < 500
        return False

    def kill(self) -> None:
        """SIGKILL to the whole group: the master and its workers, at any moment."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serve(application: str = SITE) -> Iterator[WebServer]:
    server = WebServer(application)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def find_postmaster() -> int:
    """The process id of the database server: the parent of the one that serves us."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return int(read_stat(backend)[1])


def read_stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def read_cpu(pid: int) -> float:
    """CPU seconds of a process and all below it, those that have ended included."""
    try:
        # User and system time, and the same of children that were waited for.
        own = sum(map(int, read_stat(pid)[11:15])) / TICKS
        below = list_children_of(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return own + sum(map(read_cpu, below))


def list_children_of(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]
