"""What the two private servers have in common: to start, to answer, to stop."""

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from evalsite.embedded.places import EmbeddedError, Owner, make_private_folder
from evalsite.lifeline import bind_child

START_SECONDS = 60
STOP_SECONDS = 10
LOG_BYTES = 5_000_000
# Nothing of the caller's environment changes how a server behaves.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


class Server(ABC):
    """One server, run as `owner`, with its data below `home` and its socket in `sockets`."""

    name: ClassVar[str]
    # From gentle to certain; the first is also what the kernel sends when the keeper dies.
    stop_signals: ClassVar[tuple[int, ...]]
    pid_file: Path

    def __init__(self, home: Path, sockets: Path, log: Path, owner: Owner | None) -> None:
        self.home = home
        self.owner = owner
        self.log = log / f"{self.name}.log"
        self.data = home / self.name
        self.sockets = sockets / self.name
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def prepare(self) -> list[str]:
        """Make what the server needs to start; return its command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server does its work."""

    def start(self) -> None:
        """Start, and wait until it answers. Raises EmbeddedError."""
        make_private_folder(self.sockets, self.owner)
        self._stop_leftover()
        for stale in self.sockets.iterdir():
            stale.unlink()
        command = self.prepare()
        with self._open_log() as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=bind_child(self.stop_signals[0]),
                **self._as_owner(),
            )
        try:
            self._await_answer()
        except BaseException:
            self.stop()
            raise

    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Stop it, by force where it does not listen."""
        for signum in self.stop_signals:
            if self.process is None or self.process.poll() is not None:
                return
            self.process.send_signal(signum)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue

    def run(self, command: list[str]) -> None:
        """Run a program to its end. Raises EmbeddedError with its last words."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=bind_child(signal.SIGKILL),
            **self._as_owner(),
        )
        if done.returncode != 0:
            said = done.stdout.decode(errors="replace")
            raise EmbeddedError(f"{Path(command[0]).name} failed: {quote_end(said)}")

    def _as_owner(self) -> dict[str, Any]:
        start: dict[str, Any] = {"cwd": "/", "env": ENVIRONMENT}
        if self.owner:
            start |= {"user": self.owner.uid, "group": self.owner.gid, "extra_groups": []}
        return start

    def _open_log(self) -> Any:
        full = self.log.exists() and self.log.stat().st_size > LOG_BYTES
        return self.log.open("wb" if full else "ab")

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.has_ended() or time.monotonic() > deadline:
                said = quote_end(self.log.read_text(errors="replace"))
                raise EmbeddedError(f"{self.name} did not start: {said} (see {self.log})")
            time.sleep(0.02)

    def _stop_leftover(self) -> None:
        """Stop a server that outlived its keeper, which happens where no kernel ties them."""
        pid = read_pid(self.pid_file)
        if pid is None or not is_running(pid):
            return
        for signum in (*self.stop_signals, signal.SIGKILL):
            if not self._is_leftover(pid):
                break
            os.kill(pid, signum)
            deadline = time.monotonic() + STOP_SECONDS
            while self._is_leftover(pid) and time.monotonic() < deadline:
                time.sleep(0.02)
        # The number belongs to another program now, and the server would take it for its own.
        self.pid_file.unlink(missing_ok=True)

    def _is_leftover(self, pid: int) -> bool:
        return str(self.data) in read_command_line(pid)


def quote_end(text: str) -> str:
    """The last lines of a log, as one line."""
    return " / ".join(line.strip() for line in text.splitlines()[-3:]) or "it said nothing"


def read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def read_command_line(pid: int) -> str:
    """The command line of a process; empty where there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    listing = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout
