"""The vote page as a browser without JavaScript, and htmx, see it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena, Question
from arenas.raters.admit import create_invitation
from arenas.raters.models import Rater
from arenas.suites.load import load_suite
from arenas.votes.models import Vote
from tests import factories
from tests.pages import (
    VOTE,
    open_ballot,
    post,
    read_ahead,
    read_buttons,
    read_pictures,
    read_token,
    text,
)

pytestmark = pytest.mark.django_db
OUTCOMES = ["model_a", "tie", "both_bad", "model_b"]


def winners() -> list[str]:
    return list(Vote.objects.order_by("pk").values_list("winner", flat=True))


def test_the_page_shows_two_pictures_and_a_button_for_every_outcome(
    world: Arena, client: Client
) -> None:
    page = text(client.get(VOTE))
    assert len(read_pictures(page)) == 2
    assert sorted(read_buttons(page)) == sorted(OUTCOMES)


def test_only_the_outcomes_of_the_arena_have_buttons(tmp_path: Path, client: Client) -> None:
    factories.make_world(tmp_path, outcomes=["model_a", "model_b"])
    assert read_buttons(text(client.get(VOTE))) == ["model_a", "model_b"]


@pytest.mark.parametrize("winner", OUTCOMES)
def test_a_press_of_a_button_is_a_vote(world: Arena, client: Client, winner: str) -> None:
    post(client, open_ballot(client), winner)
    assert winners() == [winner]


def test_the_answer_to_a_vote_is_the_next_ballot(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    response = post(client, token)
    assert response.status_code == 200
    assert read_token(text(response)) != token


def test_the_next_ballot_is_the_one_fetched_ahead(world: Arena, client: Client) -> None:
    page = text(client.get(VOTE))
    following = text(post(client, read_token(page)))
    assert sorted(read_pictures(following)) == sorted(read_ahead(page))


def test_a_reload_shows_the_same_ballot(world: Arena, client: Client) -> None:
    assert open_ballot(client) == open_ballot(client)


def test_the_same_post_twice_counts_once(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    first = post(client, token, "tie")
    second = post(client, token, "tie")
    assert second.status_code == 200
    assert read_token(text(second)) == read_token(text(first))
    assert winners() == ["tie"]


def test_a_second_different_answer_is_a_conflict(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    post(client, token, "tie")
    response = post(client, token, "model_a")
    assert response.status_code == 409
    assert "first answer stands" in text(response)
    assert winners() == ["tie"]


def test_another_raters_ballot_is_not_found(world: Arena, client: Client) -> None:
    token = open_ballot(Client())
    client.get(VOTE)
    assert post(client, token).status_code == 404
    assert not winners()


@pytest.mark.parametrize("token", ["", "x" * 32, "\0", "é" * 4000, "../../etc", "1"])
def test_a_tampered_token_is_not_found(world: Arena, client: Client, token: str) -> None:
    client.get(VOTE)
    assert post(client, token).status_code == 404
    assert not winners()


def test_an_expired_ballot_is_gone_and_brings_another(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    Ballot.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = post(client, token)
    assert response.status_code == 410
    assert read_token(text(response)) != token
    assert not winners()


@pytest.mark.parametrize(
    "wrong",
    [
        {"winner": "model_c"},
        {"winner": ""},
        {"winner": "\0"},
        {"question": "none-such"},
        {"question": "\0"},
    ],
)
def test_an_answer_to_nothing_is_a_bad_request(
    world: Arena, client: Client, wrong: dict[str, str]
) -> None:
    token = open_ballot(client)
    assert post(client, token, **{"winner": "tie", **wrong}).status_code == 400
    assert not winners()


@pytest.mark.parametrize("milliseconds", ["-1", "1e9", "²", "9" * 400, "NaN", "999999999"])
def test_nonsense_about_the_time_does_not_lose_the_vote(
    world: Arena, client: Client, milliseconds: str
) -> None:
    post(client, open_ballot(client), response_ms=milliseconds, tools="keyboard <b> zoom")
    vote = Vote.objects.get()
    assert (vote.response_ms, vote.tools) == (None, ["keyboard", "zoom"])


def test_what_the_browser_measured_is_kept(world: Arena, client: Client) -> None:
    post(client, open_ballot(client), response_ms="1234", tools="touch")
    vote = Vote.objects.get()
    assert (vote.response_ms, vote.tools) == (1234, ["touch"])


def test_a_post_without_the_raters_cookie_is_a_bad_request(world: Arena, client: Client) -> None:
    assert post(client, "anything").status_code == 400


def test_a_forged_cookie_is_a_new_rater(world: Arena, client: Client) -> None:
    client.cookies["rater"] = Rater.objects.create().key
    assert client.get(VOTE).status_code == 200
    assert Rater.objects.count() == 2


def test_a_form_without_its_protection_is_forbidden(world: Arena) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = post(strict, open_ballot(strict))
    assert response.status_code == 403
    assert "Reload the page" in text(response)
    assert not winners()


def test_htmx_gets_the_fragment(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    response = client.post(VOTE, {"token": token, "winner": "tie"}, headers={"HX-Request": "true"})
    page = text(response)
    assert page.lstrip().startswith('<div id="ballot"')
    assert "<html" not in page
    assert read_token(page) != token


def test_htmx_gets_a_refusal_as_a_notice_that_it_swaps_in(world: Arena, client: Client) -> None:
    client.get(VOTE)
    response = client.post(VOTE, {"token": "x", "winner": "tie"}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert "not one that was shown to you" in text(response)


def test_questions_are_asked_one_after_another_on_the_same_pair(
    world: Arena, client: Client
) -> None:
    Question.objects.create(arena=world, key="fit", text="Which fits?", position=1)
    first = text(client.get(VOTE))
    second = text(post(client, read_token(first)))
    assert (read_token(second), read_pictures(second)) == (read_token(first), read_pictures(first))
    assert "Which fits?" in second
    third = text(post(client, read_token(second), "tie"))
    assert read_token(third) != read_token(first)
    assert Vote.objects.count() == 2


def test_a_question_that_replaced_another_meanwhile_is_still_asked(
    world: Arena, client: Client
) -> None:
    Question.objects.create(arena=world, key="fit", text="Which fits?", position=1)
    token = open_ballot(client)
    post(client, token)
    Question.objects.filter(key="better").update(retired_at=timezone.now())
    Question.objects.create(arena=world, key="better", text="Which is nicer?")
    post(client, token)
    assert Ballot.objects.filter(answered_at=None).count() == 2
    post(client, token)
    assert {vote.question.text for vote in Vote.objects.all()} == {
        "Which is better?",
        "Which is nicer?",
        "Which fits?",
    }


def test_an_answer_on_which_nothing_is_asked_any_more_is_gone(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    Question.objects.update(category="of no prompt")
    assert post(client, token).status_code == 410


def test_the_quota_ends_with_thanks(tmp_path: Path, client: Client) -> None:
    factories.make_world(tmp_path, votes_per_rater=2)
    post(client, open_ballot(client))
    page = text(post(client, open_ballot(client)))
    assert not read_buttons(page)
    assert "answered 2 pairs" in page
    assert "as many as this arena asks" in page


def test_an_arena_without_pictures_says_so(tmp_path: Path, client: Client) -> None:
    factories.make_arena(factories.make_suite(tmp_path))
    assert "Nothing to vote on yet" in text(client.get(VOTE))


def test_a_closed_arena_shows_nothing_to_the_uninvited(tmp_path: Path, client: Client) -> None:
    factories.make_world(tmp_path, access="invitation")
    response = client.get(VOTE)
    assert response.status_code == 403
    assert not read_pictures(text(response))
    assert not Rater.objects.exists()


def test_an_invitation_link_leads_to_a_pair(tmp_path: Path, client: Client) -> None:
    arena = factories.make_world(tmp_path, access="invitation")
    response = client.get(f"/join/{create_invitation(arena)}/", follow=True)
    assert response.redirect_chain == [(VOTE, 302)]
    assert len(read_pictures(text(response))) == 2


def test_a_link_that_can_be_used_up_is_not_used_up_by_a_preview(
    tmp_path: Path, client: Client
) -> None:
    arena = factories.make_world(tmp_path, access="invitation")
    link = f"/join/{create_invitation(arena, max_uses=1)}/"
    assert "You are invited" in text(client.get(link))
    assert not Rater.objects.exists()
    assert client.post(link, follow=True).redirect_chain == [(VOTE, 302)]


def test_a_bad_invitation_link_says_what_is_wrong(db: None, client: Client) -> None:
    response = client.get("/join/guessed/")
    assert response.status_code == 403
    assert "not known here" in text(response)


def test_the_raters_cookie_is_out_of_reach_of_scripts(world: Arena, client: Client) -> None:
    client.get(VOTE)
    cookie = client.cookies["rater"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_page_is_never_stored(world: Arena, client: Client) -> None:
    assert "no-store" in client.get(VOTE).headers["Cache-Control"]


def test_prompts_cannot_bring_markup(tmp_path: Path, client: Client) -> None:
    rows = [{"id": "p", "text": "<script>alert(1)</script>"}]
    version = load_suite(factories.suite_file(tmp_path, rows)).version
    factories.make_candidates(factories.make_arena(version))
    page = text(client.get(VOTE))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
