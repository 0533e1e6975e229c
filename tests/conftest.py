from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from arenas.definitions.models import Arena
from tests import factories
from tests.service import running_service, service

__all__ = ["running_service", "service"]


@pytest.fixture(autouse=True)
def _plain_settings(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own media folder, whose disk is not waited for, and cheap passwords."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr("os.fsync", lambda _: None)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True  # else each client would read all static files


@pytest.fixture
def world(db: None, tmp_path: Path) -> Arena:
    """An arena of ant, bee and cat with three prompts and all candidates."""
    return factories.make_world(tmp_path)


@pytest.fixture
def staff_client(db: None) -> Client:
    client = Client()
    client.force_login(factories.make_staff())
    return client


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured and put on record."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The very last line says what was left out."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = reporter.getreports("skipped")
    journeys = [report for report in skipped if "browser" in report.keywords]
    if journeys:
        reporter.write_line(
            f"{len(journeys)} browser tests skipped: no Chromium (CHROMIUM may name one)"
        )
