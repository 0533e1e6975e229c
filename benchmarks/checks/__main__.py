"""Checks against pictures whose truth is known: python -m benchmarks.checks [NAME…] [--seed N]."""

import argparse
import pkgutil
from importlib import import_module

import cv2

import benchmarks.checks
from benchmarks.checks.table import show

SHARED = {"__main__", "table"}


def main() -> None:
    cases = pkgutil.iter_modules(benchmarks.checks.__path__)
    known = sorted(name for _, name, _ in cases if name not in SHARED and name[0] != "_")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, known], metavar="NAME", default=known)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for name in arguments.names:
        print(f"\n{name}\n{show(import_module(f'benchmarks.checks.{name}').run(arguments.seed))}")


if __name__ == "__main__":
    main()
