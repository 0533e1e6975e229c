"""Whether each ballot counts once: under concurrent submits, forged tokens, kills and nonsense.

`make bench-integrity` attacks the site in a private database that is thrown away; `ARGS=` names
some of the parts: submits tokens kills nonsense database. Loopback only.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.private_site import start_private_site  # noqa: E402

if __name__ == "__main__":
    start_private_site(fast=False)  # before anything that holds models

from arenas.definitions.models import Arena  # noqa: E402
from benchmarks.serving_cases import attacks, kills, nonsense, world  # noqa: E402
from benchmarks.serving_cases.machine import WebServer, serve  # noqa: E402

Attack = Callable[[Arena, WebServer, float], str]
PARTS: dict[str, Attack] = {
    "submits": lambda arena, server, scale: attacks.submit_together(
        arena, server.port, round(1000 * scale)
    ),
    "tokens": lambda arena, server, scale: attacks.present_tokens(
        arena, server.port, round(200 * scale)
    ),
    "nonsense": lambda arena, server, scale: nonsense.send_nonsense(
        arena, server.port, round(2000 * scale)
    ),
    "kills": lambda arena, server, scale: kills.kill_site(arena, server, round(50 * scale), 16),
    "database": lambda arena, server, scale: kills.kill_database(
        arena, server, max(1, round(5 * scale)), 16
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="a share of the full numbers")
    options = parser.parse_args()
    arena = world.make_world(6, 60)
    with serve() as server:
        for name in options.parts or PARTS:
            began = time.monotonic()
            print(PARTS[name](arena, server, options.scale))
            print(f"  ({name}: {time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
