"""Decode and measure in processes apart, which may crash, hang or swell without harm to this one.

Each worker process keeps two: one opens untrusted bytes and can do nothing else; one measures the
pixels, with each check's models loaded once. A child that is lost is started again when needed.
"""

import atexit
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import metrics.checks
from metrics.checks.base import Box, Finding, Outline
from metrics.results.children.bounds import LINUX, PAGE
from metrics.results.children.decode import CPU_SECONDS
from metrics.results.children.frames import Ended, read_frame, write_frame
from metrics.results.measure import TROUBLE, Given, Pixels

ROOT = Path(__file__).resolve().parent.parent.parent
TICK_SECONDS = 0.02
# Longer than any picture takes, where the processor is shared with many.
DECODE_SECONDS = 30.0
DECODE_MEGABYTES = 300
CHECK_SECONDS = 60.0
CHECK_MEGABYTES = 1000
TOGETHER = 100_000_000  # pixels of a candidate's pictures and references
ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
}
SECRETS = ("KEY", "SECRET", "PASSWORD", "TOKEN", "CREDENTIALS", "_URL")
Answer = TypeVar("Answer")


class Lost(Exception):
    """The child did not live to answer; the message goes on after “it”."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds on the clock for one request, and megabytes of memory in use at any time."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a check found; seconds that passed, and seconds of a processor where it told them."""

    finding: Finding
    seconds: float
    cpu_seconds: float | None = None
    cost_usd: Decimal | None = None  # of a judging model


