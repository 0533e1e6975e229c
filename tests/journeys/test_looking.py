"""Looking closely, in a real browser: every tool by what it does, and the same to both sides."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from arenas.votes.models import Vote
from tests.looks import (
    BOXES,
    BRIGHTEST,
    DESK,
    HEIGHT,
    ON_TOP,
    PHONE,
    WIDTH,
    boxes,
    heard,
    middle,
    on_top,
    sources,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_but_names_and_addresses_differs_between_the_sides(
    look: Callable[..., Page], device: Any
) -> None:
    page = look(device=device)
    left, right = page.locator(".side").evaluate_all("sides => sides.map(side => side.outerHTML)")
    right = right.replace("2/2", "1/2").replace('slot="1"', 'slot="0"')
    # On a phone, only one side has been seen yet.
    strip = re.compile(r"/images/\w+|Left|Right|shown|seen|\s+")
    assert strip.sub("", left) == strip.sub("", right)


def test_a_picture_is_never_enlarged_until_the_rater_zooms(look: Callable[..., Page]) -> None:
    page = look(device={"viewport": {"width": 2600, "height": 1400}})
    assert [box[2:] for box in boxes(page)] == [[WIDTH, HEIGHT]] * 2
    page.keyboard.press("+")
    assert [box[2:] for box in boxes(page)] == [[1.5 * WIDTH, 1.5 * HEIGHT]] * 2


@pytest.mark.parametrize("how", ["wheel", "key", "button", "double-click"])
def test_zoom_and_pan_move_both_sides_alike(look: Callable[..., Page], how: str) -> None:
    page = look()
    before = boxes(page)
    x, y = middle(page, 0)
    page.mouse.move(x + 60, y - 40)
    if how == "wheel":
        page.mouse.wheel(0, -300)
    elif how == "key":
        page.keyboard.press("+")
    elif how == "button":
        page.click("button[title^='Zoom in']")
    else:
        page.mouse.dblclick(x + 60, y - 40)
    page.wait_for_selector(".look.zoomed")
    zoomed = boxes(page)
    assert zoomed[0] == zoomed[1]
    assert zoomed[0][2] > before[0][2]
    page.keyboard.press("Shift+ArrowRight")
    panned = boxes(page)
    assert panned[0] == panned[1]
    assert panned[0][0] < zoomed[0][0]
    assert heard(page, "tools")[-1] == "pan"
    assert "zoom" in heard(page, "tools")
    assert Vote.objects.count() == 0


def test_dragging_one_side_moves_both(look: Callable[..., Page]) -> None:
    page = look()
    x, y = middle(page, 1)
    page.mouse.dblclick(x, y)
    before = boxes(page)
    page.mouse.down()
    page.mouse.move(x - 20, y - 30)
    page.mouse.move(x - 40, y - 50)
    page.mouse.up()
    after = boxes(page)
    assert after[0] == after[1]
    assert (after[0][0] - before[0][0], after[0][1] - before[0][1]) == (-40, -50)
    assert page.inner_text(".percent") == "100 %"


def test_a_double_click_shows_every_pixel_once_and_goes_back(look: Callable[..., Page]) -> None:
    page = look()
    before = boxes(page)
    for shown in ([WIDTH, HEIGHT], before[0][2:]):
        page.mouse.dblclick(*middle(page, 0))
        assert [box[2:] for box in boxes(page)] == [shown] * 2
        page.mouse.move(*middle(page, 1))


def test_pixels_are_shown_as_such_from_300_percent(look: Callable[..., Page]) -> None:
    page = look()
    rendering = "image => getComputedStyle(image).imageRendering"
    assert page.locator("img.candidate").first.evaluate(rendering) == "auto"
    for _ in range(6):
        page.keyboard.press("+")
    assert page.locator("img.candidate").first.evaluate(rendering) == "pixelated"


@pytest.mark.parametrize("how", ["key", "button"])
def test_flicker_swaps_in_place_while_held(look: Callable[..., Page], how: str) -> None:
    page = look()
    left, right = sources(page)
    page.keyboard.press("+")
    if how == "key":
        page.keyboard.down("f")
    else:
        page.hover(".flick")
        page.mouse.down()
    assert [on_top(page, 0), on_top(page, 1)] == [right, left]
    over, under = page.locator(".over .sheet").first, page.locator(".view > .sheet").first
    assert over.bounding_box() == under.bounding_box()
    page.keyboard.up("f") if how == "key" else page.mouse.up()
    assert [on_top(page, 0), on_top(page, 1)] == [left, right]
    assert "flicker" in heard(page, "tools")


def test_wipe_is_moved_by_keys_and_answers_nothing(look: Callable[..., Page]) -> None:
    page = look()
    left, right = sources(page)
    page.keyboard.press("w")
    divider = page.locator("[role=slider]")
    x, y = middle(page, 0)
    at_x = [x - 30, y]
    assert page.evaluate(ON_TOP, at_x) == left
    assert page.evaluate(ON_TOP, [x + 30, y]) == right
    divider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    assert divider.get_attribute("aria-valuenow") == "34"
    assert page.evaluate(ON_TOP, at_x) == right
    page.keyboard.press("w")
    assert [on_top(page, 0), on_top(page, 1)] == [left, right]
    assert "wipe" in heard(page, "tools")
    assert Vote.objects.count() == 0


def test_the_wipe_is_dragged(look: Callable[..., Page]) -> None:
    page = look()
    page.keyboard.press("w")
    x, y = middle(page, 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 100, y)
    page.mouse.up()
    share = int(page.get_attribute("[role=slider]", "aria-valuenow") or 0)
    assert share == round(50 - 100 * 100 / boxes(page)[0][2])


def test_the_difference_from_the_source_is_black_where_nothing_changed(
    look: Callable[..., Page],
) -> None:
    page = look([["red"]], [["same"]])
    page.keyboard.press("d")
    page.wait_for_function("document.querySelectorAll('.sheet canvas').length === 2")
    assert sorted(page.locator(".sheet canvas").evaluate_all(BRIGHTEST)) == [0, 255]
    assert heard(page, "tools") == ["difference"]
    page.keyboard.press("d")
    assert not page.locator(".sheet canvas").first.is_visible()


def test_references_stand_between_the_sides_and_stay(look: Callable[..., Page]) -> None:
    page = look()
    page.keyboard.press("r")
    order = page.locator(".side, .beside").evaluate_all(
        "all => all.sort((a, b) => a.getBoundingClientRect().x - b.getBoundingClientRect().x)"
        ".map(each => each.ariaLabel)"
    )
    assert order == ["Left", "References", "Right"]
    page.keyboard.press("+")
    every = page.locator(".view:visible > .sheet").evaluate_all(BOXES)
    assert every == [every[0]] * 3, "the source is zoomed with the sides"
    page.keyboard.press("r")
    assert not page.is_visible(".beside")


def test_full_screen_covers_the_page_and_ends(look: Callable[..., Page]) -> None:
    page = look()
    page.keyboard.press("g")
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    assert page.is_visible("button[name=winner]")
    page.keyboard.press("g")
    page.wait_for_function("document.fullscreenElement === null")


def test_the_keys_are_listed_for_everybody_to_show(look: Callable[..., Page]) -> None:
    page = look()
    keys = dict(page.evaluate("window.evalsite.keys"))
    assert {"+", "-", "0", "F", "W", "D", "R", "G"} <= keys.keys()
    assert all(keys.values())


def test_the_tools_used_are_stored_with_the_vote(look: Callable[..., Page]) -> None:
    page = look()
    page.keyboard.press("w")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("[role=slider]", state="detached")
    vote = Vote.objects.get()
    assert (vote.winner, sorted(vote.tools)) == ("model_a", ["keyboard", "wipe", "zoom"])
