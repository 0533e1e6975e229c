"""What generation costs and survives, on real workers against the stand-in.

`make bench-generation` runs it on private services that are thrown away; `ARGS=` names some of
the parts: throughput kills faults wait budget images memory. Loopback only.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ["CALL_SECONDS"] = "10"

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site()  # before anything that holds models

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count, Q, Sum  # noqa: E402
from django.utils import timezone  # noqa: E402
from redis import Redis  # noqa: E402

from arenas.candidates.models import Attempt, Candidate, GenerationRun, ServicePause  # noqa: E402
from arenas.candidates.resume import resume  # noqa: E402
from arenas.candidates.runs import Wish, start_run  # noqa: E402
from arenas.candidates.tasks import sweep  # noqa: E402
from arenas.competitors.models import Competitor  # noqa: E402
from arenas.definitions.enter import enter_competitors  # noqa: E402
from arenas.definitions.models import Arena, Outcome, Question  # noqa: E402
from arenas.images.models import RenditionProfile  # noqa: E402
from arenas.suites.models import Prompt, PromptSuite, SuiteEntry, SuiteVersion  # noqa: E402
from evalsite.standin.faults import FAULTS  # noqa: E402

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    PORT = probe.getsockname()[1]
URL = f"http://127.0.0.1:{PORT}"
PATIENCE = 600
STANDIN = {"DEBUG": "on", "EVALSITE_LOCAL_FAST": "1"}
SERVICES = {"GEMINI_BASE_URL": URL, "GEMINI_API_KEY": "stand-in-key-0123456789"}


@dataclass(frozen=True)
class Process:
    """What a process has used: CPU seconds, those of its ended children included, and memory."""

    pid: int

    @property
    def cpu(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        own = sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        return own + sum(child.cpu for child in self.children())

    def megabytes(self, name: str = "VmHWM") -> float:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def children(self) -> list["Process"]:
        text = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [Process(int(pid)) for pid in text.split()]


@contextmanager
def run(*command: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of the site in a group of its own, killed at the end."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **SERVICES, **environment},
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("VERBOSE") else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def standin(*options: str) -> Iterator[None]:
    with run("manage.py", "standin", "--port", str(PORT), *options, **STANDIN):
        until(lambda: bool(ask("count")))
        yield


def worker(queue: str, processes: int = 1) -> "contextmanager[subprocess.Popen[bytes]]":  # type: ignore[valid-type]
    quiet = ("--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat")
    return run("-m", "celery", "-A", "evalsite", "worker", "-Q", queue, f"-c{processes}", *quiet)


def ask(what: str) -> str:
    try:
        with urllib.request.urlopen(f"{URL}/_standin/{what}", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def until(condition: Callable[[], bool], *, sweeping: bool = False) -> None:
    """Wait, and look for lost work meanwhile as the scheduler does."""
    deadline, swept = time.monotonic() + PATIENCE, 0.0
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not within {PATIENCE} s: {count_statuses()}")
        if sweeping and time.monotonic() - swept > settings.SWEEP_SECONDS:
            sweep()
            swept = time.monotonic()
        time.sleep(0.1)


def count_statuses() -> dict[str, int]:
    rows = Candidate.objects.values_list("status").annotate(n=Count("pk")).order_by("status")
    return dict(rows)


def all_ended() -> bool:
    return not Candidate.objects.filter(status__in=Candidate.OPEN).exists()


def make_arena(texts: list[str], **competitor: object) -> Arena:
    """An empty database but for an arena of one Gemini model over these prompts."""
    tables = ", ".join(
        f'"{model._meta.db_table}"'
        for model in (Arena, Competitor, PromptSuite, Prompt, RenditionProfile)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
    with Redis.from_url(settings.REDIS_URL) as broker:
        broker.flushall()
    suite = PromptSuite.objects.create(name="bench")
    version = SuiteVersion.objects.create(suite=suite, number=1, content_hash="bench")
    profile = RenditionProfile.objects.create(width=256, height=256, size=65536)
    arena = Arena.objects.create(
        slug="bench", title="Bench", suite_version=version, profile=profile,
        outcomes=list(Outcome.values), board_raters=["person"],
    )  # fmt: skip
    Question.objects.create(arena=arena, key="better", text="Which is better?")
    for position, text in enumerate(texts):
        prompt = Prompt.objects.create(
            suite=suite, key=f"p{position}", content_hash=f"{position}", turns=[text]
        )
        SuiteEntry.objects.create(version=version, prompt=prompt, position=position)
    setting = {"provider": "gemini", "model": "gemini-2.5-flash-image", **competitor}
    made = Competitor.objects.create(name="nano", **setting)
    enter_competitors(arena, [made], now=timezone.now())
    return arena


def start(arena: Arena, wish: Wish | None = None) -> GenerationRun:
    made = start_run(arena, wish or Wish(), by="a benchmark", now=timezone.now())
    assert made is not None
    return made


def count_calls() -> int:
    """Calls that reached the service, by the service's own count."""
    return int(json.loads(ask("count"))["calls"])


