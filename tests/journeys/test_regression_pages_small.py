"""The pages of regression evals on a phone: nothing sticks out, and axe finds nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from arenas.candidates.models import Candidate, Part
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from metrics.regressions.promote import promote
from tests.factories import NOW, make_image
from tests.journeys.answering import PHONE
from tests.journeys.test_accessibility import TAGS
from tests.metrics.conftest import brightness
from tests.metrics.regressions.nights import answer, begin, make_night, prove, settle

__all__ = ["brightness"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = f"house-v5-{'checkpoint-' * 9}120000"
PAGES = ("", "nightly/", "nightly/runs/1/", "../plan/?eval=nightly")
OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture
def _failed(arena: Arena, brightness: object, tmp_path: Path) -> None:
    """A run of a challenger with a long name that failed, with pictures of its worst prompt."""
    webhook = f"https://example.org/{'hook' * 40}"
    evaluation = make_night(tmp_path, schedule="0 3 * * *", notify={"webhook": [webhook]})
    prove()
    challenger = Competitor.objects.create(name=LONG, provider="procedural", model="house")
    run = begin(evaluation, challenger=challenger)
    answer(run, lambda n, who, sample: 100.0 - (20 + n) * (who == LONG))
    image = make_image("navy")
    for row in Candidate.objects.filter(prompt__key="p19"):
        Part.objects.create(candidate=row, position=0, image=image)
    promote(evaluation, challenger, by="alice", reason="why " * 60, now=NOW, run=settle(run))


@pytest.mark.usefixtures("_failed")
def test_nothing_sticks_out_on_a_phone(open_as_staff: Callable[..., Page]) -> None:
    page = open_as_staff(**PHONE)
    for address in PAGES:
        page.goto(f"/workbench/evals/{address}")
        page.evaluate(OPEN)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        found = Axe().run(page, options=TAGS).response["violations"]
        told = [f"{each['id']}: {node['html'][:150]}" for each in found for node in each["nodes"]]
        assert told == [], address
