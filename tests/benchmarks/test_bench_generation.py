"""The benchmark of generation, small: real workers, the real SDK, the stand-in."""

import os
import re
import subprocess
import sys

from tests.factories import ROOT

OURS = ("DATABASE_URL", "REDIS_URL", "EVALSITE_LOCAL", "LEASE_SECONDS", "SWEEP_SECONDS")


def test_a_budget_is_kept_by_real_workers() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    command = [sys.executable, "-m", "benchmarks.generation", "budget", "--scale", "0.1"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    found = re.search(r"budget of \$0\.10 at \$0\.039: (\d+) calls, \$([\d.]+)", ended.stdout)
    assert found, ended.stdout
    assert (int(found[1]), float(found[2])) == (2, 0.078)
