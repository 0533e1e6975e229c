"""Every form of answer, and all that comes with one, as a browser without JavaScript sends it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from arenas.battles.models import Ballot
from arenas.definitions.models import Arena, Question
from arenas.votes.models import Comment, Vote
from tests import factories
from tests.pages import VOTE, open_ballot, post, read_buttons, read_pictures, read_token, text

pytestmark = pytest.mark.django_db
OPTIONS = [{"id": "welcome", "text": "Yes, welcome"}, {"id": "none", "text": "No"}]
REASONS = [
    {"id": "misspelt", "text": "Text misspelt"},
    {"id": "pasted", "text": "Looks pasted on", "category": "of no prompt"},
]
Make = Callable[..., Arena]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes an arena of four competitors with these settings of voting, and one question."""

    def make(question: dict[str, Any] | None = None, **voting: Any) -> Arena:
        version = factories.make_suite(tmp_path)
        arena = factories.make_arena(version, ("ant", "bee", "cat", "dog"), voting_settings=voting)
        factories.make_candidates(arena)
        Question.objects.update(**(question or {}))
        return arena

    return make


def send(client: Client, **fields: Any) -> Any:
    return client.post(VOTE, {"token": open_ballot(client), **fields})


def send_pair(client: Client, **fields: Any) -> Vote:
    """Answer the pair on show with that, and return what is stored."""
    send(client, winner="model_a", **fields)
    return Vote.objects.get()


def test_a_question_about_each_picture_offers_its_options_for_both(
    make: Make, client: Client
) -> None:
    make({"form": "each", "options": OPTIONS})
    page = text(client.get(VOTE))
    for slot in (0, 1):
        for option in OPTIONS:
            assert f'name="answer_{slot}" value="{option["id"]}"' in page
    assert not read_buttons(page)


def test_an_answer_about_each_picture_is_one_vote(make: Make, client: Client) -> None:
    make({"form": "each", "options": OPTIONS})
    assert send(client, answer_0="none", answer_1="welcome").status_code == 200
    assert Vote.objects.get().answers == ["none", "welcome"]


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"answer_0": "none"},
        {"answer_0": "none", "answer_1": "perhaps"},
        {"answer_0": "none", "answer_1": "none", "answer_2": "none"},
        {"answer_0": "none", "answer_1": "none", "winner": "model_a"},
        {"winner": "model_a"},
    ],
)
def test_half_an_answer_about_each_picture_is_refused(
    make: Make, client: Client, answers: dict[str, str]
) -> None:
    make({"form": "each", "options": OPTIONS})
    assert send(client, **answers).status_code == 400
    assert not Vote.objects.exists()


@pytest.mark.parametrize("pictures", [3, 4])
def test_several_pictures_are_put_in_order(make: Make, client: Client, pictures: int) -> None:
    make(pictures=pictures)
    page = text(client.get(VOTE))
    assert len(read_pictures(page)) == pictures
    places = {f"place_{slot}": str(pictures - slot) for slot in range(pictures)}
    assert all(f'<select name="{name}"' in page for name in places)
    assert send(client, **places).status_code == 200
    assert Vote.objects.get().ranking == list(range(pictures, 0, -1))


def test_an_order_may_have_ties(make: Make, client: Client) -> None:
    make(pictures=3)
    send(client, place_0="2", place_1="1", place_2="1")
    assert Vote.objects.get().ranking == [2, 1, 1]


@pytest.mark.parametrize("places", [("1", "2"), ("1", "3", "3"), ("1", "2", ""), ("0", "1", "2")])
def test_an_order_with_gaps_is_refused_and_asked_for_again(
    make: Make, client: Client, places: tuple[str, ...]
) -> None:
    make(pictures=3)
    token = open_ballot(client)
    response = send(client, **{f"place_{slot}": place for slot, place in enumerate(places)})
    assert response.status_code == 400
    assert read_token(text(response)) == token
    assert not Vote.objects.exists()


@pytest.mark.parametrize(("winner", "stored"), [("model_a", 2), ("tie", None)])
def test_only_what_is_better_is_so_by_some_strength(
    make: Make, client: Client, winner: str, stored: int | None
) -> None:
    make({"strength": True})
    send(client, winner=winner, strength="2")
    assert Vote.objects.get().strength == stored


def test_strength_need_not_be_said(make: Make, client: Client) -> None:
    make({"strength": True})
    assert 'name="strength"' in text(client.get(VOTE))
    assert send_pair(client).strength is None


def test_strength_is_asked_only_where_the_question_does(make: Make, client: Client) -> None:
    make()
    assert 'name="strength"' not in text(client.get(VOTE))
    assert send_pair(client, strength="3").strength is None


def test_the_chips_are_those_of_the_prompt_for_either_side(make: Make, client: Client) -> None:
    make(reasons=REASONS)
    page = text(client.get(VOTE))
    assert [page.count(f'name="reason" value="{slot}:misspelt"') for slot in (0, 1)] == [1, 1]
    assert "pasted" not in page


def test_chips_are_stored_with_the_answer(make: Make, client: Client) -> None:
    make(reasons=REASONS)
    vote = send_pair(client, reason=["1:misspelt", "0:misspelt", "1:misspelt"])
    assert vote.reasons == [[0, "misspelt"], [1, "misspelt"]]


