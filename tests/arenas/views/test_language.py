"""Raters' pages speak the rater's language, staff's and readers' English."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.test import Client

from arenas.definitions.models import Arena, Question
from arenas.raters.admit import create_invitation
from arenas.raters.models import Participation, Rater
from tests import factories
from tests.pages import VOTE, open_ballot, post, text

pytestmark = pytest.mark.django_db

START = "/arenas/small/start/"
SPOKEN = ("title", "aria-label", "alt")
# What both languages write alike, and the arena's own words.
ALIKE = {
    *("Evalsite", "– – Evalsite", "API", "Zoom", "Name", "Deutsch", "English"),
    *("Draw 0.", "Draw 1.", "Draw 2."),
}
FULL = {
    "reasons": [{"id": "hands", "text": "Bad hands", "translations": {"de": "Falsche Hände"}}],
    "comments": True,
    "minutes": 5,
    "practice": 2,
    "consent": {"text": "My own will.", "translations": {"de": "Aus freien Stücken."}},
    "screening": [
        {
            "id": "sight",
            "text": "Do you see colours?",
            "translations": {"de": "Sehen Sie Farben?"},
            "options": [
                {"id": "yes", "text": "Yes", "translations": {"de": "Ja"}},
                {"id": "no", "text": "No", "translations": {"de": "Nein"}},
            ],
            "accepted": ["yes"],
        }
    ],
}


@pytest.fixture
def german() -> Client:
    return Client(headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})


class Reader(HTMLParser):
    """Collects what a person reads or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = (name for name, _ in attrs)
        told = [name for name in names if name in SPOKEN or name.startswith("data-")]
        self.said |= {value.strip() for name, value in attrs if name in told and value}

    def handle_data(self, data: str) -> None:
        self.said.add(data.strip())


def read(page: str) -> set[str]:
    """The sentences and words of a page; keys, numbers and addresses are none."""
    reader = Reader()
    reader.feed(page)
    words = {said for said in reader.said if sum(map(str.isalpha, said)) > 2}
    return {said for said in words if " " in said or said[0] not in "/" + said.lower()}


def find_untranslated(address: str, first: Client, second: Client) -> set[str]:
    """What the page says in both languages alike."""
    one, other = (text(client.get(address)) for client in (first, second))
    assert 'lang="en-gb" dir="ltr"' in one
    assert 'lang="de" dir="ltr"' in other
    return read(one) & read(other) - ALIKE


def make_full(folder: Path, **fields: Any) -> Arena:
    arena = factories.make_world(folder, voting_settings=FULL, title="–", **fields)
    Question.objects.update(translations={"de": "Was ist besser?"}, strength=True)
    return arena


def let_in(client: Client) -> Client:
    """Past the start page."""
    begin = {"screening_sight": "yes", "consent": "on"}
    shown = text(client.get(START)).partition('name="shown" value="')[2].partition('"')[0]
    client.post(START, {**begin, "shown": shown})
    return client


