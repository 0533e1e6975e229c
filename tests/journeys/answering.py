"""What the journeys of answering share: an arena to answer in, and the rater's hands."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from arenas.definitions.models import Arena, Question
from tests import factories
from tests.pages import VOTE

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
OPTIONS = [
    {"id": "welcome", "text": "Yes, welcome"},
    {"id": "unwelcome", "text": "Yes, unwelcome"},
    {"id": "no", "text": "No"},
]
TOKEN = "#ballot input[name=token]"
Make = Callable[..., Arena]


def make_asking_arena(
    folder: Path, questions: Sequence[dict[str, Any]] = ({},), *, quota: int = 40, **voting: Any
) -> Arena:
    """An arena of four competitors that asks these questions, with these settings of voting."""
    version = factories.make_suite(folder)
    names = ("ant", "bee", "cat", "dog")
    arena = factories.make_arena(version, names, voting_settings=voting, votes_per_rater=quota)
    factories.make_candidates(arena)
    arena.questions.all().delete()
    for number, fields in enumerate(questions):
        defaults = {"key": f"q{number}", "text": f"Question {number}?", "position": number}
        Question.objects.create(arena=arena, **{**defaults, **fields})
    return arena


@pytest.fixture
def ask(
    transactional_db: None, tmp_path: Path, open_page: Callable[..., Page]
) -> Callable[..., Page]:
    """Opens the vote page of an arena with these questions and settings, ready to answer."""

    def ask(
        *questions: dict[str, Any], device: Any = DESK, wait: bool = True, **asked: Any
    ) -> Page:
        make_asking_arena(tmp_path, questions or ({},), **asked)
        page = open_page(**device)
        page.goto(VOTE)
        if wait and device.get("java_script_enabled", True):
            wait_until_armed(page)
        return page

    return ask


def wait_until_armed(page: Page) -> str:
    """Wait for a question that can be answered; return the ballot's token."""
    page.wait_for_selector(".ballot.armed")
    return page.input_value(TOKEN)


def wait_for_another(page: Page, token: str) -> str:
    """Wait for another pair than that one; return its token."""
    page.wait_for_selector(f'{TOKEN}:not([value="{token}"])', state="attached")
    return wait_until_armed(page)


def press(page: Page, *keys: str) -> str:
    """Press the keys, which answer the pair; return the token of the next one."""
    token = wait_until_armed(page)
    for key in keys:
        page.keyboard.press(key)
    return wait_for_another(page, token)


def look_at_all(page: Page) -> None:
    """Bring every picture on screen: a phone shows one at a time, and takes no answer before."""
    for tab in page.locator(".places button:visible").all():
        tab.click()


def box_of(item: Locator) -> dict[str, float]:
    """Where something is on screen: x, y, width and height."""
    box = item.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


def focused(page: Page) -> str:
    """The id of what has the focus."""
    found: str = page.evaluate("document.activeElement.id")
    return found
