"""Check an exported ledger, and count from it, without a site:

    python -m arenas.ledger LEDGER.jsonl [--arena SLUG --votes VOTES.jsonl]

Every digest, root and link of the chain is computed anew. `--votes` writes the arena's votes in the
form that `python -m metrics.rate` reads.
"""

import argparse
import json
import sys
from pathlib import Path

from arenas.ledger.chain import BrokenLedger
from arenas.ledger.read import read_entries
from arenas.ledger.rebuild import rebuild_votes


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m arenas.ledger", description=__doc__)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--arena", metavar="SLUG", help="whose votes are written")
    parser.add_argument("--votes", type=Path, metavar="F", help="where they are written")
    options = parser.parse_args()
    if (options.arena is None) != (options.votes is None):
        parser.error("--arena and --votes go together")
    try:
        with options.ledger.open("rb") as lines:
            entries = list(read_entries(lines))
        print(f"the ledger is whole: {len(entries)} rows")  # noqa: T201
        if options.votes:
            votes = list(rebuild_votes(entries, options.arena))
            options.votes.write_text("".join(json.dumps(vote) + "\n" for vote in votes))
            print(f"{len(votes)} votes that stand written to {options.votes}")  # noqa: T201
    except BrokenLedger as error:
        return complain(str(error))
    except OSError as error:
        return complain(f"{error.filename or options.ledger}: {error.strerror or error}")
    return 0


def complain(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
