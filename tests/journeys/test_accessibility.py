"""Raters' pages for everybody: by keyboard, by ear, with little motion, from right to left.

axe finds what machines can find of WCAG 2.2 AA; the rest is walked through by key.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from arenas.definitions.models import Arena
from arenas.raters.admit import create_invitation
from arenas.raters.models import Participation
from arenas.suites.load import load_suite
from arenas.votes.models import Vote
from tests import factories, showings
from tests.journeys.answering import (
    DESK,
    OPTIONS,
    PHONE,
    focused,
    look_at_all,
    make_asking_arena,
    press,
    wait_for_another,
    wait_until_armed,
)
from tests.pages import VOTE
from tests.sets import make_ranked

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

START = "/arenas/small/start/"
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
TAGS = {"runOnly": {"type": "tag", "values": LEVELS}}
WAYS = [{**DESK, "locale": "en-GB"}, {**PHONE, "locale": "de-DE"}]
ways = pytest.mark.parametrize("way", WAYS, ids=["desk-english", "phone-german"])
REASONS = [{"id": "hands", "text": "Bad hands"}, {"id": "text", "text": "Text misspelt"}]
QUESTIONS: list[dict[str, Any]] = [
    {"strength": True},
    {"form": "each", "options": OPTIONS},
    {},
]
STUDY: dict[str, Any] = {
    "minutes": 5,
    "reasons": REASONS,
    "comments": True,
    "practice": 1,
    "personal_board": True,
    "consent": {"text": "I take part of my own will."},
    "screening": [
        {
            "id": "sight",
            "text": "Do you see colours?",
            "options": [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}],
            "accepted": ["yes"],
        }
    ],
}
# Controls smaller than 24 CSS pixels; a label counts with its field, and words in a text do not.
SMALL = """() => [...document.querySelectorAll(
    "button, a, input:not([type=hidden]), select, textarea, summary, [role=slider]")]
  .filter(item => item.checkVisibility({visibilityProperty: true}) && !item.closest("p, dd, .skip"))
  .map(item => [item, (item.closest("label") ?? item).getBoundingClientRect()])
  .filter(([, {width, height}]) => Math.min(width, height) < 24)
  .map(([item, {width, height}]) => `${item.outerHTML.slice(0, 90)} ${width}×${height}`)"""
# Where the focus is, on what, and whether that can be seen: of a chip, its label shows it.
FOCUS = """() => {
    const item = document.activeElement;
    const isOutlined = ({outlineStyle, outlineWidth}) =>
        outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    const shown = [item, item.closest("label") ?? item].map(each => getComputedStyle(each));
    const place = item.closest(".skip, .top, .task, .look, .answers")?.classList[0] ?? "nowhere";
    return [place, item.outerHTML.slice(0, 90), shown.some(isOutlined)];
}"""
# Of each item: its own name first, then whatever else is said of it and of what is in it.
SAID = """items => items.map(side => [side, ...side.querySelectorAll("*")].flatMap(item =>
    ["aria-label", "alt", "title"].map(name => item.getAttribute(name)).filter(Boolean)))"""
MOVING = """() => [...document.querySelectorAll("*")].filter(item => {
    const {transitionDuration, animationName, scrollBehavior} = getComputedStyle(item);
    const moves = parseFloat(transitionDuration) > 0 || animationName !== "none";
    return moves || scrollBehavior !== "auto";
}).map(item => item.outerHTML.slice(0, 90))"""


def find_barriers(page: Page) -> list[str]:
    """What people with disabilities could not use, and what is too small to hit."""
    found = Axe().run(page, options=TAGS).response["violations"]
    told = [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]
    return [*told, *page.evaluate(SMALL)]


def send_start(page: Page) -> None:
    page.locator("form.start .button").first.click()


def open_on(page: Page, key: str, what: str) -> None:
    page.keyboard.press(key)
    page.wait_for_selector(what)


@ways
def test_a_study_has_no_barrier_from_start_to_thanks(
    transactional_db: None, tmp_path: Path, open_page: Callable[..., Page], way: Any,
    complaints: list[str],
) -> None:  # fmt: skip
    make_asking_arena(tmp_path, QUESTIONS, **STUDY)
    showings.make_gold()
    Arena.objects.update(votes_per_rater=1)
    page = open_page(**way)
    page.goto(VOTE)
    assert find_barriers(page) == [], "start"
    send_start(page)
    page.wait_for_selector(".wrong")
    assert find_barriers(page) == [], "something is missing"
    page.locator("[value=yes]").check()
    page.locator("[name=consent]").check()
    send_start(page)
    practise(page)
    answer_all(page)
    page.wait_for_selector(".thanks")
    assert find_barriers(page) == [], "thanks"
    Arena.objects.update(voting_settings={**STUDY, "undo_seconds": 0})
    page.reload()
    page.wait_for_selector(".thanks table")
    assert find_barriers(page) == [], "own leaderboard"
    complaints[:] = [each for each in complaints if "400" not in each]


def practise(page: Page) -> None:
    """The practice pair, of which one question is asked."""
    wait_until_armed(page)
    assert find_barriers(page) == [], "practice"
    look_at_all(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".strength")


def answer_all(page: Page) -> None:
    """The questions about one pair, one after the other."""
    wait_until_armed(page)
    assert find_barriers(page) == [], "strength"
    look_at_all(page)
    page.keyboard.press("2")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector(".each")
    wait_until_armed(page)
    assert find_barriers(page) == [], "each"
    for key in ("1", "3", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector(".answers:not(:has(.each)) .buttons")
    press_left(page)


def press_left(page: Page) -> None:
    wait_until_armed(page)
    page.keyboard.press("ArrowLeft")


@ways
@pytest.mark.parametrize("pictures", [2, 4])
def test_nothing_that_opens_on_a_ballot_has_a_barrier(
    transactional_db: None, tmp_path: Path, open_page: Callable[..., Page], way: Any, pictures: int
) -> None:
    make_asking_arena(tmp_path, pictures=pictures, reasons=REASONS, comments=True)
    page = open_page(**way)
    page.goto(VOTE)
    wait_until_armed(page)
    states = {"+": ".look.zoomed", "x": ".look.pointing", "p": ".pass[open]", "?": "#keys[open]"}
    if pictures == 2:
        states = {"w": "[data-mode=wipe]", **states}
    for key, what in states.items():
        open_on(page, key, what)
        assert find_barriers(page) == [], what
        if key == "?":
            page.keyboard.press("Escape")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@ways
def test_no_door_has_a_barrier(
    transactional_db: None, tmp_path: Path, open_page: Callable[..., Page], way: Any,
    complaints: list[str],
) -> None:  # fmt: skip
    arena = factories.make_arena(factories.make_suite(tmp_path), access="invitation")
    page = open_page(**way)
    link = f"/join/{create_invitation(arena, max_uses=1)}/"
    for address in ("/login/", "/me/", VOTE, "/join/unknown/", link):
        page.goto(address)
        assert find_barriers(page) == [], address
    page.locator(".message .button").click()
    page.wait_for_url(f"**{VOTE}")
    assert find_barriers(page) == [], "nothing yet"
    for state in ("screened_out", "inattentive"):
        Participation.objects.update(state=state)
        page.reload()
        assert find_barriers(page) == [], state
    page.goto("/me/")
    page.locator(".danger").click()
    page.wait_for_selector(".wrong")
    assert find_barriers(page) == [], "unconfirmed"
    page.locator("[name=confirm]").check()
    page.locator(".danger").click()
    page.wait_for_selector(".message")
    assert find_barriers(page) == [], "withdrawn"
    complaints[:] = [each for each in complaints if "40" not in each]


@pytest.mark.parametrize("way", [DESK, PHONE], ids=["desk", "phone"])
def test_left_stays_left_where_words_run_from_the_right(ask: Callable[..., Page], way: Any) -> None:
    page = ask(device=way, reasons=REASONS, comments=True)
    page.evaluate("document.documentElement.dir = 'rtl'")
    page.keyboard.press("m")
    one, other = (page.locator(f"#answer-model_{key}").bounding_box() for key in "ab")
    assert one
    assert other
    assert one["x"] < other["x"]
    if way is DESK:
        left, right = boxes(page, ".side")
        assert left < right
        assert find_barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= way["viewport"]["width"]
    look_at_all(page)
    press(page, "ArrowLeft")
    assert Vote.objects.get().winner == "model_a"


def boxes(page: Page, what: str) -> list[float]:
    """Where these begin, from the left."""
    found: list[float] = page.locator(what).evaluate_all(
        "items => items.map(item => item.getBoundingClientRect().left)"
    )
    return found


def walk(page: Page, until: str) -> Iterator[str]:
    """Press Tab until something has the focus; what has it on the way, and that it can be seen."""
    for _ in range(60):
        page.keyboard.press("Tab")
        place, name, is_seen = page.evaluate(FOCUS)
        assert is_seen, f"the focus on {name} cannot be seen"
        yield place
        if page.evaluate("selector => document.activeElement.matches(selector)", until):
            return
    raise AssertionError(f"no Tab leads to {until}")


def tab_to(page: Page, what: str) -> None:
    for _ in walk(page, what):
        pass


def test_tab_leads_from_the_task_over_the_pictures_to_the_answers(
    transactional_db: None, tmp_path: Path, page: Page
) -> None:
    rows = [{"id": "long", "category": "plain", "text": "A long wish. " * 200}]
    version = load_suite(factories.suite_file(tmp_path, rows)).version
    factories.make_candidates(factories.make_arena(version))
    page.goto(VOTE)
    wait_until_armed(page)
    places = list(walk(page, "#help"))
    assert list(dict.fromkeys(places)) == ["skip", "top", "task", "look", "answers"]
    assert places == sorted(places, key=list(dict.fromkeys(places)).index)


def test_several_questions_are_answered_without_a_mouse(ask: Callable[..., Page]) -> None:
    page = ask(*QUESTIONS)
    token = wait_until_armed(page)
    tab_to(page, "[name=strength]")
    page.keyboard.press("ArrowRight")
    tab_to(page, "#answer-model_b")
    page.keyboard.press("Enter")
    page.wait_for_selector(".each")
    wait_until_armed(page)
    assert focused(page) == "answers"
    for slot in (0, 1):
        tab_to(page, f"[name=answer_{slot}]")
        page.keyboard.press("Space")
    tab_to(page, "#answer-send")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answers:not(:has(.each)) .buttons")
    wait_until_armed(page)
    assert focused(page) == "answers"
    tab_to(page, "#answer-tie")
    page.keyboard.press("Enter")
    wait_for_another(page, token)
    assert focused(page) == "answer-tie"
    first, second, third = Vote.objects.order_by("pk")
    assert (first.winner, first.strength) == ("model_b", 2)
    assert (second.answers, third.winner) == (["welcome", "welcome"], "tie")


def test_nothing_moves_for_who_wants_little_motion(ask: Callable[..., Page]) -> None:
    page = ask(device={**DESK, "reduced_motion": "reduce"}, reasons=REASONS)
    page.keyboard.press("m")
    assert page.evaluate(MOVING) == []


@pytest.mark.parametrize(
    ("locale", "names"), [("en-GB", ["Left", "Right"]), ("de-DE", list("ABCD"))]
)
def test_what_is_said_of_the_pictures_differs_in_their_names_alone(
    transactional_db: None, tmp_path: Path, open_page: Callable[..., Page], locale: str,
    names: list[str],
) -> None:  # fmt: skip
    make_ranked(tmp_path, pictures=len(names))
    page = open_page(**DESK, locale=locale)
    page.goto(VOTE)
    wait_until_armed(page)
    sides = page.locator(".side").evaluate_all(SAID)
    assert [said[0] for said in sides] == names
    plain = {tuple(text.removeprefix(said[0]) for text in said) for said in sides}
    assert len(plain) == 1
