"""What comes with an answer, and instead of one: chips, spots, comments, passing, taking back."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.votes.models import Comment, Vote
from tests.journeys.answering import (
    DESK,
    PHONE,
    focused,
    press,
    wait_for_another,
    wait_until_armed,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REASONS = [
    {"id": f"r{n}", "text": text}
    for n, text in enumerate(["Looks pasted on", "Text misspelt", "Verändert, was bleiben sollte"])
]
MANY = [{"id": f"r{n}", "text": f"Something that is wrong, number {n}"} for n in range(12)]


@pytest.fixture
def vote(ask: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the vote page of an arena where much can be said."""
    return partial(ask, **{"reasons": REASONS, "comments": True})


def say_more(page: Page) -> None:
    page.keyboard.press("m")
    page.wait_for_selector(".panel")


def test_a_chip_goes_with_the_answer_of_an_arrow(vote: Callable[..., Page]) -> None:
    page = vote()
    say_more(page)
    page.click("[name=reason][value='1:r1']")
    assert page.inner_text("#more output") == "1"
    press(page, "ArrowLeft")
    assert Vote.objects.get().reasons == [[1, "r1"]]
    assert page.locator("[name=reason]:checked").count() == 0
    assert page.is_visible(".panel"), "who said more once sees the chips of the next pair"


def test_a_spot_is_shown_removed_and_sent(vote: Callable[..., Page]) -> None:
    page = vote()
    page.keyboard.press("x")
    page.wait_for_selector(".look.pointing")
    for side in (0, 1):
        page.locator(".view.open .sheet").nth(side).click(position={"x": 16, "y": 48})
    assert page.locator(".spots button").all_inner_texts() == ["1 Left ×", "2 Right ×"]
    page.locator(".spots button").first.click()
    assert page.locator(".ring").count() == 1
    page.keyboard.press("Escape")
    press(page, "ArrowLeft")
    (spot,) = Vote.objects.get().spots
    assert spot == pytest.approx([1, 0, 0, 0.25, 0.75], abs=0.02)
    assert page.locator(".ring").count() == page.locator(".spots button").count() == 0


def test_arrows_point_while_a_spot_is_to_be_shown(vote: Callable[..., Page]) -> None:
    page = vote()
    page.keyboard.press("x")
    page.wait_for_selector(".look.pointing")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    assert page.locator(".spots button").count() == 1
    assert not Vote.objects.exists()


def test_keys_do_not_answer_while_a_comment_is_written(vote: Callable[..., Page]) -> None:
    page = vote()
    say_more(page)
    page.fill("[name=comment]", "The hat float")
    page.focus("[name=comment]")
    for key in ("s", "!", "ArrowLeft", "ArrowRight", "Backspace", "p", "Escape"):
        page.keyboard.press(key)
    assert not Vote.objects.exists()
    press(page, "ArrowLeft")
    assert Comment.objects.get().text == "The hat floatsp"


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_all_that_can_be_said_fits_the_screen(vote: Callable[..., Page], device: Any) -> None:
    page = vote(device=device, reasons=MANY)
    page.click("#more")
    page.wait_for_selector(".panel")
    size = device["viewport"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for item in [page.locator(".panel"), *page.locator("[name=winner]").all()]:
        box = item.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= size["width"]
        assert 0 <= box["y"] <= box["y"] + box["height"] <= size["height"]


def test_a_pair_is_passed_over_with_keys(vote: Callable[..., Page]) -> None:
    page = vote()
    page.keyboard.press("p")
    page.wait_for_selector(".menu button:focus")
    press(page, "2")
    assert Ballot.objects.exclude(answered_at=None).get().skipped == "broken"
    assert page.inner_text("#said") == "Passed over. Pair 1 of 40."


def test_escape_closes_the_reasons_for_passing(vote: Callable[..., Page]) -> None:
    page = vote()
    page.keyboard.press("p")
    page.wait_for_selector(".menu button:focus")
    page.keyboard.press("Escape")
    page.wait_for_selector(".menu", state="hidden")
    assert focused(page) == "pass"


def test_a_pair_whose_picture_does_not_load_can_be_passed_over(
    vote: Callable[..., Page], complaints: list[str]
) -> None:
    page = vote()
    page.route("**/images/*", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("#trouble:visible")
    page.unroute("**/images/*")
    page.click("#pass")
    page.click("text=A picture does not show")
    wait_until_armed(page)
    assert page.is_hidden("#trouble")
    assert all("ERR_FAILED" in text for text in complaints)
    complaints.clear()


@pytest.mark.parametrize("how", ["u", "Backspace", "click"])
def test_the_last_answer_is_taken_back(vote: Callable[..., Page], how: str) -> None:
    page = vote()
    token = wait_until_armed(page)
    following = press(page, "ArrowLeft")
    if how == "click":
        page.click("#undo")
    else:
        page.keyboard.press(how)
    assert wait_for_another(page, following) == token
    assert page.inner_text("#said") == "Taken back. Pair 1 of 40."
    press(page, "ArrowRight")
    standing = Vote.objects.filter(revised_by=None, retracted=False)
    assert [vote.winner for vote in standing] == ["model_b"]


def test_taking_back_is_offered_for_its_time_only(vote: Callable[..., Page]) -> None:
    page = vote(undo_seconds=2)
    press(page, "ArrowLeft")
    before = page.locator("#answers").bounding_box()
    assert page.is_visible("#undo")
    page.wait_for_selector("#undo", state="hidden")
    assert page.locator("#answers").bounding_box() == before


def test_all_keys_are_listed(vote: Callable[..., Page]) -> None:
    page = vote()
    press(page, "ArrowLeft")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    told = page.inner_text("#keys")
    for words in ("Equally good", "Take back the last answer", "Swap the pictures in place"):
        assert words in told
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys", state="hidden")
    assert Vote.objects.count() == 1


def test_more_is_said_without_javascript(vote: Callable[..., Page]) -> None:
    page = vote(device={"java_script_enabled": False})
    page.click("#more")
    page.check("[name=reason][value='0:r0']")
    page.fill("[name=comment]", "Odd.")
    with page.expect_navigation():
        page.click("#answer-model_b")
    assert (Vote.objects.get().reasons, Comment.objects.get().text) == ([[0, "r0"]], "Odd.")


def test_passing_and_taking_back_need_no_javascript(vote: Callable[..., Page]) -> None:
    page = vote(device={"java_script_enabled": False})
    with page.expect_navigation():
        page.click("#answer-model_b")
    with page.expect_navigation():
        page.click("#undo")
    page.click("#pass")
    with page.expect_navigation():
        page.click("text=I cannot tell")
    assert Ballot.objects.exclude(answered_at=None).get().skipped == "unsure"


def test_the_very_last_answer_is_taken_back_too(vote: Callable[..., Page]) -> None:
    page = vote()
    Arena.objects.update(votes_per_rater=1)
    token = wait_until_armed(page)
    page.reload()
    wait_until_armed(page)
    page.keyboard.press("ArrowLeft")
    page.click("#undo:visible")
    assert wait_until_armed(page) == token
