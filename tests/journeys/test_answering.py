"""Every form of answer, in a real browser: by keys, by clicks, by touch and without scripts."""

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from arenas.battles.models import Ballot
from arenas.votes.models import Vote
from tests.journeys.answering import (
    DESK,
    OPTIONS,
    PHONE,
    TOKEN,
    focused,
    look_at_all,
    press,
    wait_for_another,
    wait_until_armed,
)
from tests.pages import VOTE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EACH = {"form": "each", "options": OPTIONS}
NEXT_MS = 100
# How long after a key the next pair is painted: [milliseconds] in window.waited.
MEASURE = """() => {
    window.waited = [];
    const token = () => document.querySelector("#ballot [name=token]").value;
    let [pressed, answered] = [0, ""];
    document.addEventListener("keydown", () => {
        [pressed, answered] = [performance.now(), token()];
    }, true);
    new MutationObserver(() => {
        if (!pressed || !document.querySelector("#ballot.ready") || token() === answered) return;
        const from = pressed;
        pressed = 0;
        requestAnimationFrame(() => setTimeout(() => window.waited.push(performance.now() - from)));
    }).observe(document.querySelector("main"), {subtree: true, attributes: true, childList: true});
}"""


def order(page: Page) -> list[str]:
    """The place of each picture, as its letter says."""
    return page.locator(".pick output").all_inner_texts()


def test_the_next_question_leaves_the_pictures_as_they_are(
    ask: Callable[..., Page], hits: list[str]
) -> None:
    page = ask({}, {}, {})
    token = wait_until_armed(page)
    page.keyboard.press("+")
    page.wait_for_load_state("networkidle")
    page.evaluate("document.querySelectorAll('img.candidate').forEach(i => { i.mine = true })")
    fetched = len(hits)
    for number in (1, 2):
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector(f"legend:has-text('Question {number}?')")
        assert f"{number + 1} of 3" in page.inner_text("#answers > legend")
        assert page.locator("#ballot.ready .look.zoomed").count() == 1
        assert page.evaluate("[...document.querySelectorAll('img.candidate')].every(i => i.mine)")
        assert wait_until_armed(page) == token
    assert hits[fetched:] == [f"POST {VOTE}"] * 2


