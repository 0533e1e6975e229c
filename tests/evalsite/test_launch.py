"""The launcher: brings up everything in order, and nothing outlives anything."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalsite.embedded.places import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

PATIENCE = 20
# Like `make`, it waits for its recipe when the terminal interrupts both.
MAKE = """
import signal, subprocess, sys
signal.signal(signal.SIGINT, lambda *_: None)
sys.exit(subprocess.call(sys.argv[1:]))
"""
# A master that forks a worker, as granian and celery do; it notes what happens to it.
MASTER = """
import os, pathlib, signal, sys, time
from evalsite.lifeline import die_with_parent
folder, name, patience = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
worker = os.fork()
if not worker:
    die_with_parent()
    (folder / f"{name}-worker").write_text(str(os.getpid()))
    time.sleep(600)

def leave(*_):
    with (folder / "ended").open("a") as log:
        print(name, file=log)
    if patience == "polite":
        os.kill(worker, signal.SIGKILL)
        sys.exit(0)

signal.signal(signal.SIGTERM, leave)
(folder / f"{name}-master").write_text(str(os.getpid()))
while True:
    time.sleep(600)
"""
# What `evalsite.launch` does, with programs that need no database.
LAUNCHER = """
import pathlib, signal, sys
from evalsite.launch import Launcher, Program
from evalsite.lifeline import die_with_parent
die_with_parent(signal.SIGTERM)
folder, step, patience = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
children = [
    Program(name, (str(folder / "master.py"), str(folder), name, patience), grace=0.5)
    for name in ("worker", "web")
]
def is_ready():
    return all((folder / f"{c.title}-{p}").exists() for c in children for p in ("master", "worker"))
first, last = Program("first", ("-c", step)), Program("last", ("-c", "pass"))
Launcher([first], children, is_ready, [last]).run()
"""


class Demo:
    """A launcher with its children, started by a parent as `make` is one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = f"DEMO={uuid.uuid4()}"
        (folder / "master.py").write_text(textwrap.dedent(MASTER))
        (folder / "launcher.py").write_text(textwrap.dedent(LAUNCHER))

    def start(self, step: str = "pass", patience: str = "polite") -> None:
        script = [sys.executable, str(self.folder / "launcher.py"), str(self.folder)]
        name, value = self.mark.split("=")
        with (self.folder / "said").open("w") as said:
            self.make = subprocess.Popen(
                [sys.executable, "-c", MAKE, *script, step, patience],
                env=os.environ | {name: value, "PYTHONPATH": str(ROOT)},
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> list[str]:
        return (self.folder / "said").read_text().splitlines()

    def wait_until_up(self) -> None:
        until(lambda: any(line.startswith("last: ") for line in self.said()))

    def pid(self, name: str) -> int:
        if name == "make":
            return self.make.pid
        if name == "launcher":
            children = Path(f"/proc/{self.make.pid}/task/{self.make.pid}/children")
            return int(children.read_text().split()[0])
        return int((self.folder / name).read_text())

    def living(self) -> list[int]:
        """Every process started for this demo, wherever it hangs in the tree by now."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark in (process / "environ").read_text(errors="replace"):
                    found.append(int(process.name))
            except OSError:
                continue
        return found


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def demo(tmp_path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    with demo.make:
        for pid in demo.living():
            os.kill(pid, signal.SIGKILL)


def test_steps_come_before_children_and_links_last(demo):
    demo.start(step="print('the first step', flush=True)")
    demo.wait_until_up()
    os.kill(demo.pid("launcher"), signal.SIGINT)
    demo.make.wait(PATIENCE)
    said = [line.split(":")[0] for line in demo.said()]
    assert said == ["the first step", "first", "site ready", "last", "ending"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_ends_the_children_in_reverse_order_and_is_success(demo, how):
    demo.start()
    demo.wait_until_up()
    os.kill(demo.pid("launcher"), how)
    assert demo.make.wait(PATIENCE) == 0
    assert (demo.folder / "ended").read_text().split() == ["web", "worker"]
    assert demo.living() == []


def test_a_terminals_ctrl_c_is_for_the_launcher_alone(demo):
    demo.start()
    demo.wait_until_up()
    os.killpg(demo.make.pid, signal.SIGINT)
    assert demo.make.wait(PATIENCE) == 0
    assert (demo.folder / "ended").read_text().split() == ["web", "worker"]


def test_children_that_do_not_listen_are_killed(demo):
    demo.start(patience="deaf")
    demo.wait_until_up()
    os.kill(demo.pid("launcher"), signal.SIGTERM)
    assert demo.make.wait(PATIENCE) == 0
    assert demo.living() == []


@pytest.mark.parametrize("victim", ["make", "launcher", "web-master", "worker-master"])
def test_nothing_outlives_a_kill(demo, victim):
    demo.start()
    demo.wait_until_up()
    os.kill(demo.pid(victim), signal.SIGKILL)
    demo.make.wait(PATIENCE)
    until(lambda: demo.living() == [])


def test_a_child_that_ends_by_itself_ends_everything_with_a_message(demo):
    demo.start()
    demo.wait_until_up()
    os.kill(demo.pid("web-master"), signal.SIGKILL)
    assert demo.make.wait(PATIENCE) == 1
    assert demo.said()[-1] == "error: web ended with status -9"


def test_a_step_that_fails_ends_everything_before_a_child_is_started(demo):
    demo.start(step="import sys; sys.exit(3)")
    assert demo.make.wait(PATIENCE) == 1
    assert demo.said() == ["error: first failed with status 3"]
    assert not (demo.folder / "web-master").exists()


def test_being_told_to_end_during_a_step_ends_the_step(demo):
    demo.start(step="import time; print('waiting', flush=True); time.sleep(600)")
    until(demo.said)
    os.kill(demo.pid("launcher"), signal.SIGTERM)
    assert demo.make.wait(PATIENCE) == 0
    assert demo.living() == []


def launch(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evalsite.launch"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_taken_port_is_one_line_before_anything_is_started(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = launch(PORT=port, EVALSITE_LOCAL=str(tmp_path / "state"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: port {port} cannot be had")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "state").exists()


def test_a_port_that_is_no_port_is_one_line():
    done = launch(PORT="eighty")
    assert done.returncode == 2
    assert done.stderr == "error: PORT must be a number from 1 to 65535, not 'eighty'\n"