class Child:
    """A process that answers requests; started when needed, ended when it breaks a limit."""

    def __init__(self, module: str, limits: Limits, *, quiet: bool = False) -> None:
        self.module, self.limits, self.quiet = module, limits, quiet
        self.process: subprocess.Popen[bytes] | None = None
        self.peak = 0.0  # megabytes that it was seen to use
        self.starts = 0

    def request(self, content: bytes, read: Callable[[BinaryIO], Answer]) -> Answer:
        """Send a request, and read its answer from the pipe. Raises Lost."""
        process = self._ensure()
        try:
            with self._watched(process) as broken:
                write_frame(cast(BinaryIO, process.stdin), content)
                return read(cast(BinaryIO, process.stdout))
        except (Ended, OSError):
            self.end()
            raise Lost(broken[0] if broken else name_end(process.returncode)) from None
        except BaseException:  # a time limit of the worker's own: the pipe is out of step
            self.end()
            raise

    def end(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()
        self.process = None

    def _ensure(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            self.end()
            self.process = self._start()
            self.starts += 1
        return self.process

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", self.module, str(os.getpid()), *metrics.checks.__path__],
            cwd=ROOT,
            env=clean_environment(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if self.quiet else None,
        )

    @contextmanager
    def _watched(self, process: "subprocess.Popen[bytes]") -> Iterator[list[str]]:
        """End the process when it breaks a limit, which the list then names."""
        broken: list[str] = []
        done = threading.Event()
        watcher = threading.Thread(
            target=self._watch, args=(process, done, broken), name=self.module, daemon=True
        )
        watcher.start()
        try:
            yield broken
        finally:
            done.set()
            watcher.join()

    def _watch(
        self, process: "subprocess.Popen[bytes]", done: threading.Event, broken: list[str]
    ) -> None:
        began = time.monotonic()
        while not done.wait(TICK_SECONDS):
            used = read_memory(process.pid)
            self.peak = max(self.peak, used)
            if used > self.limits.megabytes:
                broken.append(f"took more than {self.limits.megabytes:.0f} MB of memory")
            elif time.monotonic() - began > self.limits.seconds:
                broken.append(f"took longer than {self.limits.seconds:g} s")
            if broken:
                process.kill()
                return


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without secrets and addresses of services, and with single threads."""
    kept = {
        name: value
        for name, value in environment.items()
        if not any(word in name.upper() for word in SECRETS)
    }
    return {**kept, **ONE_THREAD}


def read_memory(pid: int) -> float:
    """Megabytes that a process holds in memory; 0 where the system does not say."""
    if not LINUX:
        return 0
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6
    return 0


def name_end(status: int | None) -> str:
    if status is not None and status < 0:
        if -status == signal.SIGPROF:
            return f"took more than {CPU_SECONDS:.0f} s of a processor"
        return f"crashed (signal {-status})"
    return f"ended with status {status}"


class BadPicture(Exception):
    """A picture that cannot be decoded; the message says which, and why."""


class Apart:
    """Measures in children of this process. Not for two threads at once."""

    def __init__(
        self,
        limits: Limits = Limits(CHECK_SECONDS, CHECK_MEGABYTES),
        decoding: Limits = Limits(DECODE_SECONDS, DECODE_MEGABYTES),
    ) -> None:
        self.decoder = Child("metrics.results.children.decode", decoding, quiet=True)
        self.measurer = Child("metrics.results.children.measure", limits)

    def measure(
        self, given: Given[bytes], names: Sequence[str]
    ) -> Iterator[tuple[str, Measurement]]:
        """What each check finds on the candidate, whose pictures are decoded once."""
        began = time.monotonic()
        try:
            decoded = self.decode_all(given)
        except BadPicture as error:
            lasted = (time.monotonic() - began) / max(len(names), 1)
            for name in names:
                yield name, Measurement(Finding(not_measurable=str(error)), lasted)
            return
        holder = None  # the process that has the pictures
        for name in names:
            began = time.monotonic()
            try:
                new = holder is None or holder.poll() is not None
                request = pickle.dumps((decoded if new else None, name))
                reply = json.loads(self.measurer.request(request, read_frame))
                holder = self.measurer.process
                finding, cpu = read_finding(reply["finding"]), reply["cpu_seconds"]
            except Lost as error:
                finding, cpu = Finding(not_measurable=f"{TROUBLE}{error}"), None
            yield name, Measurement(finding, time.monotonic() - began, cpu)

    def decode_all(self, given: Given[bytes]) -> Given[Pixels]:
        """Raises BadPicture."""
        references = tuple(
            (key, role, self._decode(data, f"the reference {key}"))
            for key, role, data in given.references
        )
        images = []
        for number, data in enumerate(given.images, 1):
            images.append(self._decode(data, f"image {number}"))
            pixels = sum(each.size[0] * each.size[1] for each in images)
            if pixels > TOGETHER:
                raise BadPicture(
                    f"the images have more than {TOGETHER / 1e6:.0f} megapixels together"
                )
        return Given(given.prompt, references, tuple(images))

    def _decode(self, data: bytes, what: str) -> Pixels:
        try:
            return self.decode(data)
        except BadPicture as error:
            raise BadPicture(f"{what} cannot be opened: {error}") from None

    def decode(self, data: bytes) -> Pixels:
        """The pixels of untrusted bytes. Raises BadPicture."""
        try:
            rows, end = self.decoder.request(data, read_rows)
        except Lost as error:
            raise BadPicture(f"decoding it {error}") from None
        if "reason" in end:
            raise BadPicture(str(end["reason"]))
        width, height = (int(side) for side in end["size"])
        if len(rows) != 3 * width * height:
            raise BadPicture("decoding it gave another number of pixels than it said")
        return Pixels((width, height), rows)

    def end(self) -> None:
        self.decoder.end()
        self.measurer.end()


def read_rows(source: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    rows = []
    while row := read_frame(source):
        rows.append(row)
    return b"".join(rows), json.loads(read_frame(source))


def read_finding(told: Mapping[str, Any]) -> Finding:
    return Finding(
        told["values"],
        told["not_measurable"],
        tuple(Box(**each) for each in told["boxes"]),
        tuple(
            Outline(each["picture"], tuple((x, y) for x, y in each["points"]), each["label"])
            for each in told["outlines"]
        ),
        tuple(told["fingerprints"]),
    )


@cache
def get_apart() -> Apart:
    """This process's own, for as long as it lives."""
    apart = Apart()
    atexit.register(apart.end)
    return apart
