"""The vote page on small screens and between questions: nothing is covered, hidden or left over."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from arenas.votes.models import Vote
from tests.journeys.answering import (
    OPTIONS,
    PHONE,
    box_of,
    look_at_all,
    overlap,
    press,
    wait_for_another,
    wait_until_armed,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EACH = {"form": "each", "options": OPTIONS}
GERMAN = {**PHONE, "locale": "de-DE"}
SAYING_MORE: dict[str, Any] = {
    "comments": True,
    "reasons": [{"id": "text", "text": "Text misspelt"}],
}


def test_the_places_of_an_order_do_not_stay_on_the_pictures(ask: Callable[..., Page]) -> None:
    page = ask({}, EACH, pictures=3)
    for key in ("a", "b", "c"):
        page.keyboard.press(key)
    assert page.locator(".side[data-taken='1']").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_selector(".each")
    assert page.locator(".side[data-taken]").count() == 0


@pytest.mark.parametrize(
    ("pictures", "keys", "words"),
    [
        (2, ["ArrowLeft"], "Look at both pictures first."),
        (3, ["a", "b", "c", "Enter"], "Look at all pictures first."),
    ],
)
def test_a_phone_takes_no_answer_before_every_picture_was_on_screen(
    ask: Callable[..., Page], pictures: int, keys: list[str], words: str
) -> None:
    page = ask(device=PHONE, pictures=pictures)
    for key in keys:
        page.keyboard.press(key)
    assert page.inner_text("#trouble") == words
    flashing = "tabs => tabs.map(tab => tab.getAnimations().some(each => !each.transitionProperty))"
    tabs = page.locator(".places button")
    assert tabs.evaluate_all(flashing) == [False, *[True] * (pictures - 1)]
    assert not Vote.objects.exists()
    look_at_all(page)
    assert page.is_hidden("#trouble")
    token = wait_until_armed(page)
    page.tap("#answer-model_a, #answer-send")
    wait_for_another(page, token)
    assert Vote.objects.count() == 1


def test_references_and_the_divider_on_a_phone_count_as_what_they_show(
    look: Callable[..., Page],
) -> None:
    page = look(device=PHONE)
    page.click("[data-do=references]")
    assert page.locator(".side.seen").count() == 1
    page.click("[data-by=wipe]")
    assert page.locator(".side.seen").count() == 2


def test_a_phone_passes_over_a_pair_that_was_not_looked_at(ask: Callable[..., Page]) -> None:
    page = ask(device=PHONE, **SAYING_MORE)
    token = wait_until_armed(page)
    page.tap("#pass")
    page.locator(".menu button").first.tap()
    wait_for_another(page, token)


def test_a_desk_answers_at_once(ask: Callable[..., Page]) -> None:
    press(ask(), "ArrowLeft")
    assert Vote.objects.count() == 1


def test_a_phone_without_scripts_answers_at_once(ask: Callable[..., Page]) -> None:
    page = ask(device={**PHONE, "java_script_enabled": False})
    with page.expect_navigation():
        page.click("#answer-model_a")
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("pictures", [2, 4])
def test_a_question_on_each_picture_leaves_a_phone_room_for_them(
    ask: Callable[..., Page], pictures: int
) -> None:
    page = ask(EACH, device=GERMAN, pictures=pictures, **SAYING_MORE)
    assert box_of(page.locator("#answers"))["height"] <= 0.45 * 844 + 1
    bar = box_of(page.locator("#answers"))
    for item in ("#answer-send", "#pass", "#help"):
        box = box_of(page.locator(item))
        assert bar["y"] <= box["y"] <= box["y"] + box["height"] <= bar["y"] + bar["height"]
    chips = page.locator(".row").first.locator(".chip").all()
    assert len({round(box_of(chip)["width"]) for chip in chips}) == 1


@pytest.mark.parametrize("width", [320, 360, 390])
def test_nothing_below_the_answers_overlaps_on_a_german_phone(
    ask: Callable[..., Page], width: int
) -> None:
    device = {**GERMAN, "viewport": {"width": width, "height": 700}}
    page = ask(device=device, undo_seconds=60, **SAYING_MORE)
    look_at_all(page)
    press(page, "ArrowLeft")
    names = ("#pass", "#undo", ".progress p", "#more", "#help")
    places = [(name, box_of(page.locator(name))) for name in names]
    for at, (name, box) in enumerate(places):
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, name
        for other, beside in places[at + 1 :]:
            assert not overlap(box, beside), (name, other)


def test_the_field_for_a_comment_grows_to_an_end(ask: Callable[..., Page]) -> None:
    page = ask(**SAYING_MORE)
    page.keyboard.press("m")
    field = page.locator("[name=comment]")
    empty = box_of(field)["height"]
    field.fill("One\nTwo\nThree")
    grown = box_of(field)["height"]
    field.fill("Line\n" * 40)
    assert empty < grown <= box_of(field)["height"] <= 6 * 16 + 1


@pytest.mark.parametrize("width", [320, 390])
def test_the_own_leaderboard_is_whole_on_a_phone(ask: Callable[..., Page], width: int) -> None:
    device = {**GERMAN, "viewport": {"width": width, "height": 844}}
    page = ask(device=device, quota=1, personal_board=True, undo_seconds=0)
    look_at_all(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".thanks table")
    scrolled = page.locator(".thanks .scroll")
    assert scrolled.evaluate("item => item.scrollWidth - item.clientWidth") <= 0
    assert scrolled.get_by_role("table", name=page.inner_text("#board")).count() == 1
    assert scrolled.locator("#board").count() == 0


def test_sets_are_further_from_each_other_than_their_pictures(look: Callable[..., Page]) -> None:
    page = look((("red", "blue", "red", "blue"),), (("blue", "red", "blue", "red"),))
    gaps = "item => parseFloat(getComputedStyle(item).columnGap)"
    between = page.locator(".sides").evaluate(gaps)
    within = page.locator(".step").first.evaluate(gaps)
    assert between >= 4 * within


def test_no_picture_is_in_turn_when_all_are_answered(ask: Callable[..., Page]) -> None:
    page = ask(EACH)
    assert page.locator(".row.now").count() == 1
    page.keyboard.press("1")
    page.keyboard.press("3")
    assert page.locator(".row.now").count() == 0


def test_tab_goes_the_way_that_is_seen(ask: Callable[..., Page]) -> None:
    page = ask(**SAYING_MORE)
    page.focus("#more")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "help"
    assert box_of(page.locator("#more"))["x"] < box_of(page.locator("#help"))["x"]


def test_the_help_is_there_on_a_phone(ask: Callable[..., Page]) -> None:
    page = ask(device=PHONE, **SAYING_MORE)
    page.tap("#help")
    assert page.is_visible("#keys")


def test_a_letter_stands_alone_on_a_desk(ask: Callable[..., Page]) -> None:
    page = ask(pictures=4)
    assert page.locator(".side .place").all_inner_texts() == list("ABCD")
