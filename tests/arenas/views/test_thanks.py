"""The end of the work: thanks, the rater's own summary, and no names before the end."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from arenas.definitions.models import Arena
from arenas.raters.models import Participation
from arenas.votes.models import Vote
from tests import factories
from tests.pages import VOTE, open_ballot, post, text

pytestmark = pytest.mark.django_db
BOARD = "Your own leaderboard, from your 2 answers alone: how often you preferred"


def make_arena(folder: Path, **settings: Any) -> Arena:
    return factories.make_world(folder, votes_per_rater=2, voting_settings=settings)


def finish(client: Client) -> str:
    post(client, open_ballot(client), response_ms="1000")
    return text(post(client, open_ballot(client), response_ms="3000"))


def test_the_thanks_say_how_much_and_how_fast(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path)
    page = finish(client)
    assert "You have answered 2 pairs." in page
    assert "<b>2.0</b> seconds a pair" in page
    assert "<b>0\u202f%</b> passed over" in page


def test_the_end_of_the_work_is_noted_once(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path)
    post(client, open_ballot(client))
    assert Participation.objects.get().ended_at is None
    post(client, open_ballot(client))
    ended_at = Participation.objects.get().ended_at
    assert ended_at is not None
    post(client, "anything")
    assert Participation.objects.get().ended_at == ended_at


def test_no_own_board_where_the_arena_has_none(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path, undo_seconds=0)
    finish(client)
    assert "Your own leaderboard" not in text(client.get(VOTE))


def test_the_own_board_waits_until_the_last_answer_stands(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path, personal_board=True)
    page = finish(client)
    assert BOARD not in page
    assert "can be seen in" in page
    Vote.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    page = text(client.get(VOTE))
    assert BOARD in page
    assert Vote.objects.first().competitor_a.name in page


def test_no_own_board_before_the_quota_is_done(tmp_path: Path, client: Client) -> None:
    make_arena(tmp_path, personal_board=True, undo_seconds=0)
    post(client, open_ballot(client))
    assert "Your own leaderboard" not in text(client.get(VOTE))


def test_no_own_board_without_a_quota(tmp_path: Path, client: Client) -> None:
    settings = {"personal_board": True, "undo_seconds": 0}
    factories.make_world(tmp_path, prompts=1, voting_settings=settings)
    while 'name="winner"' in text(client.get(VOTE)):
        post(client, open_ballot(client))
    assert "Your own leaderboard" not in text(client.get(VOTE))
