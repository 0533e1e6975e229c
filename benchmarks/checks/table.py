"""The rows of the known-answer benches, and their intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, its 95 % interval, what it should be, and over how many cases."""

    what: str
    figure: float
    interval: tuple[float, float] | None = None
    target: str = ""
    n: int = 0


def resample(
    cases: Mapping[str, Sequence[Any]], measure: Callable[[list[Any]], float], *, seed: int
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a figure, whole subjects drawn anew (Efron 1979)."""
    rng, names = np.random.default_rng(seed), list(cases)
    drawn = (rng.choice(names, len(names)) for _ in range(RESAMPLES))
    figures = [measure([case for name in each for case in cases[name]]) for each in drawn]
    low, high = np.nanquantile(figures, (0.025, 0.975))
    return float(low), float(high)


def show(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        interval = "" if row.interval is None else f"{row.interval[0]:.3f} … {row.interval[1]:.3f}"
        lines.append(f"{row.what:62} {row.figure:8.3f}  {interval:17} {row.target:10} n={row.n}")
    return "\n".join(lines)
