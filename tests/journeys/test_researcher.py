"""A researcher in a real browser: from the estimate to the end of a run."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from arenas.candidates.models import Candidate, GenerationRun, ServicePause
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.browser
LONG = "a-model-with-a-very-long-name-that-nobody-would-ever-want-to-read-in-a-narrow-table-2026"


@pytest.fixture
def arena(transactional_db: None, tmp_path: Path) -> Arena:
    """A free competitor and a paid one with a long name, and no candidates yet."""
    Competitor.objects.create(name="ant", provider="procedural", model="ant")
    Competitor.objects.create(
        name=LONG, provider="gemini", model="m", price={"image": 0.5}, retiring_on=NOW
    )
    return factories.make_arena(factories.make_suite(tmp_path), ["ant", LONG])


def test_from_the_estimate_to_the_end_of_a_run(
    arena: Arena, open_as_staff: Callable[..., Page]
) -> None:
    page = open_as_staff(viewport={"width": 1280, "height": 800})
    page.goto("/workbench/arenas/small/")
    page.click("text=See what a run would cost")
    page.wait_for_selector("text=Start: 6 candidates, about $1.50")
    page.fill("#budget", "1")
    page.click("text=Start: 6 candidates, up to $1.00")
    page.wait_for_selector("text=Started, with 6 candidates to make.")
    assert GenerationRun.objects.get().budget_usd == 1

    Candidate.objects.filter(competitor__name="ant").update(status="done", finished_at=NOW)
    page.wait_for_selector("text=3 of 6 ended")
    Candidate.objects.exclude(competitor__name="ant").update(
        status="failed", reason="503 overloaded", finished_at=NOW
    )
    page.wait_for_selector("text=finished")
    assert page.locator("[hx-get]").count() == 0
    page.click("text=Retry what failed (3)")
    page.wait_for_selector("text=Start: 3 candidates, up to $1.00")


def test_a_closed_service_is_tried_again_and_a_run_cancelled(
    arena: Arena, open_as_staff: Callable[..., Page]
) -> None:
    page = open_as_staff(viewport={"width": 1280, "height": 800})
    page.goto("/workbench/arenas/small/runs/")
    page.click("text=Start: 6 candidates")
    page.wait_for_selector("text=0 of 6 ended")
    ServicePause.objects.create(
        scope="gemini/default", cause="key", reason="The key is not valid.", since=NOW,
        until=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    page.wait_for_selector("text=The key is not valid.")
    page.click("text=Try now")
    page.wait_for_selector("text=gemini/default is tried again.")
    page.click("summary:has-text('Cancel this run')")
    page.click("button:has-text('Cancel run')")
    page.wait_for_selector("text=Cancelled. What is under way is finished and kept.")
    assert not Candidate.objects.exists()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_fit_their_screens_with_long_names_and_long_reasons(
    arena: Arena, open_as_staff: Callable[..., Page], width: int
) -> None:
    page = open_as_staff(viewport={"width": width, "height": 844})
    page.goto("/workbench/arenas/small/runs/")
    page.click("text=Start: 6 candidates")
    page.wait_for_selector("text=0 of 6 ended")
    Candidate.objects.exclude(competitor__name="ant").update(
        status="failed", reason="unbroken" * 60, finished_at=NOW
    )
    run = page.url
    for address in (run, "/workbench/arenas/small/runs/", "/workbench/arenas/small/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert re.search(r"/workbench/runs/\d+/", run)
