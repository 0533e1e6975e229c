"""What rating votes costs, beside the engines that others wrote.

`make bench-rating` runs it. Peers are installed in an environment of their own, once. Every
measurement is the first call in a fresh process, one process at a time, all in turn, with one
thread for linear algebra. A peer's time starts when its votes are in memory; ours, where a
file is named, before the file is opened.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".local/bench-peers"
# evalica and choix read the votes with pandas and pyarrow; arena-rank brings JAX.
PACKAGES = {
    "evalica_peer": ["evalica==0.4.2", "pandas==3.1.1", "pyarrow==26.0.1"],
    "choix_peer": ["choix==0.4.1", "pandas==3.1.1", "pyarrow==26.0.1"],
    "arena_rank_peer": ["arena-rank==0.1.1", "jax==0.8.1"],
}
LIMIT_SECONDS = 180
REPEATS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table: a case of one module in `benchmarks/rating_cases`."""

    size: str
    module: str
    name: str
    says: str
    repeats: int = REPEATS

    @property
    def key(self) -> str:
        return f"{self.size}:{self.module}:{self.name}"


CASES = (
    Case("large", "reading", "in_batches", "three columns decoded, thrown away"),
    Case("large", "reading", "whole", "three columns read into memory"),
    Case("large", "ours", "from_file", "Parquet → ratings + sandwich intervals"),
    Case("large", "evalica_peer", "from_strings", "ratings alone, from strings", 1),
    Case("large", "arena_rank_peer", "with_intervals", "ratings + sandwich intervals", 1),
    Case("small", "ours", "from_file", "Parquet → ratings + sandwich intervals"),
    Case("small", "ours", "from_strings", "strings → ratings + sandwich intervals"),
    Case("small", "ours", "bootstrap", "Parquet → ratings + 1000 bootstrap rounds"),
    Case("small", "evalica_peer", "from_frame", "ratings alone, from a data frame"),
    Case("small", "evalica_peer", "from_strings", "ratings alone, from strings"),
    Case("small", "evalica_peer", "weighted", "ratings alone, votes added up by pandas"),
    Case("small", "evalica_peer", "exact", "ratings to the last digit", 1),
    Case("small", "choix_peer", "exact", "ratings from a matrix of wins", 1),
    Case("small", "arena_rank_peer", "with_intervals", "ratings + sandwich intervals", 2),
)

