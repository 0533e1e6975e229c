"""Runs one case in a process of its own: `python -m benchmarks.rating_cases.NAME CASE VOTES`."""

import json
import resource
import sys
from collections.abc import Callable, Mapping
from time import perf_counter, process_time
from typing import Any

COLUMNS = ["model_a", "model_b", "winner"]
POINTS_PER_E = 400 / 2.302585092994046

# Prepares what a case is given, from the file's path, and returns what is measured; that
# returns the ratings in points, or nothing.
Prepare = Callable[[str], Callable[[], Mapping[str, float] | None]]


def main(cases: Mapping[str, Prepare]) -> None:
    """Measure the first call: nothing is warm but the imports and what is prepared."""
    _, case, path = sys.argv
    call = cases[case](path)
    wall, cpu = perf_counter(), process_time()
    ratings = call()
    figures: dict[str, Any] = {"wall": perf_counter() - wall, "cpu": process_time() - cpu}
    figures["process"] = process_time()
    # Linux counts in kilobytes, macOS in bytes.
    unit = 1024**2 if sys.platform == "darwin" else 1024
    figures["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    print(json.dumps(figures | {"ratings": ratings and dict(ratings)}))
