"""The page about oneself: what is stored, to see, to take along, and to delete."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.raters.account import find_or_make_rater
from arenas.raters.models import Person, Rater
from arenas.votes.models import Comment, Flag, Vote
from tests.factories import count_rows
from tests.pages import VOTE, open_ballot, post, text

pytestmark = pytest.mark.django_db
ME = "/me/"


@pytest.fixture
def arena(world: Arena) -> Arena:
    world.voting_settings = {"comments": True}
    world.save()
    return Arena.objects.get()


def vote(client: Client) -> None:
    post(client, open_ballot(client), "tie", comment="both squint", response_ms="1200")


def read_votes(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text(client.get("/me/votes.json")))
    return found


def test_a_stranger_reads_that_nothing_is_stored(db: None, client: Client) -> None:
    before = count_rows()
    assert "Nothing is stored about you" in text(client.get(ME))
    assert client.get("/me/votes.json").status_code == 404
    assert client.post(ME, {"confirm": "1"}).status_code == 200
    assert count_rows() == before


def test_the_page_tells_what_is_stored(arena: Arena, client: Client) -> None:
    vote(client)
    rater = Rater.objects.get()
    Person.objects.create(rater=rater, platform="Prolific", participant="5f2a", study="st1")
    page = text(client.get(ME))
    for said in (rater.key[:8], "Small arena", "Prolific", "5f2a", "st1"):
        assert said in page
    assert rater.key not in page


def test_the_download_holds_every_answer(arena: Arena, client: Client) -> None:
    vote(client)
    response = client.get("/me/votes.json")
    assert "attachment" in response.headers["Content-Disposition"]
    (told,) = read_votes(client)
    assert (told["winner"], told["comment"], told["response_ms"]) == ("tie", "both squint", 1200)
    assert told["prompt"] == Vote.objects.get().prompt.turns


@pytest.mark.parametrize(
    ("kind", "practice"), [("practice", True), ("gold", False), ("normal", False)]
)
def test_the_download_tells_practice_and_no_other_kind(
    arena: Arena, client: Client, kind: str, practice: bool
) -> None:
    vote(client)
    Ballot.objects.exclude(answered_at=None).update(kind=kind)
    (told,) = read_votes(client)
    assert told["practice"] is practice
    assert "kind" not in told


def test_the_download_keeps_the_rater_blind(arena: Arena, client: Client) -> None:
    vote(client)
    told = text(client.get("/me/votes.json"))
    vote_row = Vote.objects.get()
    for name in ("ant", "bee", "cat"):
        assert f'"{name}"' not in told
    assert bytes(vote_row.digest).hex() not in told
    assert "candidate" not in told


def test_nobody_reads_anothers_votes(arena: Arena, client: Client) -> None:
    vote(client)
    other = Client()
    other.get(VOTE)
    assert read_votes(other) == []


def test_nothing_is_deleted_without_a_confirmation(arena: Arena, client: Client) -> None:
    vote(client)
    before = count_rows()
    response = client.post(ME)
    assert response.status_code == 400
    assert "Please confirm" in text(response)
    assert count_rows() == before


def test_a_withdrawal_ends_with_another_rater(arena: Arena, client: Client) -> None:
    vote(client)
    assert "Your data are deleted" in text(client.post(ME, {"confirm": "1"}))
    assert not client.cookies["rater"].value
    assert not Comment.objects.exists()
    client.get(VOTE)
    assert Rater.objects.count() == 2


def test_the_old_cookie_is_nobodys(arena: Arena, client: Client) -> None:
    vote(client)
    old = client.cookies["rater"].value
    client.post(ME, {"confirm": "1"})
    client.cookies["rater"] = old
    assert "Nothing is stored about you" in text(client.get(ME))
    assert client.get("/me/votes.json").status_code == 404


@pytest.mark.parametrize(("form", "flags"), [({}, 0), ({"leave_out": "1"}, 1)])
def test_votes_leave_the_boards_only_where_that_is_asked_for(
    arena: Arena, client: Client, form: dict[str, str], flags: int
) -> None:
    vote(client)
    client.post(ME, {"confirm": "1", **form})
    assert Flag.objects.count() == flags
    assert Vote.objects.count() == 1


def test_an_account_is_found_without_the_cookie_and_goes_with_it(
    arena: Arena, client: Client
) -> None:
    user = get_user_model().objects.create_user("dora")
    find_or_make_rater(user)
    client.force_login(user)
    assert "dora" in text(client.get(ME))
    client.post(ME, {"confirm": "1"})
    assert not get_user_model().objects.exists()
    assert "Nothing is stored about you" in text(client.get(ME))


def test_staff_stay_logged_in(arena: Arena, staff_client: Client) -> None:
    vote(staff_client)
    staff_client.post(ME, {"confirm": "1"})
    assert staff_client.get("/workbench/").status_code == 200


def test_the_deletion_is_protected(arena: Arena) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get(VOTE)
    assert strict.post(ME, {"confirm": "1"}).status_code == 403


def test_the_page_is_never_stored(db: None, client: Client) -> None:
    assert "no-store" in client.get(ME).headers["Cache-Control"]