LARGE, SMALL, STRINGS = "large:ours:from_file", "small:ours:from_file", "small:ours:from_strings"
ARENA_RANK, EVALICA = "arena_rank_peer:with_intervals", "evalica_peer:from_strings"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of one case, over that of another where one is named, and what it has to be."""

    says: str
    case: str
    over: str | None
    figure: str
    limit: float
    at_least: bool = False


TARGETS = (
    Target("large, whole / columns into memory", LARGE, "large:reading:whole", "wall", 2),
    Target("large, whole / columns into memory", LARGE, "large:reading:whole", "cpu", 2),
    Target("large, whole / columns thrown away", LARGE, "large:reading:in_batches", "cpu", 2),
    Target("large, arena-rank / ours", f"large:{ARENA_RANK}", LARGE, "cpu", 20, True),
    Target("large, evalica's fit / ours", f"large:{EVALICA}", LARGE, "cpu", 20, True),
    Target("small, arena-rank / ours", f"small:{ARENA_RANK}", SMALL, "cpu", 60, True),
    Target(
        "small, evalica on a frame / ours", "small:evalica_peer:from_frame", SMALL, "cpu", 15, True
    ),
    Target("small, evalica on strings / ours", f"small:{EVALICA}", SMALL, "cpu", 15, True),
    Target("small, evalica weighted / ours", "small:evalica_peer:weighted", SMALL, "cpu", 4, True),
    Target("small, from strings, ours / evalica", STRINGS, f"small:{EVALICA}", "cpu", 1),
    Target("small, 1000 bootstrap rounds, s", "small:ours:bootstrap", None, "cpu", 0.6),
)
# In points: how far ratings may lie apart that maximise one likelihood.
AGREEMENT = 1e-3

Figures = Mapping[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Measure the rating engine and its peers.")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the votes")
    parser.add_argument("--alone", action="store_true", help="without peers")
    options = parser.parse_args(arguments)
    share = 100 if options.quick else 1
    sizes = {"large": (10_000_000 // share, 200), "small": (1_000_000 // share, 50)}
    ready = set() if options.alone else install_peers()
    figures, ratings = run(sizes, {"ours", "reading", *ready})
    print_figures(sizes, figures)
    print_targets(figures, ratings)


def install_peers() -> set[str]:
    """The peers that are there, installed where they were not; a line for each that is not."""
    if not PEERS.exists():
        venv.create(PEERS, with_pip=True)
    pip = [str(PEERS / "bin/python"), "-m", "pip", "install", "--quiet"]
    ready = set()
    for module, packages in PACKAGES.items():
        done = subprocess.run(
            [*pip, "--disable-pip-version-check", *packages], capture_output=True, text=True
        )
        if done.returncode == 0:
            ready.add(module)
        else:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"skipped: {packages[0]} cannot be installed ({reason})")
    return ready


def run(
    sizes: Mapping[str, tuple[int, int]], modules: set[str], *, turns: int = REPEATS
) -> tuple[dict[str, Figures], dict[str, dict[str, float]]]:
    """The median figures of each case, by its key, and the ratings that it gave."""
    cases = [case for case in CASES if case.size in sizes and case.module in modules]
    runs: dict[str, list[dict[str, float]]] = {case.key: [] for case in cases}
    ratings = {}
    with tempfile.TemporaryDirectory(prefix="evalsite-bench-") as folder:
        paths = {size: Path(folder) / f"{size}.parquet" for size in sizes}
        for size, (votes, models) in sizes.items():
            # In a process of its own: a child begins with the peak of memory of its parent.
            run_module(sys.executable, "votes", str(votes), str(models), str(paths[size]))
        for turn in range(turns):
            for case in cases:
                if turn < case.repeats:
                    print(f"{case.key}, run {turn + 1}", file=sys.stderr)
                    found = measure(case, paths[case.size])
                    ratings[case.key] = found.pop("ratings")
                    runs[case.key].append(found)
    return {key: _medians(found) for key, found in runs.items()}, ratings


def measure(case: Case, path: Path) -> dict[str, Any]:
    python = str(PEERS / "bin/python") if case.module in PACKAGES else sys.executable
    said = run_module(python, case.module, case.name, str(path))
    return cast(dict[str, Any], json.loads(said.splitlines()[-1]))


def run_module(python: str, module: str, *arguments: str) -> str:
    done = subprocess.run(
        [python, "-m", f"benchmarks.rating_cases.{module}", *arguments],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    if done.returncode:
        sys.exit(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def _medians(runs: Sequence[Figures]) -> Figures:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def print_figures(sizes: Mapping[str, tuple[int, int]], figures: Mapping[str, Figures]) -> None:
    print("\n| votes × models | who | what | wall s | CPU s | whole process, CPU s | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        if case.key in figures:
            votes, models = sizes[case.size]
            found = figures[case.key]
            cells = [f"{found[name]:.3f}" for name in ("wall", "cpu", "process")]
            who = case.module.removesuffix("_peer").replace("_", "-")
            line = [f"{votes:,} × {models}", who, case.says, *cells, f"{found['peak']:.0f}"]
            print("| " + " | ".join(line) + " |")


def print_targets(figures: Mapping[str, Figures], ratings: Mapping[str, dict[str, float]]) -> None:
    print("\n| target | of | wanted | measured | met |\n|---|---|---|---|---|")
    for target in TARGETS:
        if target.case not in figures or (target.over and target.over not in figures):
            continue
        measured = figures[target.case][target.figure]
        if target.over:
            measured /= figures[target.over][target.figure]
        met = _said((measured >= target.limit) == target.at_least)
        wanted = f"{'≥' if target.at_least else '≤'} {target.limit:g}"
        cells = (target.says, target.figure, wanted, f"{measured:.3g}", met)
        print("| " + " | ".join(cells) + " |")
    for peer in ("evalica_peer", "choix_peer"):
        if f"small:{peer}:exact" in ratings:
            apart = distance(ratings[SMALL], ratings[f"small:{peer}:exact"])
            name, met = peer.removesuffix("_peer"), _said(apart <= AGREEMENT)
            print(f"| small, ours - {name} | points | ≤ {AGREEMENT:g} | {apart:.2g} | {met} |")


def _said(met: bool) -> str:
    return "yes" if met else "no"


def distance(ours: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    """The largest difference of two ratings of a model, each list having mean 0, in points."""
    first = np.array(list(ours.values()))
    second = np.array([theirs[model] for model in ours])
    return float(np.abs((first - first.mean()) - (second - second.mean())).max())


if __name__ == "__main__":
    main()
