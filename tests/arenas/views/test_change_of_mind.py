"""Ways back: from a decline, from a pass; and none from a deletion."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from arenas.definitions.models import Arena
from arenas.raters.account import create_account
from arenas.raters.models import Participation, Rater
from tests import factories
from tests.pages import VOTE, open_ballot, post, read_pictures, text

pytestmark = pytest.mark.django_db
START = "/arenas/small/start/"
State = Participation.State


@pytest.fixture
def study(tmp_path: Path) -> Arena:
    voting = {"consent": {"text": "I take part."}}
    return factories.make_world(tmp_path, access="account", voting_settings=voting)


@pytest.fixture
def dora(client: Client) -> Client:
    client.login(username="dora", password=create_account("dora"))
    return client


def test_who_declined_can_change_their_mind(study: Arena, dora: Client) -> None:
    page = text(dora.post(START, {"decline": "1"}))
    assert 'name="return"' in page
    assert Participation.objects.get().state == State.DECLINED
    asked = text(dora.post(START, {"return": "1"}, follow=True))
    assert "I take part." in asked
    assert Participation.objects.get().state == State.ARRIVED
    assert Participation.objects.get().ended_at is None


def test_a_stranger_who_declined_is_asked_again(study: Arena, client: Client) -> None:
    Arena.objects.update(access="open")
    assert 'name="return"' in text(client.post(START, {"decline": "1"}))
    assert "I take part." in text(client.post(START, {"return": "1"}, follow=True))
    assert not Rater.objects.exists()


@pytest.mark.parametrize("state", [State.SCREENED_OUT, State.INATTENTIVE])
def test_no_other_end_is_taken_back(study: Arena, dora: Client, state: str) -> None:
    dora.get(START)
    Participation.objects.update(state=state)
    assert 'name="return"' not in text(dora.post(START, {"return": "1"}, follow=True))
    assert Participation.objects.get().state == state


def test_a_pass_can_be_taken_back_on_the_page(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    page = text(client.post(VOTE, {"token": token, "skip": "unsure"}))
    assert f'name="undo" value="{token}:pass-0"' in page
    assert f'name="undo" value="{token}:pass-0"' in text(client.get(VOTE))
    again = text(client.post(VOTE, {"token": token, "undo": f"{token}:pass-0"}))
    assert f'name="token" value="{token}"' in again


def test_every_session_of_a_deleted_account_is_dead(study: Arena, dora: Client) -> None:
    study.voting_settings = {}
    study.save()
    other = Client()
    other.force_login(get_user_model().objects.get())
    post(dora, open_ballot(dora))
    open_ballot(other)  # which holds the key from now on, too
    dora.post("/me/", {"confirm": "1"})
    for client in (dora, other):
        assert client.get(VOTE).status_code == 302
        assert not read_pictures(text(client.get(VOTE, follow=True)))
        assert "Nothing is stored" in text(client.get("/me/"))
    assert Participation.objects.get().state == State.WITHDRAWN
