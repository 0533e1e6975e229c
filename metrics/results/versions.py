"""How a check's present version differs from earlier ones, on what both have measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy.stats import spearmanr

from arenas.candidates.plan import select_candidates
from arenas.definitions.models import Arena
from metrics.results.asking import make_check
from metrics.results.models import CheckResult
from metrics.results.summarise import find_headline

FEWEST = 3  # candidates below which a correlation says nothing


@dataclass(frozen=True, slots=True)
class VersionChange:
    """From an earlier version to the present one, by the headline measure.

    `both` candidates were measured by both; `gained` only by the present one, `lost` only by the
    earlier one. `correlation` is Spearman's, None where it says nothing.
    """

    version: str
    both: int
    gained: int
    lost: int
    shift: float | None
    correlation: float | None


def compare_versions(arena: Arena, name: str) -> list[VersionChange]:
    """One row for each earlier version with a result in the arena, by name."""
    check = make_check(name)
    results = CheckResult.objects.filter(
        check_name=name, candidate__in=select_candidates(arena).order_by().values("pk")
    )
    by_version: dict[str, dict[int, float | None]] = {}
    measure = find_headline(check).name
    for version, candidate, values in results.values_list("version", "candidate_id", "values"):
        by_version.setdefault(version, {})[candidate] = values.get(measure)
    now = by_version.pop(check.version, {})
    return [compare(version, before, now) for version, before in sorted(by_version.items())]


def compare(
    version: str, before: Mapping[int, float | None], now: Mapping[int, float | None]
) -> VersionChange:
    """Only candidates that both versions were tried on are compared."""
    tried = [(before[pk], now[pk]) for pk in before if pk in now]
    pairs = [(old, new) for old, new in tried if old is not None and new is not None]
    return VersionChange(
        version,
        len(pairs),
        sum(old is None and new is not None for old, new in tried),
        sum(old is not None and new is None for old, new in tried),
        fmean(new - old for old, new in pairs) if pairs else None,
        correlate(pairs),
    )


def correlate(pairs: list[tuple[float, float]]) -> float | None:
    old, new = np.array(pairs).reshape(-1, 2).T
    if len(pairs) < FEWEST or np.ptp(old) == 0 or np.ptp(new) == 0:
        return None
    return float(spearmanr(old, new).statistic)
