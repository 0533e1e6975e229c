"""In, along and out again, in a real browser: as a platform, an account or a link sends people."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route

from arenas.battles.models import Gold
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from arenas.raters.account import create_account
from arenas.raters.models import Participation, Person, Rater
from arenas.votes.models import Vote
from tests import factories
from tests.journeys.answering import look_at_all
from tests.pages import VOTE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

START = "/arenas/small/start/"
COME = f"{START}?PROLIFIC_PID=5f2a&STUDY_ID=st1&SESSION_ID=se1"
BACK = "https://crowd.example/done?cc="
STUDY = {
    "minutes": 5,
    "pay": "1.20 GBP",
    "content": "Drawings of places and people; nothing unpleasant.",
    "consent": {"text": "I take part of my own will, and may stop at any time."},
    "screening": [
        {
            "id": "sight",
            "text": "Do you see colours without difficulty?",
            "options": [{"id": "yes", "text": "Yes"}, {"id": "no", "text": "No"}],
            "accepted": ["yes"],
        }
    ],
    "platform": {
        "return_url": f"{BACK}{{code}}",
        "completion_code": "DONE1",
        "screen_out_code": "OUT2",
        "attention_code": "FAIL3",
    },
}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def study(transactional_db: None, tmp_path: Path) -> Arena:
    return factories.make_world(
        tmp_path, access="platform", votes_per_rater=3, voting_settings=STUDY
    )


def begin(page: Page, sight: str = "Yes") -> None:
    page.get_by_label(sight, exact=True).check()
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Begin").click()


def answer(page: Page, times: int) -> None:
    """Answer pairs with the arrow keys, each once it can be answered."""
    for _ in range(times):
        page.wait_for_selector(".ballot.armed")
        look_at_all(page)
        token = page.input_value("#ballot input[name=token]")
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector(f'#ballot:not(:has(input[value="{token}"]))')


def follow_back(page: Page) -> str:
    """Where the way back leads; nothing leaves this machine."""

    def receive(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body="Welcome back")

    asked: list[str] = []
    page.route("https://crowd.example/**", receive)
    page.get_by_role("link", name="Back to Prolific").click()
    page.wait_for_url("https://crowd.example/**")
    return asked[0]


@pytest.mark.parametrize("options", [{"viewport": {"width": 1280, "height": 800}}, PHONE])
def test_a_participant_comes_consents_votes_and_goes_back_with_the_code(
    study: Arena, open_page: Callable[..., Page], options: dict[str, Any]
) -> None:
    page = open_page(**options)
    page.goto(COME)
    assert page.url.endswith(START)
    assert page.get_by_text("3 pairs").is_visible()
    begin(page)
    answer(page, 3)
    page.wait_for_selector("text=You have answered 3 pairs.")
    assert page.locator("code").inner_text() == "DONE1"
    assert follow_back(page) == f"{BACK}DONE1"
    assert Vote.objects.count() == 3


def test_a_participant_goes_on_with_another_device(
    study: Arena, open_page: Callable[..., Page]
) -> None:
    desk, phone = open_page(), open_page(**PHONE)
    desk.goto(COME)
    begin(desk)
    answer(desk, 1)
    phone.goto(COME)
    phone.wait_for_selector(".ballot.armed")
    answer(phone, 2)
    phone.wait_for_selector("text=You have answered 3 pairs.")
    assert Rater.objects.count() == 1


def test_practice_comes_first_and_does_not_count(study: Arena, page: Page) -> None:
    good = Candidate.objects.select_related("prompt").first()
    assert good
    Gold.objects.create(arena=study, kind=Gold.Kind.IDENTICAL, prompt=good.prompt, good=good)
    Arena.objects.update(voting_settings={**STUDY, "practice": 1})
    page.goto(COME)
    assert page.get_by_text("3 pairs, and 1 practice pair first").is_visible()
    begin(page)
    answer(page, 4)
    page.wait_for_selector("text=You have answered 3 pairs.")
    kinds = Vote.objects.order_by("pk").values_list("ballot__kind", flat=True)
    assert list(kinds) == ["practice", "normal", "normal", "normal"]


def test_who_declines_goes_back_with_another_code(study: Arena, page: Page) -> None:
    page.goto(COME)
    page.get_by_role("button", name="I do not want to take part").click()
    page.wait_for_selector("text=Thank you for your interest")
    assert follow_back(page) == f"{BACK}OUT2"
    assert not Vote.objects.exists()


def test_who_is_screened_out_cannot_come_again(study: Arena, page: Page) -> None:
    page.goto(COME)
    begin(page, sight="No")
    page.wait_for_selector("text=Thank you for your interest")
    page.goto(COME)
    assert follow_back(page) == f"{BACK}OUT2"
    assert Participation.objects.get().state == Participation.State.SCREENED_OUT


def test_a_lack_of_attention_ends_the_session_with_the_next_answer(
    study: Arena, page: Page
) -> None:
    page.goto(COME)
    begin(page)
    answer(page, 1)
    page.wait_for_selector(".ballot.armed")
    Participation.objects.update(state=Participation.State.INATTENTIVE)
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("text=The work that you have done counts as done.")
    assert page.get_by_text("You have answered 1 pair.").is_visible()
    assert follow_back(page) == f"{BACK}FAIL3"


def test_what_is_missing_is_said_and_gets_the_focus(
    study: Arena, page: Page, complaints: list[str]
) -> None:
    page.goto(COME)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector("text=Please choose an answer.")
    assert page.locator(".wrong").count() == 2
    assert page.evaluate("document.activeElement.id") == "errors"
    complaints[:] = [each for each in complaints if "400" not in each]


def test_an_account_votes_and_logs_out(transactional_db: None, tmp_path: Path, page: Page) -> None:
    factories.make_world(tmp_path, access="account")
    password = create_account("dora")
    page.goto(VOTE)
    page.get_by_label("Name").fill("dora")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    answer(page, 2)
    page.goto("/me/")
    page.get_by_role("button", name="Log out").click()
    page.goto(VOTE)
    assert page.get_by_label("Password").is_visible()
    assert Vote.objects.count() == 2


def test_a_rater_takes_everything_back(study: Arena, page: Page) -> None:
    page.goto(COME)
    begin(page)
    answer(page, 3)
    page.get_by_role("link", name="Your data").click()
    assert page.get_by_text("5f2a").is_visible()
    with page.expect_download() as told:
        page.get_by_role("link", name="Download your answers").click()
    assert told.value.suggested_filename == "votes.json"
    page.get_by_label("Yes, delete my data for good.").check()
    page.get_by_role("button", name="Delete my data").click()
    page.wait_for_selector("text=Your data are deleted")
    assert not Person.objects.exists()
    assert Vote.objects.count() == 3
    page.goto("/me/")
    assert page.get_by_text("Nothing is stored about you").is_visible()


def test_all_this_needs_no_javascript(study: Arena, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(COME)
    begin(page)
    for _ in range(3):
        page.locator("button[value=tie]").click()
    assert follow_back(page) == f"{BACK}DONE1"


def find_barriers(page: Page) -> list[str]:
    """What axe finds that people with disabilities could not use."""
    return [each["id"] for each in Axe().run(page).response["violations"]]


def test_no_page_on_the_way_has_a_barrier(
    study: Arena, open_page: Callable[..., Page], complaints: list[str]
) -> None:
    for options in ({}, PHONE):
        page = open_page(**options)
        page.goto(COME)
        assert find_barriers(page) == []
        page.get_by_role("button", name="Begin").click()
        page.wait_for_selector("text=Please choose an answer.")
        assert find_barriers(page) == []
        for address in ("/me/", "/login/"):
            page.goto(address)
            assert find_barriers(page) == []
    begin_and_finish(page)
    assert find_barriers(page) == []
    Participation.objects.update(state=Participation.State.INATTENTIVE)
    page.goto(VOTE)
    assert find_barriers(page) == []
    complaints[:] = [each for each in complaints if "400" not in each]


def begin_and_finish(page: Page) -> None:
    page.goto(START)
    begin(page)
    answer(page, 3)
    page.wait_for_selector("text=You have answered 3 pairs.")
