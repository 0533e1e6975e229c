"""A crowd platform's participants: in by the address, out by a code."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from arenas.definitions.load import load_arena
from arenas.definitions.models import Arena
from arenas.raters.models import Participation, Person, Rater
from arenas.suites.load import load_suite
from tests import factories
from tests.pages import VOTE, open_ballot, post, read_pictures, text

pytestmark = pytest.mark.django_db
START = "/arenas/small/start/"
CAROL = {"PROLIFIC_PID": "5f2a", "STUDY_ID": "st1", "SESSION_ID": "se1"}
CODES = {"completion_code": "DONE-1", "screen_out_code": "OUT-2", "attention_code": "FAIL-3"}


@pytest.fixture
def study(tmp_path: Path) -> Arena:
    return make_study(tmp_path)


def make_study(folder: Path, platform: dict[str, Any] | None = None, **fields: Any) -> Arena:
    settings = {"platform": {**CODES, **(platform or {})}}
    return factories.make_world(
        folder, access="platform", votes_per_rater=2, voting_settings=settings, **fields
    )


@pytest.mark.parametrize("page", [START, VOTE])
def test_the_address_leads_on_to_one_that_names_nobody(
    study: Arena, client: Client, page: str
) -> None:
    response = client.get(page, CAROL)
    assert (response.status_code, response.headers["Location"]) == (302, page)
    assert "5f2a" not in str(response.headers)
    assert Person.objects.get().participant == "5f2a"
    assert "Begin" in text(client.get(page))


def test_only_the_personal_row_holds_the_identifiers(study: Arena, client: Client) -> None:
    client.get(START, CAROL)
    rows = [*Rater.objects.values_list(), *Participation.objects.values_list()]
    assert "5f2a" not in str(rows)


def test_no_log_line_holds_an_identifier(
    study: Arena, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get(START, CAROL)
        client.get(START, {"PROLIFIC_PID": "{{5f2a}}"})
    assert "5f2a" not in caplog.text


def test_a_participant_with_two_devices_is_one_rater(study: Arena, client: Client) -> None:
    phone = Client()
    for device in (client, phone):
        device.get(START, CAROL)
    client.post(START)
    assert Rater.objects.count() == 1
    assert open_ballot(phone) == open_ballot(client)


def test_another_participant_in_the_same_browser_is_another_rater(
    study: Arena, client: Client
) -> None:
    client.get(START, CAROL)
    client.post(f"{START}?PROLIFIC_PID=6b3c")
    assert Rater.objects.count() == 2
    assert client.post(START).status_code == 302
    assert Participation.objects.get(state="voting").rater.person.participant == "6b3c"


def test_without_parameters_the_page_says_how_to_come(study: Arena, client: Client) -> None:
    for page in (VOTE, START):
        response = client.get(page)
        assert response.status_code == 403
        assert "Come from Prolific" in text(response)
    assert not Rater.objects.exists()


def test_a_placeholder_that_was_not_filled_in_admits_nobody(study: Arena, client: Client) -> None:
    response = client.get(START, {"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"})
    assert response.status_code == 403
    assert not Rater.objects.exists()


def test_parameters_mean_nothing_to_other_arenas(world: Arena, client: Client) -> None:
    assert client.get(VOTE, CAROL).status_code == 200
    assert not Person.objects.exists()


def finish(client: Client) -> str:
    client.get(START, CAROL)
    client.post(START)
    post(client, open_ballot(client))
    return text(post(client, open_ballot(client)))


def test_the_end_has_the_code_and_the_way_back(study: Arena, client: Client) -> None:
    page = finish(client)
    assert "<code>DONE-1</code>" in page
    assert 'href="https://app.prolific.com/submissions/complete?cc=DONE-1"' in page


def test_no_code_before_the_end(study: Arena, client: Client) -> None:
    client.get(START, CAROL)
    assert "DONE-1" not in text(client.get(START))
    client.post(START)
    assert "DONE-1" not in text(client.get(VOTE))
    assert "DONE-1" not in text(post(client, open_ballot(client)))


def test_who_comes_again_after_the_end_sees_the_code_again(study: Arena, client: Client) -> None:
    finish(client)
    other = Client()
    page = text(other.get(START, CAROL, follow=True))
    assert "DONE-1" in page
    assert not read_pictures(page)


def test_who_declines_gets_the_code_for_that(study: Arena, client: Client) -> None:
    client.get(START, CAROL)
    assert "cc=OUT-2" in text(client.post(START, {"decline": "1"}))
    assert "cc=OUT-2" in text(client.get(START, CAROL, follow=True))


def test_a_lack_of_attention_has_its_own_code(study: Arena, client: Client) -> None:
    finish(client)
    Participation.objects.update(state=Participation.State.INATTENTIVE)
    page = text(client.get(VOTE))
    assert "cc=FAIL-3" in page
    assert "You have answered 2 pairs." in page


def test_the_way_back_cannot_bring_markup(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, {"return_url": "https://crowd.example/?a=1&b='x'&cc={code}"})
    page = finish(client)
    assert 'href="https://crowd.example/?a=1&amp;b=&#x27;x&#x27;&amp;cc=DONE-1"' in page


def test_the_documented_study_is_one(tmp_path: Path, client: Client) -> None:
    documented = (factories.ROOT / "docs" / "researchers.md").read_text()
    found = re.search(r"```yaml\n(slug: posters.*?)```", documented, re.DOTALL)
    assert found
    load_suite(factories.suite_file(tmp_path, name="posters"))
    (tmp_path / "arena.yaml").write_text(found[1])
    factories.make_competitors("ant", "bee")
    arena = load_arena(tmp_path / "arena.yaml", now=factories.NOW).arena
    response = client.get("/arenas/posters/start/", CAROL, follow=True)
    assert "40 pairs, and 2 practice pairs first" in text(response)
    assert arena.voting.platform is not None
