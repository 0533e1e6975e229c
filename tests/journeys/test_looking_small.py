"""Small screens: the pictures have the room, and every tool works with a single tap."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image as Pillow
from playwright.sync_api import Page

from arenas.votes.models import Vote
from tests.journeys.answering import DESK, OPTIONS, PHONE, box_of, overlap, wait_until_armed
from tests.looks import boxes, heard, middle, point

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ON_ITS_SIDE = {**PHONE, "viewport": {"width": 844, "height": 390}}
SMALLEST = {**PHONE, "viewport": {"width": 320, "height": 568}}
REASONS = [{"id": f"r{n}", "text": f"Something that is wrong, number {n}"} for n in range(12)]
VIEW = ".shown .view.open"
SCROLLED = """() => {
    const {scrollWidth, scrollHeight} = document.documentElement;
    return [scrollWidth - innerWidth, scrollHeight - innerHeight].map(over => Math.max(0, over));
}"""


@pytest.mark.parametrize(
    ("device", "least"),
    [(PHONE, 0.5), (ON_ITS_SIDE, 0.5), (SMALLEST, 0.35)],
    ids=["upright", "on its side", "smallest"],
)
def test_the_picture_has_the_room_and_nothing_scrolls(
    ask: Callable[..., Page], device: Any, least: float
) -> None:
    page = ask({"strength": True}, device=device, reasons=REASONS)
    view, bar = box_of(page.locator(VIEW)), box_of(page.locator("#answers"))
    size = device["viewport"]
    assert view["width"] * view["height"] >= least * size["width"] * size["height"]
    assert not overlap(view, bar)
    assert page.evaluate(SCROLLED) == [0, 0]


@pytest.mark.parametrize("device", [PHONE, ON_ITS_SIDE], ids=["upright", "on its side"])
def test_a_spot_is_shown_while_more_is_said_on_a_phone(
    ask: Callable[..., Page], device: Any
) -> None:
    page = ask(device=device, reasons=REASONS, comments=True)
    page.tap("#more")
    page.wait_for_selector(".panel")
    view, bar = box_of(page.locator(VIEW)), box_of(page.locator("#answers"))
    assert not overlap(view, bar)
    assert min(view["width"], view["height"]) >= 200
    page.tap("#point")
    page.tap(f"{VIEW} .sheet")
    assert page.locator(".spots button").count() == 1
    page.tap("#more")
    assert page.is_hidden(".panel")


@pytest.mark.parametrize("device", [DESK, PHONE, SMALLEST], ids=["desk", "phone", "smallest"])
def test_the_pictures_stay_where_they_are_from_question_to_question(
    ask: Callable[..., Page], device: Any
) -> None:
    each = {"form": "each", "options": OPTIONS}
    page = ask({"strength": True}, {"text": "A long question? " * 5}, each, device=device)
    for tab in page.locator(".places button:visible").all():
        tab.click()
    seen = []
    for number, key in enumerate(("ArrowLeft", "ArrowLeft", "")):
        wait_until_armed(page)
        assert f"{number + 1} of 3" in page.inner_text("#answers > legend")
        seen.append(box_of(page.locator(".view.open").first))
        if key:
            page.keyboard.press(key)
            page.wait_for_selector(f".asked-of:has-text('{number + 2} of 3')")
    assert seen == [seen[0]] * 3


def test_names_stand_over_their_pictures_with_references_open(look: Callable[..., Page]) -> None:
    page = look()
    page.keyboard.press("r")
    page.keyboard.press("w")
    names = page.locator(".side .place").first
    assert page.locator(".tools .name:visible").count() == 0
    assert names.inner_text() == "Left"
    other = names.evaluate("item => getComputedStyle(item, '::after').content")
    assert other == '"Right"'
    view, label = box_of(page.locator(".view.open").first), box_of(names)
    assert (label["x"], label["width"]) == (view["x"], view["width"])


def test_a_tap_moves_the_divider(look: Callable[..., Page]) -> None:
    page = look(device=PHONE)
    page.tap("[data-by=wipe]")
    view = box_of(page.locator(VIEW))
    page.touchscreen.tap(view["x"] + view["width"] / 4, view["y"] + view["height"] / 2)
    assert page.get_attribute("[role=slider]", "aria-valuenow") == "25"
    page.tap(".places button >> nth=1")
    assert page.is_visible(VIEW), "a tab leads from the divider to its picture"


def test_buttons_move_what_is_zoomed(look: Callable[..., Page]) -> None:
    page = look(device=PHONE)
    assert page.is_hidden(".pan")
    page.tap("[data-do=fit]")
    before = boxes(page)
    page.tap(".pan button >> nth=3")
    after = boxes(page)
    assert after[0] == after[1]
    assert after[0][0] < before[0][0]
    assert heard(page, "tools")[-1] == "pan"


def draw_narrow(_: str) -> bytes:
    """A picture that leaves surround at the left and right of its rendition."""
    buffer = io.BytesIO()
    Pillow.new("RGB", (300, 600), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def test_no_spot_is_set_beside_the_picture(
    look: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.looks.draw", draw_narrow)
    page = look()
    point(page)
    sheet = box_of(page.locator(".view.open > .sheet").first)
    for share in (0.1, 0.5, 0.9):
        page.mouse.click(sheet["x"] + share * sheet["width"], middle(page, 0)[1])
    assert [spot["x"] for spot in heard(page, "spots")] == [pytest.approx(0.5, abs=0.01)]


def test_an_open_menu_has_all_keys(ask: Callable[..., Page]) -> None:
    page = ask()
    page.keyboard.press("p")
    page.wait_for_selector(".menu button:focus")
    for key in ("ArrowLeft", "ArrowRight", "ArrowDown", "Backspace", "w", "+"):
        page.keyboard.press(key)
    assert page.locator(".menu button:focus").get_attribute("data-number") == "2"
    assert page.locator(".pass[open]").count() == 1
    assert page.locator(".look.zoomed, .look[data-mode=wipe]").count() == 0
    page.keyboard.press("Escape")
    assert page.locator(".pass[open]").count() == 0
    assert not Vote.objects.exists()


def test_arrows_answer_nothing_among_the_reasons(ask: Callable[..., Page]) -> None:
    page = ask(reasons=REASONS)
    page.keyboard.press("m")
    page.focus("[name=reason] >> nth=0")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert page.is_visible(".panel"), "the first one leads out of the reasons"
    page.keyboard.press("Escape")
    assert page.is_hidden(".panel")
    assert not Vote.objects.exists()