@pytest.mark.parametrize("reason", ["0:none-such", "2:misspelt", "misspelt", "0:pasted", "\0:\0"])
def test_a_chip_that_was_not_offered_does_not_lose_the_answer(
    make: Make, client: Client, reason: str
) -> None:
    make(reasons=REASONS)
    assert send_pair(client, reason=reason).reasons == []


def test_spots_are_stored_with_the_answer(make: Make, client: Client) -> None:
    make()
    vote = send_pair(client, spots=json.dumps([[1, 0, 0, 0.25, 0.7501]]))
    assert vote.spots == [[1, 0, 0, 0.25, 0.75]]


@pytest.mark.parametrize(
    "spots", ["{", "7", "[[0]]", "[[0, 0, 9, 0.5, 0.5]]", '[[0, 0, 0, 2, "x"]]']
)
def test_a_spot_on_no_picture_does_not_lose_the_answer(
    make: Make, client: Client, spots: str
) -> None:
    make()
    assert send_pair(client, spots=spots).spots == []


def test_a_comment_is_kept_beside_the_vote(make: Make, client: Client) -> None:
    make(comments=True)
    assert 'name="comment"' in text(client.get(VOTE))
    send_pair(client, comment="The hat floats.")
    assert Comment.objects.get().text == "The hat floats."


def test_an_arena_that_wants_no_comments_keeps_none(make: Make, client: Client) -> None:
    make()
    assert 'name="comment"' not in text(client.get(VOTE))
    send_pair(client, comment="The hat floats.")
    assert not Comment.objects.exists()


def test_a_pair_is_passed_over_with_a_reason(make: Make, client: Client) -> None:
    make()
    token = open_ballot(client)
    response = send(client, skip="broken")
    assert read_token(text(response)) != token
    assert not Vote.objects.exists()
    assert Ballot.objects.exclude(answered_at=None).get().skipped == "broken"


@pytest.mark.parametrize("reason", ["", "none-such"])
def test_a_pair_is_not_passed_over_without_a_reason(
    make: Make, client: Client, reason: str
) -> None:
    make()
    token = open_ballot(client)
    response = send(client, skip=reason)
    assert response.status_code == 400
    assert read_token(text(response)) == token


def test_the_last_answer_can_be_taken_back(make: Make, client: Client) -> None:
    make()
    token = open_ballot(client)
    page = text(post(client, token))
    assert f'name="undo" value="{token}:' in page
    again = text(client.post(VOTE, {"token": read_token(page), "undo": token}))
    assert read_token(again) == token
    assert 'name="undo"' not in again
    post(client, token, "tie")
    assert [(vote.winner, vote.revision) for vote in Vote.objects.order_by("pk")] == [
        ("model_a", 0),
        ("", 1),
        ("tie", 2),
    ]


def test_an_answer_to_one_of_several_questions_can_be_taken_back(
    make: Make, client: Client
) -> None:
    arena = make()
    Question.objects.create(arena=arena, key="fit", text="Which fits?", position=1)
    page = text(post(client, open_ballot(client)))
    assert "2 of 2" in page
    token = read_token(page)
    again = text(client.post(VOTE, {"token": token, "undo": token}))
    assert read_token(again) == token
    assert "1 of 2" in again


def test_a_reload_still_offers_to_take_the_last_answer_back(make: Make, client: Client) -> None:
    make()
    token = open_ballot(client)
    assert 'name="undo"' not in text(client.get(VOTE))
    post(client, token)
    assert f'name="undo" value="{token}:' in text(client.get(VOTE))
    Vote.objects.update(created_at=factories.NOW)
    assert 'name="undo"' not in text(client.get(VOTE))


def test_where_nothing_can_be_taken_back_nothing_offers_it(make: Make, client: Client) -> None:
    make(undo_seconds=0)
    assert 'name="undo"' not in text(post(client, open_ballot(client)))


def test_the_device_is_stored_with_the_ballot(make: Make, client: Client) -> None:
    make()
    device = {"width": 390, "height": 844, "ratio": 2.999, "kind": "phone"}
    send_pair(client, viewport=json.dumps(device))
    stored = Ballot.objects.exclude(answered_at=None).get().viewport
    assert stored == {**device, "ratio": 3.0}


@pytest.mark.parametrize(
    "viewport",
    [
        "",
        "{",
        "[]",
        "7",
        '{"width": 390}',
        '{"width": 1e999, "height": 9, "ratio": 1, "kind": "phone"}',
        '{"width": 390, "height": 844, "ratio": NaN, "kind": "phone"}',
        '{"width": 390, "height": 844, "ratio": 2, "kind": "fridge"}',
        '{"width": 390, "height": 844, "ratio": 2, "kind": ["phone"]}',
    ],
)
def test_nonsense_about_the_device_does_not_lose_the_answer(
    make: Make, client: Client, viewport: str
) -> None:
    make()
    send_pair(client, viewport=viewport)
    assert Ballot.objects.exclude(answered_at=None).get().viewport is None


def test_the_least_time_to_look_is_the_arenas(make: Make, client: Client) -> None:
    make(quality={"min_seconds": 1.25})
    assert 'data-settle-ms="1250"' in text(client.get(VOTE))


def test_a_practice_pair_says_so(make: Make, client: Client) -> None:
    make()
    token = open_ballot(client)
    assert "ribbon" not in text(client.get(VOTE))
    Ballot.objects.update(kind="practice")
    page = text(client.get(VOTE))
    assert read_token(page) == token
    assert '<p class="ribbon">Practice</p>' in page
