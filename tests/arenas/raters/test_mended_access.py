"""Ways around the start, the end and the identity of a rater's part, all closed."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from arenas.definitions.models import Arena
from arenas.raters.admit import create_invitation
from arenas.raters.consent import hash_text
from arenas.raters.models import Departed, Participation, Rater
from arenas.votes.models import Vote
from arenas.votes.prune import prune
from tests import factories
from tests.pages import VOTE, open_ballot, post, text

pytestmark = pytest.mark.django_db
START, ME = "/arenas/small/start/", "/me/"
CAROL = {"PROLIFIC_PID": "5f2a", "STUDY_ID": "st1"}
CODES = {"completion_code": "DONE-1", "screen_out_code": "OUT-2", "attention_code": "FAIL-3"}
SCREEN = {
    "id": "sight",
    "text": "Do you see colours?",
    "options": [{"id": "all", "text": "All"}, {"id": "some", "text": "Some"}],
    "accepted": ["all"],
}
AGREED = {"shown": hash_text("I agree."), "consent": "on"}


def make_study(folder: Path, *, access: str = "platform", quota: int = 8, **more: Any) -> Arena:
    settings = {"platform": CODES, "comments": True, "aa_share": 0, **more}
    return factories.make_world(
        folder, 3, access=access, votes_per_rater=quota, voting_settings=settings
    )


def begin(client: Client, **answers: str) -> None:
    client.get(START, CAROL)
    client.post(START, answers)


def skip_all_that_is_left(client: Client) -> str:
    for _ in range(20):
        page = text(client.get(VOTE))
        if 'name="token"' not in page:
            return page
        client.post(VOTE, {"token": open_ballot(client), "skip": "unsure"})
    raise AssertionError("there is no end of it")


def ask_for_consent() -> None:
    arena = Arena.objects.get()
    arena.voting_settings = {**arena.voting_settings, "consent": {"text": "I agree."}}
    arena.save()


def test_declining_after_another_end_shows_that_end(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    Participation.objects.update(state=Participation.State.INATTENTIVE)
    page = text(client.post(START, {"decline": "1"}))
    assert "FAIL-3" in page
    assert "OUT-2" not in page


def test_a_stranger_who_declines_gets_no_code(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, access="open")
    assert "OUT-2" not in text(client.post(START, {"decline": "1"}))


def test_one_answer_and_else_passes_bring_no_code(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    post(client, open_ballot(client))
    assert "DONE-1" not in skip_all_that_is_left(client)


def test_pairs_that_run_out_after_honest_work_bring_the_code(
    tmp_path: Path, client: Client
) -> None:
    make_study(tmp_path, quota=500)
    begin(client)
    for _ in range(8):
        post(client, open_ballot(client))
    assert "DONE-1" in skip_all_that_is_left(client)


def test_consent_added_later_is_asked_before_the_next_pair(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    token = open_ballot(client)
    ask_for_consent()
    assert "I agree." in text(client.get(VOTE))
    post(client, token)
    assert not Vote.objects.exists()
    assert client.post(START, AGREED).status_code == 302
    part = Participation.objects.get()
    assert (part.state, part.consent) == ("voting", AGREED["shown"])
    assert open_ballot(client) == token


def test_those_who_vote_are_not_screened_again(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path, screening=[SCREEN])
    begin(client, screening_sight="all")
    ask_for_consent()
    assert "Do you see colours?" not in text(client.get(START))
    client.post(START, AGREED)
    assert Participation.objects.get().state == Participation.State.VOTING


def test_who_does_not_consent_later_ends_without_the_completion_code(
    tmp_path: Path, client: Client
) -> None:
    make_study(tmp_path)
    begin(client)
    ask_for_consent()
    page = text(client.post(START, {"decline": "1"}))
    assert "DONE-1" not in page
    assert Participation.objects.get().state == Participation.State.DECLINED


def test_a_used_up_link_stays_so_when_idle_raters_go(tmp_path: Path) -> None:
    arena = factories.make_world(tmp_path, 1, access="invitation", voting_settings={"minutes": 3})
    link = f"/join/{create_invitation(arena, max_uses=1)}/"
    invited, stranger = Client(), Client()
    invited.post(link)
    assert prune(timezone.now() + timedelta(days=8)) == (0, 0)
    assert stranger.post(link).status_code == 403
    assert invited.get(VOTE).status_code == 200


def test_who_was_screened_out_does_not_begin_again_by_a_withdrawal(
    tmp_path: Path, client: Client
) -> None:
    make_study(tmp_path, screening=[SCREEN])
    begin(client, screening_sight="some")
    client.post(ME, {"confirm": "1"})
    page = text(client.get(START, CAROL))
    assert "You have left this arena" in page
    assert "OUT-2" not in page
    assert Rater.objects.count() == 1


def test_who_voted_does_not_begin_again_by_a_withdrawal(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    post(client, open_ballot(client))
    client.post(ME, {"confirm": "1"})
    client.get(START, CAROL)
    assert Rater.objects.count() == 1
    assert "5f2a" not in str(Departed.objects.values_list())


def test_who_did_nothing_may_come_again(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    client.post(ME, {"confirm": "1"})
    begin(client)
    assert not Departed.objects.exists()
    assert open_ballot(client)


@pytest.mark.parametrize("page", [START, VOTE])
def test_a_link_does_not_make_a_voter_another_participant(
    tmp_path: Path, client: Client, page: str
) -> None:
    make_study(tmp_path, access="open")
    client.post(START)
    post(client, open_ballot(client))
    asked = client.get(page, CAROL)
    assert "Go on as another participant?" in text(asked)
    post(client, open_ballot(client))
    assert Vote.objects.values("rater").distinct().count() == 1
    assert Rater.objects.count() == 1


def test_a_click_makes_the_browser_another_participants(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    address = f"{START}?PROLIFIC_PID=6b3c"
    assert client.get(address).status_code == 200
    assert client.post(address).headers["Location"] == START
    client.post(START)
    assert open_ballot(client)
    assert Rater.objects.get(person__participant="6b3c").ballots.exists()


def test_an_address_alone_reads_no_comments_and_deletes_nothing(
    tmp_path: Path, client: Client
) -> None:
    make_study(tmp_path)
    begin(client)
    post(client, open_ballot(client), comment="secret words")
    other = Client()
    begin(other)
    assert [vote["comment"] for vote in json.loads(text(other.get("/me/votes.json")))] == [None]
    assert "first pressed Begin" in text(other.get(ME))
    assert other.post(ME, {"confirm": "1"}).status_code == 403
    assert not Rater.objects.exclude(withdrawn_at=None).exists()


def test_the_browser_in_which_the_part_began_reads_and_deletes(
    tmp_path: Path, client: Client
) -> None:
    make_study(tmp_path)
    begin(client)
    post(client, open_ballot(client), comment="secret words")
    assert "secret words" in text(client.get("/me/votes.json"))
    client.post(ME, {"confirm": "1"})
    assert Rater.objects.exclude(withdrawn_at=None).exists()


def test_beginning_a_second_study_elsewhere_is_not_enough(tmp_path: Path, client: Client) -> None:
    make_study(tmp_path)
    begin(client)
    settings = {"platform": CODES}
    factories.make_arena(None, slug="second", access="platform", voting_settings=settings)
    other = Client()
    other.get("/arenas/second/start/", CAROL)
    other.post("/arenas/second/start/")
    assert other.post(ME, {"confirm": "1"}).status_code == 403
