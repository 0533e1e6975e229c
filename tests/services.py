"""Real servers for the tests: throw-away ones, or those that the environment names.

Loaded by pytest before Django's settings are, because the settings read the addresses.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from evalsite.embedded import provide

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

if not WORKER:
    folder = Path(tempfile.mkdtemp(prefix="evalsite-tests-"))
    folder.chmod(0o711)  # the servers' own user must be able to pass
    os.environ["EVALSITE_LOCAL"] = str(folder)
    os.environ["EVALSITE_LOCAL_FAST"] = "1"
    os.environ["MEDIA_ROOT"] = str(folder / "media")
    os.environ.setdefault("SECRET_KEY", "for-tests-only")
    os.environ.setdefault("DEBUG", "false")
    # Lost work is found soon, so that tests of crashes do not wait.
    os.environ["LEASE_SECONDS"] = "3"
    os.environ["SWEEP_SECONDS"] = "1"
    provide()
else:
    # Processes that run side by side must not take messages from each other.
    number = 1 + int(WORKER.removeprefix("gw"))
    base = os.environ["REDIS_URL"]
    if base.startswith("unix://"):
        os.environ["REDIS_URL"] = f"{base.split('?')[0]}?db={number}"
    else:
        os.environ["REDIS_URL"] = f"{base.rsplit('/', 1)[0]}/{number}"


def pytest_collectstart() -> None:
    """What is loaded now stays: there is no garbage to look for."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on, looks for garbage pass over what was loaded: libraries, models and tests."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not WORKER:
        shutil.rmtree(os.environ["EVALSITE_LOCAL"], ignore_errors=True)
