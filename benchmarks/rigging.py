"""What rigged votes move, and what is left of it without the votes of flagged raters.

    python -m benchmarks.rigging [--runs N] [--seed FIRST] [--noise SHARE] [--only NAME]

Honest raters vote on pairs drawn by lot; beside them attackers cast a share of all votes, to lift
a competitor of the lower middle. Its place by the site's own rating is compared with that by the
same honest votes alone: with everybody's votes, and without those of flagged raters. Then honest
raters of several kinds are looked at after every twentieth of their votes, without an attack.
Settings were chosen on other seeds (1 to 6, 500 to 507 and 1000 to 1005). CPU seconds are of
one search.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np

from benchmarks.rigging_attacks import (
    ARENA,
    ATTACKS,
    HONEST,
    World,
    draw_attack,
    draw_quotas,
    draw_tastes,
    draw_votes,
    find_place,
    set_scene,
)
from metrics.stats.comparisons import BoolArray, FloatArray
from metrics.stats.rigging import find_riggers

SHARES = (0.01, 0.05, 0.10)
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Defence:
    """One attack: places gained, undefended and defended; flagged shares, 0..1, of all votes of
    honest raters, of those of the minority, and of the rigged ones; CPU seconds."""

    undefended: int
    defended: int
    honest: float
    minority: float
    caught: float
    seconds: float


def run_attack(name: str, share: float, seed: int, *, noise: float = 0.0) -> Defence:
    rng = np.random.default_rng(seed)
    scene = set_scene(ARENA, rng)
    tastes, minor = draw_tastes(scene, rng)
    honest = draw_votes(scene, tastes, draw_quotas(ARENA, rng), rng)
    rigged = draw_attack(scene, honest, ATTACKS[name], share, rng, noise=noise)
    votes = honest.joined(rigged)
    start = process_time()
    found = [suspicion.rater for suspicion in find_riggers(votes.compare(ARENA.models))]
    seconds = process_time() - start
    place, flagged = find_place(honest, scene), np.isin(honest.rater, found)
    return Defence(
        undefended=place - find_place(votes, scene),
        defended=place - find_place(votes.without(found), scene),
        honest=float(flagged.mean()),
        minority=_share(flagged[minor[honest.rater]]),
        caught=float(np.isin(rigged.rater, found).mean()),
        seconds=seconds,
    )


@dataclass(frozen=True, slots=True)
class Watch:
    """Honest raters alone: the shares, 0..1, of their votes, and of the minority's, whose rater
    was flagged at any look."""

    flagged: float
    minority: float


def run_watch(world: World, seed: int) -> Watch:
    rng = np.random.default_rng(seed)
    scene = set_scene(world, rng)
    tastes, minor = draw_tastes(scene, rng)
    votes = draw_votes(scene, tastes, draw_quotas(world, rng), rng)
    found: set[int] = set()
    for look in np.arange(1, LOOKS + 1) / LOOKS:
        seen = votes.select(votes.time <= look)
        found |= {suspicion.rater for suspicion in find_riggers(seen.compare(world.models))}
    flagged: BoolArray = np.isin(votes.rater, list(found))
    return Watch(float(flagged.mean()), _share(flagged[minor[votes.rater]]))


def _share(hits: BoolArray) -> float:
    return float(hits.mean()) if len(hits) else 0.0


def report(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="of each case (default: 20)")
    parser.add_argument("--seed", type=int, default=101, help="of the first run (default: 101)")
    parser.add_argument("--noise", type=float, default=0.0, help="honest share of rigged votes")
    parser.add_argument("--only", default="", metavar="NAME", help="cases whose name holds this")
    options = parser.parse_args(arguments)
    seeds = range(options.seed, options.seed + options.runs)
    print(f"{options.runs} runs from seed {options.seed}; {options.noise:.0%} honest votes between")
    print("places gained, and percent of votes, mean ± 1.96 standard errors; worst in brackets")
    print(
        f"{'attack':26} {'votes':>5} {'undefended':>16} {'defended':>16} {'of 3 or more':>16}"
        f" {'honest flagged':>17} {'minority flagged':>17} {'caught':>13} {'CPU s':>5}"
    )
    for name in ATTACKS:
        for share in SHARES:
            if options.only in name:
                print_attack(
                    f"{name:26} {share:5.0%}",
                    [run_attack(name, share, seed, noise=options.noise) for seed in seeds],
                )
    print(f"\n{'honest raters alone':36} {'anybody':>7} {'flagged, ever':>17} {'of minority':>17}")
    for world in HONEST:
        if options.only in world.name:
            print_watch(f"{world.name:36}", [run_watch(world, seed) for seed in seeds])


def print_attack(name: str, runs: Sequence[Defence]) -> None:
    undefended, defended, honest, minority, caught, seconds = (
        np.array([getattr(run, column) for run in runs], dtype=np.float64)
        for column in Defence.__slots__
    )
    moved = defended[undefended >= 3]
    held = f"{(moved <= 1).sum()} of {len(moved)} ≤ 1" if len(moved) else "none"
    print(
        f"{name} {_mean(undefended)} {_mean(defended)} {held:>16} {_mean(100 * honest)} "
        f"{_mean(100 * minority)} {100 * caught.mean():6.1f} ({100 * caught.min():3.0f})"
        f" {seconds.mean():6.2f}",
        flush=True,
    )


def print_watch(name: str, runs: Sequence[Watch]) -> None:
    flagged, minority = (np.array([getattr(r, c) for r in runs]) for c in Watch.__slots__)
    anybody = f"{(flagged > 0).sum()}/{len(runs)}"
    print(f"{name} {anybody:>7} {_mean(100 * flagged)} {_mean(100 * minority)}", flush=True)


def _mean(values: FloatArray) -> str:
    error = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():5.2f} ±{error:4.2f} ({values.max():3.0f})"


if __name__ == "__main__":
    report()