def test_the_browser_says_which_language(world: Arena, german: Client) -> None:
    response = german.get(VOTE)
    page = text(response)
    assert '<html lang="de" dir="ltr">' in page
    assert "<span>Gleich gut</span>" in page
    assert response.headers["Content-Language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(response.headers["Vary"].split(", "))


def test_a_language_that_is_not_spoken_here_becomes_english(world: Arena, client: Client) -> None:
    page = text(client.get(VOTE, headers={"Accept-Language": "fr"}))
    assert '<html lang="en-gb"' in page
    assert "Equally good" in page


def test_the_answer_brings_the_next_pair_in_the_same_language(world: Arena, german: Client) -> None:
    token = open_ballot(german)
    answer = {"token": token, "winner": "tie"}
    assert "Beide unbrauchbar" in text(german.post(VOTE, answer, headers={"HX-Request": "true"}))


@pytest.mark.parametrize("address", [VOTE, START, "/me/", "/login/", "/login/?next=/me/"])
def test_nothing_stays_english(
    tmp_path: Path, client: Client, german: Client, address: str
) -> None:
    make_full(tmp_path)
    assert find_untranslated(address, client, german) == set()


def test_nothing_of_a_ballot_stays_english(tmp_path: Path, client: Client, german: Client) -> None:
    make_full(tmp_path)
    assert find_untranslated(VOTE, let_in(client), let_in(german)) == set()
    assert find_untranslated("/me/", client, german) == set()


@pytest.mark.parametrize("state", ["screened_out", "inattentive", "withdrawn"])
def test_nothing_of_an_end_stays_english(
    tmp_path: Path, client: Client, german: Client, state: str
) -> None:
    make_full(tmp_path)
    let_in(client), let_in(german)
    Participation.objects.update(state=state)
    assert find_untranslated(VOTE, client, german) == set()


def test_nothing_of_an_invitation_stays_english(
    tmp_path: Path, client: Client, german: Client
) -> None:
    arena = make_full(tmp_path, access="invitation")
    link = f"/join/{create_invitation(arena, max_uses=2)}/"
    for address in (VOTE, "/join/unknown/", link):
        assert find_untranslated(address, client, german) == set()


def test_the_thanks_are_german_and_count_in_the_right_number(
    world: Arena, client: Client, german: Client
) -> None:
    Arena.objects.update(votes_per_rater=1, title="–")
    for each in (client, german):
        post(each, open_ballot(each))
    assert find_untranslated(VOTE, client, german) == set()
    assert "Sie haben 1 Paar beantwortet." in text(german.get(VOTE))


def test_refusals_are_german(world: Arena, german: Client) -> None:
    german.get(VOTE)
    refused = text(german.post(VOTE, {"token": "unknown", "winner": "tie"}))
    assert "Dieses Paar wurde Ihnen nicht gezeigt." in refused
    assert "Möglich sind nur diese Antworten: model_a" in text(
        german.post(VOTE, {"token": open_ballot(german), "winner": "third"})
    )


def test_wrong_passwords_are_refused_in_german(db: None, german: Client) -> None:
    page = text(german.post("/login/", {"username": "nobody", "password": "wrong"}))
    assert "Name und Passwort passen nicht zusammen." in page
    assert "Dieses Feld ist zwingend erforderlich." in text(german.post("/login/"))


def test_the_arena_speaks_its_own_translations(tmp_path: Path, german: Client) -> None:
    make_full(tmp_path)
    start = text(german.get(START))
    for said in ("Aus freien Stücken.", "Sehen Sie Farben?", "Ja", "Nein"):
        assert said in start
    page = text(let_in(german).get(VOTE))
    for said in ("Was ist besser?", "Falsche Hände", "Das möchte ich nicht sehen"):
        assert said in page


def test_the_switch_is_remembered_and_wins(world: Arena, german: Client) -> None:
    assert '<button name="language" value="en-gb" lang="en-gb">English</button>' in text(
        german.get(VOTE)
    )
    response = german.post("/language/", {"language": "en-gb", "next": VOTE}, follow=True)
    assert response.redirect_chain == [(VOTE, 302)]
    assert "Equally good" in text(response)
    cookie = german.cookies[site.LANGUAGE_COOKIE_NAME]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("en-gb", True, "Lax")


def test_the_switch_leads_back_to_where_one_was(db: None, client: Client) -> None:
    page = text(client.get("/login/?next=/me/"))
    assert '<input type="hidden" name="next" value="/login/?next=/me/">' in page


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_the_switch_never_leads_away(client: Client, db: None, elsewhere: str) -> None:
    response = client.post("/language/", {"language": "de", "next": elsewhere})
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_no_other_site_presses_the_switch(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/language/", {"language": "de"}).status_code == 403


def test_pages_for_readers_stay_english(world: Arena, german: Client) -> None:
    page = text(german.get("/arenas/small/leaderboard/"))
    assert '<html lang="en-gb" dir="ltr">' in page
    assert 'class="language"' not in page


def test_staff_stay_english(world: Arena, staff_client: Client) -> None:
    page = text(staff_client.get("/workbench/", headers={"Accept-Language": "de"}))
    assert '<html lang="en-gb"' in page


def test_a_language_from_right_to_left_turns_the_page(
    world: Arena, client: Client, settings: Any
) -> None:
    settings.LANGUAGES = [*site.LANGUAGES, ("ar", "العربية")]
    page = text(client.get(VOTE, headers={"Accept-Language": "ar"}))
    assert '<html lang="ar" dir="rtl">' in page
    assert page.count('name="language"') == 2


def test_one_request_does_not_change_the_language_of_the_next(
    world: Arena, german: Client, client: Client
) -> None:
    german.get(VOTE)
    assert "Equally good" in text(client.get(VOTE))
    assert Rater.objects.count() == 2
