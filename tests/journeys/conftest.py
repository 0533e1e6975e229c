"""A real browser against a real server: Chromium, where one is found."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_started
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from arenas.definitions.models import Arena
from tests import factories
from tests.journeys.answering import ask
from tests.looks import look

__all__ = ["ask", "look"]

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 10_000


def find_chromium(playwright: Playwright) -> str:
    """The browser that the environment names, one of the system, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next(filter(None, map(shutil.which, COMMANDS)), playwright.chromium.executable_path)
    if not Path(found).exists():
        pytest.skip("no Chromium was found")
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all journeys, each of which has a profile of its own; ended before other tests."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, and makes Django believe that the tests do too.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        browser = playwright.chromium.launch(
            executable_path=find_chromium(playwright), args=[*ARGUMENTS, *root]
        )
        yield browser
        browser.close()


@pytest.fixture
def arena(transactional_db: None, tmp_path: Path) -> Arena:
    """The small world, on the live server's database."""
    return factories.make_world(tmp_path)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about: errors of scripts, policies, and addresses."""
    return []


@pytest.fixture
def open_page(
    browser: Browser, live_server: Any, complaints: list[str]
) -> Iterator[Callable[..., Page]]:
    """Opens a page in a fresh profile; at the end, the browser must not have complained."""

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    contexts: list[Any] = []
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page(viewport={"width": 1280, "height": 800})


@pytest.fixture
def open_as_staff(
    arena: Arena, open_page: Callable[..., Page], live_server: Any
) -> Callable[..., Page]:
    """Opens pages in a browser that alice has logged in to."""

    def open_logged_in(**options: Any) -> Page:
        client = Client()
        client.force_login(factories.make_staff())
        page = open_page(**options)
        session = client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return page

    return open_logged_in


@pytest.fixture
def hits() -> Iterator[list[str]]:
    """The requests that reach the server, in order, as `METHOD /path`."""
    found: list[str] = []

    def record(environ: dict[str, str], **_: object) -> None:
        found.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")

    request_started.connect(record)
    yield found
    request_started.disconnect(record)
