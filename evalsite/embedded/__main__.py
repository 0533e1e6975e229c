"""Starts a keeper for the state folder named, in the background."""

import logging
import os
import sys
from pathlib import Path

from evalsite.embedded.keeper import Keeper
from evalsite.embedded.places import EmbeddedError, write_record


def main(state: Path) -> None:
    """Start a keeper, and end as soon as it can be reached.

    Whatever may fail is done before the keeper goes on alone, because nobody hears it then.
    """
    try:
        keeper = Keeper(state)
        pid = os.fork()
        if pid:
            write_record(state, pid=pid, sockets=str(keeper.sockets), home=str(keeper.home))
            os._exit(0)
    except (EmbeddedError, OSError) as error:
        sys.exit(f"error: {error}")
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    logging.basicConfig(format="%(asctime)s %(message)s")
    keeper.serve()


main(Path(sys.argv[1]))
