"""The rater's way, in a real browser: open the link, look, answer, and nothing is lost."""

import gzip
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Response, Route

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.admit import create_invitation
from arenas.votes.models import Vote
from metrics.leaderboards.refresh import refresh_arena
from tests.pages import VOTE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEYS = {"ArrowLeft": "model_a", "ArrowRight": "model_b", "ArrowDown": "tie", "ArrowUp": "both_bad"}
TOKEN = "#ballot input[name=token]"
MAX_KILOBYTES = 60
MAX_REQUESTS = 8


def wait_until_armed(page: Page) -> str:
    """Wait for a pair that can be answered; return its token."""
    page.wait_for_selector(".ballot.armed")
    return page.input_value(TOKEN)


def wait_for_another(page: Page, token: str) -> str:
    """Wait for another pair than that one; return its token."""
    page.wait_for_selector(f'{TOKEN}:not([value="{token}"])', state="attached")
    return wait_until_armed(page)


def press(page: Page, key: str) -> None:
    token = wait_until_armed(page)
    page.keyboard.press(key)
    wait_for_another(page, token)


def click(page: Page, winner: str) -> None:
    token = wait_until_armed(page)
    page.click(f"button[value={winner}]")
    wait_for_another(page, token)


def winners() -> list[str]:
    return list(Vote.objects.order_by("pk").values_list("winner", flat=True))


def visibilities(page: Page) -> list[str]:
    found: list[str] = page.locator(".frame").evaluate_all(
        "frames => frames.map(frame => getComputedStyle(frame).visibility)"
    )
    return found


def test_an_invited_rater_answers_with_the_keys(arena: Arena, page: Page) -> None:
    Arena.objects.update(access="invitation")
    page.goto(f"/join/{create_invitation(arena)}/")
    for key in KEYS:
        press(page, key)
    assert winners() == list(KEYS.values())
    assert {tuple(vote.tools) for vote in Vote.objects.all()} == {("keyboard",)}


