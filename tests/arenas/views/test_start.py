"""The start page: what it says, what it asks, and what it writes."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from arenas.definitions.models import Arena
from arenas.raters.admit import create_invitation
from arenas.raters.consent import hash_text
from arenas.raters.finish import end
from arenas.raters.models import Participation, Rater
from arenas.votes.models import Vote
from tests import factories
from tests.factories import count_rows
from tests.pages import VOTE, open_ballot, post, read_pictures, text

pytestmark = pytest.mark.django_db
START = "/arenas/small/start/"
State = Participation.State

CONSENT = "I take part of my own will."
SCREEN = {
    "id": "sight",
    "text": "Do you see colours?",
    "options": [{"id": "all", "text": "All of them"}, {"id": "some", "text": "Some"}],
    "accepted": ["all"],
}
FULL = {
    "minutes": 12,
    "pay": "2.40 GBP",
    "content": "No violence.",
    "consent": {"text": CONSENT},
    "screening": [SCREEN],
}
GOOD = {
    "screening_sight": "all",
    "consent": "on",
    "shown": hash_text(CONSENT),
}


def make_study(folder: Path, voting: dict[str, Any] = FULL, **fields: Any) -> Arena:
    return factories.make_world(folder, voting_settings=voting, **fields)


def state() -> str:
    return Participation.objects.get().state


def test_a_stranger_reads_all_terms_first(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, votes_per_rater=40)
    page = text(client.get(VOTE))
    for said in ("40 pairs", "about 12 minutes", "2.40 GBP", "No violence.", "random key"):
        assert said in page
    assert CONSENT in page
    assert "Do you see colours?" in page
    assert not read_pictures(page)


def test_reading_the_start_page_writes_nothing(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    before = count_rows()
    client.get(VOTE)
    client.get(START)
    assert count_rows() == before
    assert "rater" not in client.cookies


def test_practice_is_announced(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, {"practice": 3}, votes_per_rater=9)
    assert "and 3 practice pairs first" in text(client.get(VOTE))


def test_an_arena_without_anything_to_say_shows_a_pair(world: Arena, client: Client) -> None:
    assert len(read_pictures(text(client.get(VOTE)))) == 2


def test_who_begins_gets_a_pair(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    response = client.post(START, GOOD, follow=True)
    assert response.redirect_chain == [(VOTE, 302)]
    assert len(read_pictures(text(response))) == 2
    part = Participation.objects.get()
    assert (part.state, part.consent) == (State.VOTING, GOOD["shown"])
    assert part.consented_at is not None


def test_who_has_begun_is_not_asked_again(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    client.post(START, GOOD)
    assert client.get(START).headers["Location"] == VOTE


@pytest.mark.parametrize(
    ("missing", "message"),
    [("consent", "You can only take part if you agree"), ("screening_sight", "choose an answer")],
)
def test_what_is_missing_is_named_where_it_is(
    tmp_path: Path, client: Client, missing: str, message: str
) -> None:
    make_study(tmp_path)
    before = count_rows()
    response = client.post(START, {name: GOOD[name] for name in GOOD if name != missing})
    assert response.status_code == 400
    page = text(response)
    assert f'id="id_{missing}_error"' in page
    assert message in page
    assert count_rows() == before


def test_an_answer_that_is_none_of_the_options_is_refused(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    assert client.post(START, {**GOOD, "screening_sight": "\0<b>"}).status_code == 400
    assert not Rater.objects.exists()


def test_nobody_agrees_to_a_text_that_was_changed_meanwhile(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    response = client.post(START, {**GOOD, "shown": hash_text("another text")})
    assert response.status_code == 400
    assert "This text has changed" in text(response)
    assert not Participation.objects.exists()


def test_who_is_not_suitable_is_thanked_and_does_not_begin_again(
    tmp_path: Path, client: Client
) -> None:
    make_study(tmp_path)
    response = client.post(START, {**GOOD, "screening_sight": "some"}, follow=True)
    assert "Thank you for your interest" in text(response)
    client.post(START, GOOD)
    assert state() == State.SCREENED_OUT
    assert not read_pictures(text(client.get(VOTE)))


def test_a_stranger_who_declines_leaves_nothing(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    before = count_rows()
    assert "Thank you for your interest" in text(client.post(START, {"decline": "1"}))
    assert count_rows() == before


def test_an_invited_rater_sees_the_start_page_and_their_own_quota(
    tmp_path: Path, client: Client
) -> None:
    arena = make_study(tmp_path, access="invitation", votes_per_rater=40)
    page = text(client.get(f"/join/{create_invitation(arena, quota=7)}/", follow=True))
    assert "7 pairs" in page
    assert state() == State.ARRIVED
    client.post(START, GOOD)
    assert state() == State.VOTING


def test_the_uninvited_cannot_begin(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, access="invitation")
    assert client.post(START, GOOD).status_code == 403
    assert not Rater.objects.exists()


def test_the_start_page_cannot_be_skipped(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    post(client, "anything")
    assert not Rater.objects.exists()


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (State.SCREENED_OUT, "Thank you for your interest"),
        (State.INATTENTIVE, "You have answered 1 pair."),
        (State.WITHDRAWN, "has been deleted"),
    ],
)
def test_whose_part_has_ended_gets_no_pair(
    world: Arena, client: Client, ended: State, says: str
) -> None:
    post(client, open_ballot(client))
    token = open_ballot(client)
    end(Participation.objects.get(), ended, now=timezone.now())
    for response in (client.get(VOTE), client.get(START), post(client, token)):
        assert says in text(response)
        assert not read_pictures(text(response))
    assert Vote.objects.count() == 1


def test_a_script_that_asks_for_a_pair_is_sent_to_the_page(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    end(Participation.objects.get(), State.INATTENTIVE, now=timezone.now())
    response = client.post(VOTE, {"token": token}, headers={"HX-Request": "true"})
    assert response.headers["HX-Refresh"] == "true"


def test_begin_is_protected(tmp_path: Path) -> None:
    make_study(tmp_path)
    assert Client(enforce_csrf_checks=True).post(START, GOOD).status_code == 403


def test_an_unknown_arena_has_no_start(client: Client) -> None:
    assert client.get("/arenas/none/start/").status_code == 404


def test_terms_cannot_bring_markup(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, {"pay": "<script>alert(1)</script>", "consent": {"text": "<b>x</b>"}})
    page = text(client.get(VOTE))
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
