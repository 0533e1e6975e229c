"""The stand-in for the services of image models, and the environment that leads to it."""

from collections.abc import Iterator

import pytest

from evalsite.standin.server import StandIn

KEY = "planted-key-0123456789"


@pytest.fixture(scope="session")
def running_service() -> Iterator[StandIn]:
    with StandIn(batch_looks=0) as service:
        yield service


@pytest.fixture
def service(running_service: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in with an empty journal, and the environment that leads to it."""
    running_service.clear()
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_BASE_URL", running_service.url)
    monkeypatch.setenv("IMAGEN_BASE_URL", running_service.url)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "our-project")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{running_service.url}/v1")
    for name in ("GOOGLE_API_KEY", "GOOGLE_CLOUD_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    return running_service
