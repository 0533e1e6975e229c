import pytest

from metrics.checks.base import BaseCheck


@pytest.fixture(autouse=True)
def _alone(brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch) -> None:
    """The only check there is, so that no other's models are loaded."""
    monkeypatch.setattr("metrics.court.subjects.check_names", lambda: ["brightness"])
