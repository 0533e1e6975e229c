import sys
from pathlib import Path

import pytest

import metrics.checks
from metrics.checks.base import BaseCheck, make_check
from tests.metrics.here import Here


@pytest.fixture(autouse=True)
def _measure_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started for a test that asks for no process of its own."""
    monkeypatch.setattr("metrics.results.run.get_apart", Here)


@pytest.fixture
def brightness(monkeypatch: pytest.MonkeyPatch) -> type[BaseCheck]:
    """The check `brightness`, installed for one test as a file of the checks' package."""
    folders = [*metrics.checks.__path__, str(Path(__file__).parent / "plugins")]
    monkeypatch.setattr(metrics.checks, "__path__", folders)
    monkeypatch.delitem(sys.modules, "metrics.checks.brightness", raising=False)
    monkeypatch.delattr(metrics.checks, "brightness", raising=False)
    return type(make_check("brightness"))
