"""Ties the life of a process to its parent's, so that `kill -9` of one leaves none behind.

Linux does it in the kernel. Elsewhere a thread watches the parent, which works for this
process but not across `exec`.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

POLL_SECONDS = 0.5
_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Send `signum` to this process as soon as its parent has ended."""
    if _LINUX:
        _libc.prctl(_PR_SET_PDEATHSIG, signum)
    else:
        threading.Thread(target=_watch, args=(os.getppid(), signum), daemon=True).start()
    spawner = multiprocessing.parent_process()
    if spawner is not None and not spawner.is_alive():
        os.kill(os.getpid(), signum)


def bind_child(signum: int) -> Callable[[], None] | None:
    """A `preexec_fn` that ties a child of any program to this process; None where impossible.

    The kernel follows the thread that starts the child: call Popen from the main thread.
    """
    parent = os.getpid()

    def bind() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:
            os._exit(1)

    return bind if _LINUX else None


def _watch(parent: int, signum: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signum)
