"""Decode and measure in processes apart, which may crash, hang or swell without harm to this one.

Each worker process keeps two: one opens untrusted bytes and can do nothing else; one measures the
pixels, with each check's models loaded once. A child that is lost is started again when needed.
"""

import atexit
import json
import math
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
from typing import BinaryIO, TypeVar, cast

import metrics.checks
from arenas.candidates.clean import clean_text
from arenas.images.decode import MAX_PIXELS
from metrics.checks.base import Finding
from metrics.results.children.bounds import LINUX, PAGE
from metrics.results.children.decode import CPU_SECONDS
from metrics.results.children.frames import Ended, read_frame, write_frame
from metrics.results.measure import TROUBLE, Given, Pixels, read_finding

ROOT = Path(__file__).resolve().parent.parent.parent
TICK_SECONDS = 0.02
# Longer than any picture takes, where the processor is shared with many.
DECODE_SECONDS = 30.0
DECODE_MEGABYTES = 300
CHECK_SECONDS = 60.0
CHECK_MEGABYTES = 1000
TOGETHER = 100_000_000  # pixels of a candidate's pictures and references
LONGEST_END = 10_000  # bytes of what follows the pixels
LONGEST_FINDING = 10_000_000
MISSHAPEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
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
        """Send a request, and read its answer from the pipe. Raises Lost.

        An answer that `read` cannot make sense of is as good as none.
        """
        process = self._ensure()
        try:
            with self._watched(process) as broken:
                write_frame(cast(BinaryIO, process.stdin), content)
                return read(cast(BinaryIO, process.stdout))
        except (Ended, OSError) as error:
            self.end()
            told = str(error) if isinstance(error, Ended) else ""
            why = broken[0] if broken else told or name_end(process.returncode)
            raise Lost(why) from None
        except MISSHAPEN:
            self.end()
            raise Lost("gave an answer of another form") from None
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
    """A picture without pixels; the message says which, and why, as a reason of a finding.

    It begins as a TROUBLE where the process was lost, which the picture need not be to blame for.
    """


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
                finding, cpu = self.measurer.request(request, read_measured)
                holder = self.measurer.process
            except Lost as error:
                finding, cpu = Finding(not_measurable=f"{TROUBLE}{error}"), None
            yield name, Measurement(finding, time.monotonic() - began, cpu)

    def decode_all(self, given: Given[bytes]) -> Given[Pixels]:
        """Raises BadPicture."""
        named = [(f"the reference {key}", data) for key, _, data in given.references]
        named += [(f"image {number}", data) for number, data in enumerate(given.images, 1)]
        decoded: list[Pixels] = []
        left = TOGETHER
        for what, data in named:
            decoded.append(self._decode(data, what))
            left -= math.prod(decoded[-1].size)
            if left < 0:
                raise BadPicture(
                    f"the pictures have more than {TOGETHER / 1e6:g} megapixels together"
                )
        rest = iter(decoded)
        references = tuple((key, role, next(rest)) for key, role, _ in given.references)
        return Given(given.prompt, references, tuple(rest))

    def _decode(self, data: bytes, what: str) -> Pixels:
        try:
            return self.decode(data)
        except BadPicture as error:
            raise BadPicture(f"{what} cannot be opened: {error}") from None
        except Lost as error:
            raise BadPicture(f"{TROUBLE}could not open {what}: decoding it {error}") from None

    def decode(self, data: bytes) -> Pixels:
        """The pixels of untrusted bytes. Raises BadPicture for the decoder's reason, and Lost."""
        decoded = self.decoder.request(data, read_pixels)
        if isinstance(decoded, str):
            raise BadPicture(decoded)
        return decoded

    def end(self) -> None:
        self.decoder.end()
        self.measurer.end()


def read_pixels(source: BinaryIO) -> Pixels | str:
    """The decoder's answer: pixels, or its reason why there are none."""
    rows, left = [], 3 * MAX_PIXELS
    while row := read_frame(source, left):
        rows.append(row)
        left -= len(row)
    match json.loads(read_frame(source, LONGEST_END)):
        case {"reason": str(reason)}:
            return clean_text(reason)
        case {"size": [int(width), int(height)]} if min(width, height) > 0:
            pixels = Pixels((width, height), b"".join(rows))
            if len(pixels.data) == 3 * width * height:
                return pixels
    raise ValueError("neither pixels nor a reason")


def read_measured(source: BinaryIO) -> tuple[Finding, float]:
    reply = json.loads(read_frame(source, LONGEST_FINDING))
    return read_finding(reply["finding"]), float(reply["cpu_seconds"])


@cache
def get_apart() -> Apart:
    """This process's own, for as long as it lives."""
    apart = Apart()
    atexit.register(apart.end)
    return apart