def measure_throughput(scale: float) -> None:
    """1,000 candidates at 2 s each, 64 under way in one process."""
    number = round(1000 * scale)
    arena = make_arena([f"Picture {n}" for n in range(number)])
    with ExitStack() as stack:
        stack.enter_context(standin("--latency", "2", "--size", "256x256"))
        master = stack.enter_context(worker("generate"))
        images = stack.enter_context(worker("images"))
        [generator] = wait_for_children(master)
        wait_for_children(images)
        openers = Process(images.pid)
        before, opened = generator.cpu, openers.cpu
        held: list[float] = []
        start(arena)
        began = time.monotonic()
        sweep()
        received = Candidate.objects.exclude(status__in=["planned", "running"])

        def finished() -> bool:
            held.append(generator.megabytes("VmRSS"))
            return received.count() == number

        until(finished)
        seconds = time.monotonic() - began
        cpu = generator.cpu - before
        until(all_ended)
        opening = time.monotonic() - began
        print(f"{number} candidates received in {seconds:.1f} s, all opened after {opening:.1f} s")
        ideal = number / 64 * 2
        print(f"  ideal {ideal:.1f} s: {ideal / seconds:.1%} of the ideal rate")
        print(f"  {1000 * cpu / number:.1f} ms of CPU per candidate in the generating process")
        print(f"  {1000 * (openers.cpu - opened) / number:.1f} ms to decode and encode, elsewhere")
        third = held[len(held) // 3 : len(held) // 3 + 20]
        print(
            f"  memory {sum(third) / len(third):.0f} MB after a third, {held[-1]:.0f} MB at the "
            f"end, {generator.megabytes():.0f} MB at most; {count_statuses()}"
        )


def wait_for_children(process: "subprocess.Popen[bytes]") -> list[Process]:
    until(lambda: bool(Process(process.pid).children()))
    return Process(process.pid).children()


def measure_kills(scale: float) -> None:
    """30 SIGKILLs of the workers and one FLUSHALL during 200 candidates."""
    number, kills, rng = round(200 * scale), round(30 * scale), random.Random(1)
    arena = make_arena([f"Picture {n}" for n in range(number)])
    with ExitStack() as stack:
        stack.enter_context(standin("--latency", "0.5", "--size", "256x256"))
        start(arena)
        in_flight = 0
        for kill in range(kills):
            with worker("generate", 2), worker("images"):
                until(lambda: count_statuses().get("running", 0) > 0 or all_ended(), sweeping=True)
                until(lambda: rng.random() < 0.2, sweeping=True)
                in_flight = max(in_flight, count_statuses().get("running", 0))
            if kill == kills // 2:
                with Redis.from_url(settings.REDIS_URL) as broker:
                    broker.flushall()
        killed = time.monotonic()
        before = count_statuses()
        with worker("generate", 2), worker("images"):
            until(all_ended, sweeping=True)
        seconds = time.monotonic() - killed
        calls = count_calls()
        pictures = Count("parts", filter=Q(parts__image__isnull=False))
        rows = Candidate.objects.annotate(n=pictures).exclude(n=1).count()
        print(f"{kills} kills and a flush: {count_statuses()}; before the last start {before}")
        print(
            f"  {rows} candidates with other than one picture; {calls - number} wasted calls "
            f"(bound: {kills} kills × {in_flight} under way = {kills * in_flight})"
        )
        print(
            f"  finished {seconds:.1f} s after the last kill (start of the workers included; "
            f"lease {settings.LEASE_SECONDS} s, sweep {settings.SWEEP_SECONDS} s)"
        )


def measure_faults(scale: float) -> None:
    """Every fault of the stand-in, three times each, in one run."""
    names = [name for name, fault in FAULTS.items() if "gemini" in fault.protocols]
    # A model that is gone is called no more, whatever else was asked of it: it comes last, alone.
    measure_some(sorted(set(names) - {"not_found"}, key=names.index))
    measure_some(["not_found"])


def measure_some(names: list[str]) -> None:
    # What closes an account would, every time, wait for the account for ever.
    once = {"key_invalid", "unauthorized", "forbidden", "quota_day"}
    marks = [f"[fault:{name}:1]" if name in once else f"[fault:{name}]" for name in names]
    arena = make_arena([f"{mark} {n}" for mark in marks for n in range(3)])
    pauses: Counter[str] = Counter()

    def ended() -> bool:
        for pause in ServicePause.objects.all():
            pauses[f"{pause.scope} ({pause.cause})"] += 1
            resume(pause)  # as a person does on the run's page who has mended the account
        return all_ended()

    with standin("--size", "256x256"), worker("generate"), worker("images"):
        start(arena)
        began = time.monotonic()
        until(ended, sweeping=True)
    rows = Candidate.objects.select_related("prompt").order_by("pk")
    print(f"{len(names)} faults × 3 in {time.monotonic() - began:.0f} s: {count_statuses()}")
    unexplained = [row.prompt.turns[0] for row in rows if row.status != "done" and not row.reason]
    print(f"  {len(unexplained)} without a reason; pauses: {dict(pauses)}")
    for row in rows[::3]:
        print(f"  {row.prompt.turns[0][7:-3]:24} {row.status:15} {row.reason[:110]}")


def measure_wait(scale: float) -> None:
    """How long after a 429 with RetryInfo of 3 s the next attempt comes."""
    arena = make_arena([f"[fault:rate_limit:1] {n}" for n in range(round(20 * scale))])
    with standin("--size", "256x256"), worker("generate"), worker("images"):
        start(arena)
        until(all_ended, sweeping=True)
        waits = read_waits()
    print(
        f"429 with RetryInfo 3 s, {len(waits)} times: next attempts after "
        f"{min(waits):.2f} to {max(waits):.2f} s; {count_statuses()}"
    )


def read_waits() -> list[float]:
    """Seconds between the first and the second call with the same body, on the wire."""
    seen: dict[str, float] = {}
    waits = []
    for line in ask("received").splitlines():
        row = json.loads(line)
        if "generateContent" not in row["path"]:
            continue
        body = json.dumps(row["body"]["contents"])
        if body in seen:
            waits.append(row["at"] - seen[body])
        seen[body] = row["at"]
    return waits


def measure_budget(scale: float) -> None:
    """A budget of 1 USD at 0.039 USD a picture."""
    budget = Decimal(1) * Decimal(str(scale))
    texts = [f"Picture {n}" for n in range(round(60 * scale))]
    arena = make_arena(texts, price={"image": 0.039})
    with standin("--size", "256x256", "--latency", "0.3"), worker("generate", 2), worker("images"):
        made = start(arena, Wish(budget_usd=budget))
        until(lambda: not GenerationRun.objects.filter(state="active").exists(), sweeping=True)
        calls = count_calls()
    cost = Attempt.objects.filter(run=made).aggregate(usd=Sum("cost_usd"))["usd"]
    print(f"budget of ${budget:.2f} at $0.039: {calls} calls, ${cost}; {count_statuses()}")


def measure_images(scale: float) -> None:
    """A 27 MB image, a bomb, corrupt and mislabelled ones."""
    faults = ("huge_png", "bomb", "corrupt_png", "mislabelled", "wrong_mime", "zero_bytes")
    arena = make_arena([f"[fault:{name}] {n}" for name in faults for n in range(3)])
    with standin(), worker("generate") as one, worker("images") as two:
        processes = wait_for_children(one) + wait_for_children(two)
        start(arena)
        until(all_ended, sweeping=True)
        most = [process.megabytes() for process in processes]
    print(f"images: at most {most[0]:.0f} MB while generating, {most[1]:.0f} MB while opening")
    for row in Candidate.objects.select_related("prompt").order_by("pk")[::3]:
        print(f"  {row.prompt.turns[0]:24} {row.status:10} {row.reason}")


def measure_memory(scale: float) -> None:
    """64 calls under way with answers of 8 MB."""
    arena = make_arena([f"Picture {n}" for n in range(round(192 * scale))])
    options = ("--answer-megabytes", "8", "--latency", "1", "--size", "256x256")
    with standin(*options), worker("generate") as one, worker("images"):
        [generator] = wait_for_children(one)
        start(arena)
        most_running: Counter[str] = Counter()

        def ended() -> bool:
            most_running["n"] = max(most_running["n"], count_statuses().get("running", 0))
            return all_ended()

        until(ended, sweeping=True)
        print(
            f"{len(arena.prompts())} answers of 8 MB, {most_running['n']} under way: "
            f"{generator.megabytes():.0f} MB at most; {count_statuses()}"
        )


PARTS = {
    "throughput": measure_throughput,
    "kills": measure_kills,
    "faults": measure_faults,
    "wait": measure_wait,
    "budget": measure_budget,
    "images": measure_images,
    "memory": measure_memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the full numbers")
    options = parser.parse_args()
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory():
            print(f"{name}: {PARTS[name].__doc__}")
            PARTS[name](options.scale)


if __name__ == "__main__":
    main()