def test_the_clock_starts_anew_with_each_question(ask: Callable[..., Page]) -> None:
    page = ask({}, {}, quality={"min_seconds": 1})
    wait_until_armed(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("legend:has-text('Question 1?')")
    press(page, "ArrowLeft")
    first, second = Vote.objects.order_by("pk")
    assert first.ballot == second.ballot
    assert (first.response_ms or 0) >= 1000
    assert 350 <= (second.response_ms or 0) < 1000


def test_each_picture_is_answered_with_digits_one_after_the_other(
    ask: Callable[..., Page],
) -> None:
    page = ask(EACH)
    wait_until_armed(page)
    assert page.is_disabled("#answer-send")
    page.keyboard.press("1")
    assert page.evaluate("document.activeElement === document.querySelectorAll('.row')[1]")
    page.keyboard.press("3")
    assert focused(page) == "answer-send"
    press(page, "Enter")
    assert (Vote.objects.get().answers, Vote.objects.get().tools) == (
        ["welcome", "no"],
        ["keyboard"],
    )


def test_each_picture_is_answered_with_taps(ask: Callable[..., Page]) -> None:
    page = ask(EACH, device=PHONE)
    token = wait_until_armed(page)
    look_at_all(page)
    page.tap("[name=answer_1][value=unwelcome]")
    page.tap("[name=answer_0][value=no]")
    page.tap("#answer-send")
    wait_for_another(page, token)
    assert (Vote.objects.get().answers, Vote.objects.get().tools) == (
        ["no", "unwelcome"],
        ["swap", "touch"],
    )


def test_an_order_is_given_with_digits_and_letters(ask: Callable[..., Page]) -> None:
    page = ask(pictures=4)
    wait_until_armed(page)
    for key in ("2", "d", "Backspace", "="):
        page.keyboard.press(key)
    assert order(page) == ["", "1", "", ""]
    page.keyboard.press("4")
    page.keyboard.press("4")
    page.keyboard.press("a")
    assert order(page) == ["2", "1", "", "1"]
    assert page.is_disabled("#answer-send")
    press(page, "3", "Enter")
    assert Vote.objects.get().ranking == [2, 1, 3, 1]


def test_an_order_is_given_with_clicks_on_the_letters(ask: Callable[..., Page]) -> None:
    page = ask(pictures=3)
    token = wait_until_armed(page)
    page.click(".side[data-slot='2'] .place")
    page.click(".pick[data-slot='0']")
    page.click(".same")
    page.click(".pick[data-slot='1']")
    page.click("#answer-send")
    wait_for_another(page, token)
    assert Vote.objects.get().ranking == [2, 2, 1]


def test_an_equals_sign_does_not_zoom_where_it_makes_a_tie(ask: Callable[..., Page]) -> None:
    page = ask(pictures=3)
    wait_until_armed(page)
    page.keyboard.press("1")
    page.keyboard.press("=")
    assert page.get_attribute(".same", "aria-pressed") == "true"
    assert page.locator(".look.zoomed").count() == 0


@pytest.mark.parametrize(("keys", "strength"), [("", None), ("2", 2), ("21", 1), ("33", None)])
def test_strength_is_said_before_an_answer_or_not_at_all(
    ask: Callable[..., Page], keys: str, strength: int | None
) -> None:
    page = ask({"strength": True})
    press(page, *keys, "ArrowLeft")
    assert Vote.objects.get().strength == strength
    assert page.locator("[name=strength]:checked").count() == 0


def test_an_arrow_answers_after_a_click_on_the_strength(ask: Callable[..., Page]) -> None:
    page = ask({"strength": True})
    wait_until_armed(page)
    page.click("[name=strength][value='3']")
    press(page, "ArrowRight")
    assert (Vote.objects.get().winner, Vote.objects.get().strength) == ("model_b", 3)


def test_nothing_is_answered_before_the_arenas_least_time(ask: Callable[..., Page]) -> None:
    page = ask(quality={"min_seconds": 1}, wait=False)
    page.wait_for_selector(".ballot.ready")
    token = page.input_value(TOKEN)
    page.keyboard.press("ArrowLeft")
    page.click("#answer-tie")
    assert wait_until_armed(page) == token
    assert not Vote.objects.exists()


def test_enter_held_down_on_a_button_answers_one_pair(ask: Callable[..., Page]) -> None:
    page = ask()
    token = wait_until_armed(page)
    page.focus("#answer-tie")
    page.keyboard.down("Enter")
    following = wait_for_another(page, token)
    for _ in range(3):
        page.keyboard.down("Enter")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.input_value(TOKEN) == following
    assert Vote.objects.count() == 1


@pytest.mark.parametrize("questions", [1, 2])
def test_the_focus_stays_where_it_was(ask: Callable[..., Page], questions: int) -> None:
    page = ask(*[{}] * questions)
    wait_until_armed(page)
    page.focus("#answer-model_b")
    for number in range(3):
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#said:has-text('{(number + 1) // questions + 1} of 40')")
        wait_until_armed(page)
        assert focused(page) == "answer-model_b"


def test_what_was_done_is_said_to_screen_readers(ask: Callable[..., Page]) -> None:
    page = ask()
    press(page, "ArrowLeft")
    assert page.inner_text("#said") == "Answered. Pair 2 of 40."


@pytest.mark.parametrize(("device", "kind"), [(DESK, "desktop"), (PHONE, "phone")])
def test_the_device_comes_with_the_answer(ask: Callable[..., Page], device: Any, kind: str) -> None:
    page = ask(device=device)
    wait_until_armed(page)
    look_at_all(page)
    press(page, "ArrowLeft")
    stored = Ballot.objects.exclude(answered_at=None).get().viewport
    assert stored == {**device["viewport"], "ratio": 1, "kind": kind}


def test_each_picture_is_answered_without_javascript(ask: Callable[..., Page]) -> None:
    page = ask(EACH, device={"java_script_enabled": False})
    page.check("[name=answer_0][value=no]")
    page.check("[name=answer_1][value=welcome]")
    with page.expect_navigation():
        page.click("#answer-send")
    assert Vote.objects.get().answers == ["no", "welcome"]


def test_an_order_is_given_without_javascript(ask: Callable[..., Page]) -> None:
    page = ask(pictures=3, device={"java_script_enabled": False})
    for slot, place in enumerate("312"):
        page.select_option(f"[name=place_{slot}]", place)
    with page.expect_navigation():
        page.click("#answer-send")
    assert Vote.objects.get().ranking == [3, 1, 2]


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("form", ["pair", "each", "ranking"])
def test_no_form_of_answer_has_a_barrier(ask: Callable[..., Page], form: str, device: Any) -> None:
    question = EACH if form == "each" else {"strength": form == "pair", "text": "Long? " * 40}
    reasons = [{"id": "misspelt", "text": "Text misspelt"}]
    pictures = 4 if form == "ranking" else 2
    page = ask(question, device=device, pictures=pictures, reasons=reasons, comments=True)
    wait_until_armed(page)
    for key in ("", "m", "p", "?"):
        page.keyboard.press(key) if key else None
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], key


def test_letters_can_be_switched_off_as_keys(ask: Callable[..., Page]) -> None:
    page = ask()
    wait_until_armed(page)
    page.click("#help")
    page.uncheck("#letters")
    page.keyboard.press("Escape")
    for key in ("p", "m", "?", "+"):
        page.keyboard.press(key)
    assert page.locator(":is(.pass, .more, dialog)[open], .look.zoomed").count() == 0
    press(page, "ArrowLeft")
    assert Vote.objects.count() == 1


def test_the_next_pair_is_there_at_once(
    ask: Callable[..., Page], record_property: Callable[[str, object], None]
) -> None:
    page = ask()
    wait_until_armed(page)
    page.evaluate(MEASURE)
    for _ in range(12):
        page.wait_for_load_state("networkidle")
        press(page, "ArrowLeft")
    waited = sorted(page.evaluate("window.waited"))
    assert len(waited) == 12
    record_property("from a key to the next pair", f"{waited[6]:.0f} ms, {waited[-1]:.0f} at most")
    assert waited[0] <= NEXT_MS
