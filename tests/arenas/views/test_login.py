"""Accounts on the pages: one user is one rater, in every browser."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from arenas.definitions.models import Arena
from arenas.raters.account import create_account
from arenas.raters.models import Rater
from arenas.raters.try_login import MOST
from tests import factories
from tests.pages import VOTE, open_ballot, post, read_pictures, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def password() -> str:
    return create_account("dora")


@pytest.fixture
def members(tmp_path: Path) -> Arena:
    return factories.make_world(tmp_path, access="account")


def log_in(client: Client, password: str, next_page: str = VOTE) -> str:
    """Where the login leads; nowhere when it failed."""
    form = {"username": "dora", "password": password, "next": next_page}
    return client.post("/login/", form).headers.get("Location", "")


def test_a_stranger_is_asked_to_log_in_first(members: Arena, client: Client) -> None:
    response = client.get(VOTE)
    assert response.headers["Location"] == "/login/?next=%2Farenas%2Fsmall%2Fvote%2F"
    assert 'value="/arenas/small/vote/"' in text(client.get(response.headers["Location"]))
    assert not Rater.objects.exists()


def test_who_logs_in_gets_a_pair(members: Arena, client: Client, password: str) -> None:
    assert log_in(client, password) == VOTE
    assert len(read_pictures(text(client.get(VOTE)))) == 2


def test_one_user_is_one_rater_in_every_browser(
    members: Arena, client: Client, password: str
) -> None:
    other = Client()
    log_in(client, password)
    log_in(other, password)
    assert open_ballot(other) == open_ballot(client)
    assert Rater.objects.count() == 1


def test_who_logged_in_elsewhere_on_the_site_is_known_too(members: Arena) -> None:
    client = Client()
    client.force_login(factories.make_staff())
    post(client, open_ballot(client))
    assert Rater.objects.get().votes.count() == 1


def test_who_voted_without_an_account_is_another_rater(
    members: Arena, client: Client, password: str
) -> None:
    Arena.objects.update(access="open")
    client.get(VOTE)
    Arena.objects.update(access="account")
    assert client.get(VOTE).status_code == 302
    log_in(client, password)
    client.get(VOTE)
    assert Rater.objects.count() == 2


def test_a_closed_account_is_shut_out_at_once(
    members: Arena, client: Client, password: str
) -> None:
    log_in(client, password)
    token = open_ballot(client)
    get_user_model().objects.update(is_active=False)
    assert post(client, token).status_code == 302
    assert not Rater.objects.get().votes.exists()


def test_logging_out_forgets_the_rater(members: Arena, client: Client, password: str) -> None:
    log_in(client, password)
    client.get(VOTE)
    client.post("/logout/")
    assert client.get(VOTE).status_code == 302


def test_the_session_gets_another_key_at_the_login(client: Client, password: str) -> None:
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    log_in(client, password)
    assert client.session.session_key != before


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert()"]
)
def test_the_login_leads_nowhere_else(client: Client, password: str, target: str) -> None:
    assert log_in(client, password, target) == "/"


def test_a_wrong_password_is_refused(client: Client, password: str) -> None:
    form = {"username": "dora", "password": "guess"}
    assert "do not belong together" in text(client.post("/login/", form))
    assert "rater" not in client.cookies


def test_after_some_wrong_passwords_none_is_tried(client: Client, password: str) -> None:
    for _ in range(MOST["name"]):
        client.post("/login/", {"username": "dora", "password": "guess"})
    response = client.post("/login/", {"username": "dora", "password": password})
    assert "Too many wrong passwords" in text(response)


def test_a_right_password_begins_the_count_again(client: Client, password: str) -> None:
    for _ in range(MOST["name"] - 1):
        client.post("/login/", {"username": "dora", "password": "guess"})
    assert log_in(client, password) == VOTE
    assert log_in(client, password) == VOTE


def test_login_and_logout_are_protected() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/login/", {}).status_code == 403
    assert strict.post("/logout/").status_code == 403


def test_an_account_that_is_deleted_while_it_logs_in_is_nobody(
    client: Client, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = get_user_model().objects
    monkeypatch.setattr("arenas.views.account.forgive", lambda *_: users.all().delete())
    assert log_in(client, password) == "/me/"
    assert not Rater.objects.exists()
    assert "_auth_user_id" not in client.session
