"""Looking at turns, sets and spots, and on a phone: the same to both sides."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from arenas.votes.models import Vote
from tests.looks import DESK, PHONE, boxes, heard, middle, on_top, point, sources

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_turns_step_on_both_sides_together(look: Callable[..., Page]) -> None:
    page = look([["red"], ["blue"]], [["same"], ["green"]])
    first = [on_top(page, 0), on_top(page, 1)]
    page.keyboard.press("]")
    second = [on_top(page, 0), on_top(page, 1)]
    assert sources(page) == [first[0], second[0], first[1], second[1]]
    assert page.inner_text(".prompt[aria-current=step]").endswith("Wish 2.")
    page.keyboard.press("[")
    assert [on_top(page, 0), on_top(page, 1)] == first
    assert heard(page, "tools") == ["stepper", "stepper"]


def test_a_set_of_pictures_opens_one_by_one_on_both_sides(look: Callable[..., Page]) -> None:
    page = look([["red", "blue", "green"]], [["same", "white"]])
    views = page.locator(".view:visible")
    assert views.count() == 5
    page.locator(".side").first.locator(".view").nth(1).click()
    assert [view.get_attribute("data-part") for view in views.all()] == ["1", "1"]
    page.keyboard.press(".")
    assert views.count() == 1
    assert page.locator(".nothing:visible").count() == 1
    page.keyboard.press(".")
    assert views.count() == 5
    assert set(heard(page, "tools")) == {"filmstrip"}


def test_words_and_pictures_keep_their_order_and_leave_the_pictures_level(
    look: Callable[..., Page],
) -> None:
    page = look([["First a word.", "red"]], [["same", "A last word."]])
    assert boxes(page)[0] == boxes(page)[1]
    orders = page.locator(".step").evaluate_all(
        "steps => steps.map(step => [...step.children].map(part => part.className.split(' ')[0]))"
    )
    assert sorted(orders) == [["said", "view"], ["view", "said"]]


def test_a_tap_on_a_phone_swaps_in_place_and_says_so(look: Callable[..., Page]) -> None:
    page = look(device=PHONE)
    left, right = sources(page)
    tag = page.locator(".shown .place")
    assert (on_top(page, 0), tag.inner_text().replace("\n", " ")) == (left, "Left 1/2")
    assert [box[2] for box in boxes(page)] == [390, 390]
    page.tap(".shown .view")
    assert (on_top(page, 0), tag.inner_text().replace("\n", " ")) == (right, "Right 2/2")
    page.tap("button[data-do=show] >> nth=0")
    assert (on_top(page, 0), tag.inner_text().replace("\n", " ")) == (left, "Left 1/2")
    assert heard(page, "tools") == ["swap", "swap"]
    for button in page.locator(".tools button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44


def test_two_fingers_zoom_both_sides(look: Callable[..., Page]) -> None:
    page = look(device=PHONE)
    x, y = middle(page, 0)
    touch = page.context.new_cdp_session(page)
    for kind, apart in (("Start", 40), ("Move", 60), ("Move", 100), ("End", 0)):
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": f"touch{kind}", "touchPoints": points if apart else []},
        )
    page.wait_for_selector(".look.zoomed")
    assert boxes(page)[0] == boxes(page)[1]
    assert boxes(page)[0][2] == pytest.approx(390 * 2.5, abs=1)
    assert "swap" not in heard(page, "tools")


def test_a_spot_is_where_it_was_clicked_also_when_zoomed(look: Callable[..., Page]) -> None:
    page = look()
    box = page.locator(".view.open > .sheet").nth(1).bounding_box()
    assert box is not None
    x, y = box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"]
    page.mouse.dblclick(x, y)
    point(page)
    page.mouse.click(x, y)
    (spot,) = heard(page, "spots")
    assert spot == {
        "slot": 1, "turn": 0, "part": 0,
        "x": pytest.approx(0.3, abs=0.003), "y": pytest.approx(0.6, abs=0.003),
    }  # fmt: skip
    ring = page.locator(".side").nth(1).locator(".ring").bounding_box()
    assert ring is not None
    assert ring["x"] + ring["width"] / 2 == pytest.approx(x, abs=1.5)
    page.evaluate("document.dispatchEvent(new CustomEvent('evalsite:spots', {detail: []}))")
    assert page.locator(".ring").count() == 0


def test_a_spot_is_set_with_keys_and_answers_nothing(look: Callable[..., Page]) -> None:
    page = look()
    point(page)
    page.locator(".side").nth(1).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert heard(page, "spots") == [
        {"slot": 1, "turn": 0, "part": 0, "x": pytest.approx(0.46), "y": pytest.approx(0.48)}
    ]
    point(page, on=False)
    assert page.locator(".cross").count() == 0
    assert Vote.objects.count() == 0


def test_without_scripts_every_turn_and_word_is_there(look: Callable[..., Page]) -> None:
    turns = [["red"], ["Some words.", "blue"]], [["same"], ["green"]]
    page = look(*turns, device={**DESK, "java_script_enabled": False})
    assert all(picture.is_visible() for picture in page.locator("img.candidate").all())
    assert page.is_visible("text=Some words.")
    assert not page.is_visible(".tools")