def test_a_rater_answers_with_clicks(arena: Arena, page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Vote – Small arena").click()
    for winner in KEYS.values():
        click(page, winner)
    assert winners() == list(KEYS.values())
    assert all(350 <= (vote.response_ms or 0) < 60_000 for vote in Vote.objects.all())


def test_a_touch_is_known_as_one(arena: Arena, open_page: Callable[..., Page]) -> None:
    page = open_page(has_touch=True)
    page.goto(VOTE)
    token = wait_until_armed(page)
    page.tap("button[value=tie]")
    wait_for_another(page, token)
    assert Vote.objects.get().tools == ["touch"]


def test_a_reload_after_an_answer_counts_nothing_twice(arena: Arena, page: Page) -> None:
    page.goto(VOTE)
    press(page, "ArrowLeft")
    token = page.input_value(TOKEN)
    page.reload()
    assert wait_until_armed(page) == token
    press(page, "ArrowDown")
    assert winners() == ["model_a", "tie"]


def test_going_back_shows_a_pair_that_is_still_open(arena: Arena, page: Page) -> None:
    page.goto(VOTE)
    press(page, "ArrowLeft")
    token = page.input_value(TOKEN)
    page.click("text=Leaderboard")
    page.wait_for_url("**/leaderboard/")
    page.go_back()
    assert wait_until_armed(page) == token
    press(page, "ArrowDown")
    assert winners() == ["model_a", "tie"]


def test_a_double_click_answers_one_pair(arena: Arena, page: Page) -> None:
    page.goto(VOTE)
    token = wait_until_armed(page)
    page.dblclick("button[value=model_b]")
    wait_for_another(page, token)
    assert winners() == ["model_b"]


def test_a_key_before_the_pair_was_seen_is_no_answer(
    arena: Arena, page: Page, hits: list[str]
) -> None:
    page.add_init_script(
        """document.addEventListener("DOMContentLoaded", () => document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true })))"""
    )
    page.goto(VOTE)
    wait_until_armed(page)
    assert f"POST {VOTE}" not in hits


def test_a_key_held_down_answers_one_pair(arena: Arena, page: Page, hits: list[str]) -> None:
    page.goto(VOTE)
    token = wait_until_armed(page)
    page.keyboard.down("ArrowLeft")
    following = wait_for_another(page, token)
    page.keyboard.down("ArrowLeft")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.input_value(TOKEN) == following
    assert hits.count(f"POST {VOTE}") == 1


def test_both_pictures_appear_at_the_same_moment(arena: Arena, page: Page) -> None:
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        route.continue_() if held else held.append(route)

    page.route("**/images/*", hold_the_first)
    page.goto(VOTE, wait_until="domcontentloaded")
    page.evaluate("Promise.any([...document.images].map(image => image.decode()))")
    assert visibilities(page) == ["hidden", "hidden"]
    held[0].continue_()
    page.wait_for_selector(".ballot.ready")
    assert visibilities(page) == ["visible", "visible"]


def test_the_next_pair_is_hidden_until_both_its_pictures_are_there(
    arena: Arena, page: Page
) -> None:
    requests: list[Route] = []

    def hold_all_but_the_first_two(route: Route) -> None:
        requests.append(route)
        if len(requests) <= 2:
            route.continue_()

    page.route("**/images/*", hold_all_but_the_first_two)
    page.goto(VOTE)
    token = wait_until_armed(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(f'{TOKEN}:not([value="{token}"])', state="attached")
    assert visibilities(page) == ["hidden", "hidden"]
    for route in requests[2:]:
        route.continue_()
    page.wait_for_selector(".ballot.ready")
    assert visibilities(page) == ["visible", "visible"]


def test_the_next_pair_is_there_before_the_answer(
    arena: Arena, page: Page, hits: list[str]
) -> None:
    page.goto(VOTE)
    for _ in range(3):
        wait_until_armed(page)
        page.wait_for_load_state("networkidle")
        before = Counter(hit for hit in hits if "/images/" in hit)
        press(page, "ArrowDown")
        shown = page.locator("img.candidate").evaluate_all(
            "images => images.map(image => new URL(image.src).pathname)"
        )
        assert [before[f"GET {path}"] for path in shown] == [1, 1]
        assert visibilities(page) == ["visible", "visible"]
    assert set(Counter(hit for hit in hits if "/images/" in hit).values()) == {1}


def test_voting_needs_no_javascript(arena: Arena, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(VOTE)
    for winner in KEYS.values():
        assert all(picture.is_visible() for picture in page.locator("img.candidate").all())
        with page.expect_navigation():
            page.click(f"button[value={winner}]")
    assert winners() == list(KEYS.values())
    assert {tuple(vote.tools) for vote in Vote.objects.all()} == {("no-script",)}


def test_the_leaderboard_changes_with_the_votes(arena: Arena, page: Page) -> None:
    page.goto("/arenas/small/leaderboard/")
    assert page.is_visible("text=No votes to rate yet")
    page.click("text=Cast one")
    for _ in range(3):
        press(page, "ArrowLeft")
    seal(timezone.now())
    refresh_arena(arena)
    page.goto("/arenas/small/leaderboard/")
    assert page.is_visible("text=3 on this board")
    assert page.locator("th.name[scope=row]").count() == 3


@pytest.mark.parametrize("what", ["request", "response"])
def test_an_answer_that_the_network_lost_can_be_given_again(
    arena: Arena, page: Page, complaints: list[str], what: str
) -> None:
    lost: list[Route] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route)
            if what == "response":
                route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(f"**{VOTE}", lose_the_first_answer)
    page.goto(VOTE)
    wait_until_armed(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#trouble:visible")
    assert "answer again" in page.inner_text("#trouble")
    press(page, "ArrowRight")
    assert winners() == ["model_b"]
    assert all("ERR_FAILED" in text or text.startswith("htmx:") for text in complaints)
    complaints.clear()


def test_a_session_ends_with_thanks(arena: Arena, page: Page) -> None:
    Arena.objects.update(votes_per_rater=2)
    page.goto(VOTE)
    press(page, "ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("text=Thank you!")
    assert Ballot.objects.filter(answered_at=None).count() == 0


def test_the_vote_page_is_light(
    arena: Arena,
    page: Page,
    live_server: Any,
    record_property: Callable[[str, object], None],
) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(VOTE)
    wait_until_armed(page)
    page.wait_for_load_state("networkidle")
    code = [a for a in answers if a.request.resource_type in ("script", "stylesheet")]
    kilobytes = sum(len(gzip.compress(answer.body())) for answer in code) / 1024
    others = [answer for answer in answers if "/images/" not in answer.url]
    foreign = [answer.url for answer in answers if not answer.url.startswith(live_server.url)]
    record_property(
        "the vote page",
        f"{kilobytes:.1f} KB of scripts and styles (compressed), {len(others)} requests besides "
        f"pictures, {len(foreign)} to other sites",
    )
    assert kilobytes <= MAX_KILOBYTES
    assert len(others) <= MAX_REQUESTS
    assert foreign == []


def test_a_phone_shows_all_buttons_and_scrolls_in_one_direction(
    arena: Arena, open_page: Callable[..., Page]
) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.goto(VOTE)
    wait_until_armed(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator("button[name=winner]").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
        assert 0 <= box["y"] <= box["y"] + box["height"] <= 844


@pytest.mark.parametrize("path", ["/", "/arenas/small/leaderboard/", "/api/docs", "/none-such/"])
def test_no_page_makes_the_browser_complain(
    arena: Arena, page: Page, complaints: list[str], path: str
) -> None:
    page.goto(path, wait_until="networkidle")
    if path == "/none-such/":
        complaints[:] = [text for text in complaints if "404" not in text]
    assert complaints == []
