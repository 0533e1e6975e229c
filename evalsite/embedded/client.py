"""Joins this process to the private services, starting them where nobody has."""

import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

from evalsite.embedded.places import ROOT, EmbeddedError, find_state, is_ours, read_record

SERVICES = ("DATABASE_URL", "REDIS_URL")
WAIT_SECONDS = 90

# Open descriptors of connections to keepers. They stay open until the kernel closes them at this
# process's end, however it ends; a program that this process executes does not inherit them.
_connections: list[int] = []


def provide() -> None:
    """Set DATABASE_URL, REDIS_URL and SECRET_KEY to private services where they are not set.

    Does nothing when both services are configured. Raises EmbeddedError.
    """
    wanted = [name for name in SERVICES if not _is_configured(name)]
    if not wanted:
        return
    try:
        values = _join(find_state(), wanted)
    except OSError as error:
        raise EmbeddedError(f"private services: {error}") from error
    os.environ.update({name: values[name] for name in values if not _is_configured(name)})


def serving() -> bool:
    """Whether the keepers that this process joined are still there."""
    return not any(select.select(_connections, [], [], 0))


def _is_configured(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _join(state: Path, wanted: list[str]) -> dict[str, str]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        answer = _ask(state, wanted)
        if answer:
            return answer
        _start_keeper(state)
        time.sleep(0.02)
    raise EmbeddedError(f"private services did not start: see {state / 'log' / 'keeper.log'}")


def _ask(state: Path, wanted: list[str]) -> dict[str, str] | None:
    """The keeper's answer, or None where there is no keeper or it is about to leave."""
    sockets = read_record(state).get("sockets")
    # In a shared folder, a name that a dead keeper left may have been taken by somebody else.
    if not sockets or not is_ours(Path(sockets)):
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(WAIT_SECONDS)
        try:
            connection.connect(str(Path(sockets) / "keeper.sock"))
            connection.sendall(json.dumps(wanted).encode())
            line = connection.makefile("rb").readline()
        except OSError:
            return None
        if not line:
            return None
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise EmbeddedError(answer["error"])
        _connections.append(connection.detach())
    return answer


def _start_keeper(state: Path) -> None:
    """Start a keeper, unless one is starting, serving or stopping: it holds the lock till its end.

    The keeper inherits the lock, so there is no moment at which nobody has it, and the
    kernel frees it however the keeper ends.
    """
    with (state / "embedded.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        with (state / "log" / "keeper.log").open("a") as log:
            started = subprocess.run(
                [sys.executable, "-m", "evalsite.embedded", str(state)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.PIPE,
                pass_fds=[lock.fileno()],
                start_new_session=True,  # a terminal's Ctrl-C is not meant for it
                text=True,
                check=False,
            )
        if started.returncode != 0:
            said = started.stderr.splitlines() or ["it said nothing"]
            raise EmbeddedError(said[-1].removeprefix("error: "))
