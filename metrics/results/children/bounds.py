"""What a child process does to itself before it takes anything from outside."""

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
PAGE = resource.getpagesize()


def begin() -> tuple[BinaryIO, BinaryIO]:
    """Tie this process to its parent, whose id is the first argument; return the pipes to it.

    What libraries print goes to standard error: the pipe is for answers alone.
    """
    die_with(int(sys.argv[1]))
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return os.fdopen(0, "rb", closefd=False), sink


def die_with(parent: int) -> None:
    """End as soon as the parent has, whatever is being computed."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        offer_to_end_first()
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def offer_to_end_first() -> None:
    """Where the machine's memory is used up, the kernel ends this process and not its parent."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def shut_in(megabytes: int) -> None:
    """From here on no file, no connection and no process can be opened, and memory is limited.

    What is open stays so; modules must have been imported. `megabytes` come on top of what the
    process holds already.
    """
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_NPROC, 0)
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        limit(resource.RLIMIT_AS, read_address_space() + megabytes * 1_000_000)
    # Every file and every connection needs a number below this limit.
    limit(resource.RLIMIT_NOFILE, 0)


def limit(what: int, value: int) -> None:
    resource.setrlimit(what, (value, value))


def read_address_space() -> int:
    """Bytes of address space in use."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * PAGE


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
