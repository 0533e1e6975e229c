"""What serving a rater costs: an answer in, the next ballot out, beside the least Django can do.

`make bench-serving` runs the site in a private database that is thrown away, with the web server
that the site has, and 32 raters who answer without pause from one process on the same machine.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    collect = ("manage.py", "collectstatic", "--noinput", "--verbosity=0")
    subprocess.run([sys.executable, *collect], cwd=ROOT, check=True)
    start_private_site(fast=False)  # before anything that holds models

import numpy as np  # noqa: E402

from arenas.definitions.models import Arena  # noqa: E402
from benchmarks.serving_cases import bare, machine, world  # noqa: E402
from benchmarks.serving_cases.load import Seen, rate_during  # noqa: E402
from benchmarks.serving_cases.page import measure_page  # noqa: E402
from benchmarks.serving_cases.queries import count_logged, count_queries  # noqa: E402

WARM_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Load:
    """How many raters answer, and for how long."""

    raters: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of load: how long its cycles took, and what was spent in it (see `Clock`)."""

    milliseconds: np.ndarray
    spent: np.ndarray
    seen: Seen

    @property
    def costs(self) -> np.ndarray:
        """CPU milliseconds a cycle: of the web server, the database, and this process."""
        return np.asarray(1000 * self.spent[1:] / len(self.milliseconds))

    @property
    def cpu(self) -> float:
        """CPU milliseconds a cycle that serving takes, the database's included."""
        return float(self.costs[:2].sum())

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.milliseconds, share))


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds so far: wall, and CPU of the web server, the database, and this process."""

    web: int
    database: int

    def read(self) -> np.ndarray:
        used = machine.read_cpu(self.web), machine.read_cpu(self.database)
        return np.array([time.perf_counter(), *used, time.process_time()])


def measure_leg(application: str, path: str, load: Load) -> Leg:
    """Start the web server, warm it up, and load it for as long as asked."""
    readings: list[np.ndarray] = []
    with machine.serve(application) as server:
        assert server.process is not None
        clock = Clock(server.process.pid, machine.find_postmaster())

        def work() -> None:
            time.sleep(WARM_SECONDS)
            readings.append(clock.read())
            time.sleep(load.seconds)
            readings.append(clock.read())

        seen = rate_during(work, load.raters, server.port, path)
    if not seen.moments:
        sys.exit(f"{application} took no answer: {dict(seen.troubles)}")
    began, ended = readings
    moments = np.array(seen.moments)
    inside = (moments >= began[0]) & (moments < ended[0])
    return Leg(1000 * np.array(seen.seconds)[inside], ended - began, seen)


def pool(legs: list[Leg]) -> Leg:
    """Several legs as one."""
    seen = Seen()
    for leg in legs:
        seen.add(leg.seen)
    milliseconds = np.concatenate([leg.milliseconds for leg in legs])
    return Leg(milliseconds, np.sum([leg.spent for leg in legs], axis=0), seen)


def describe(name: str, leg: Leg) -> str:
    p50, p95, p99 = (leg.percentile(share) for share in (50, 95, 99))
    web, database, client = leg.costs
    return (
        f"{name:<10} {len(leg.milliseconds) / leg.spent[0]:7.1f} cycles/s"
        f"  p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f} ms"
        f"  CPU {leg.cpu:5.2f} ms a cycle: web {web:.2f}, PostgreSQL {database:.2f}"
        f" (client {client:.2f})  errors {leg.seen.troubles.total()}"
    )


def measure_load(arena: Arena, load: Load) -> None:
    """The peer, the site twice, and the peer again; then what the site kept of the answers."""
    before = world.count_votes(arena)
    path = f"/arenas/{arena.slug}/vote/"
    order = {"bare": (bare.APPLICATION, "/"), "site": (machine.SITE, path)}
    legs: dict[str, list[Leg]] = {"bare": [], "site": []}
    for name in ("bare", "site", "site", "bare"):
        legs[name].append(measure_leg(*order[name], load))
        print("  " + describe(name, legs[name][-1]), flush=True)
    site, peer = pool(legs["site"]), pool(legs["bare"])
    print("  " + describe("bare, both", peer))
    print("  " + describe("site, both", site))
    slower, dearer = site.percentile(99) / peer.percentile(99), site.cpu / peer.cpu
    print(f"  site / bare: p99 {slower:.2f} (target 3), CPU {dearer:.2f}")
    for trouble, times in (site.seen.troubles + peer.seen.troubles).most_common(5):
        print(f"  {times} × {trouble}")
    stored = world.count_votes(arena) - before
    print(
        f"  {len(site.seen.answered)} answers taken, {stored} votes stored: "
        f"{world.find_lost(site.seen.answered)} lost, {world.count_doubled(arena)} doubled"
    )


def measure_queries(arena: Arena, *, verbose: bool) -> None:
    queries, frames, last = count_queries(arena)
    with machine.serve() as server:
        logged = count_logged(arena, server.port)
    print(f"  queries a cycle: {tell(queries)} (target 6), to frame transactions: {tell(frames)}")
    print(f"  statements that the server logs of it, probes included: {tell(logged)}")
    if verbose:
        print("\n".join(f"    {sql[:160]}" for sql in last))


def tell(counts: Counter[int]) -> str:
    """The numbers that cycles came to, the commonest first, with how many cycles each."""
    return ", ".join(f"{number} in {cycles}" for number, cycles in counts.most_common(4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raters", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60, help="of each of the four legs")
    parser.add_argument("--votes", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--page", action="store_true", help="the page in Chromium instead")
    parser.add_argument("--queries", action="store_true", help="only count and list the queries")
    options = parser.parse_args()
    if options.page:
        measure_page(world.make_world(4, 10, large=True))
        return
    bare.make_tables()
    arena = world.make_world(options.models, options.prompts)
    for votes in sorted(options.votes):
        world.fill_votes(arena, votes)
        print(f"{world.count_votes(arena):,} votes, {options.raters} raters", flush=True)
        measure_queries(arena, verbose=options.queries)
        if not options.queries:
            measure_load(arena, Load(options.raters, options.seconds))


if __name__ == "__main__":
    main()
