"""The votes behind a number, as staff read them."""

from pathlib import Path

import pytest
from django.test import Client

from arenas.battles.models import Ballot
from arenas.raters.models import Rater
from arenas.votes.models import Comment, Vote
from tests import factories
from tests.pages import text

ADDRESS = "/workbench/arenas/small/votes/"
LONG = "The left one floats. " * 40 + "<b>The end.</b>"


@pytest.fixture
def vote(tmp_path: Path, db: None) -> Vote:
    arena = factories.make_world(tmp_path)
    (cast,) = factories.cast_votes(arena, factories.make_rater(), ["tie"])
    return cast


def test_each_vote_has_its_question(vote: Vote, staff_client: Client) -> None:
    page = text(staff_client.get(ADDRESS))
    assert '<th scope="col" class="left">Question</th>' in page
    assert 'title="Which is better?">better</td>' in page


def test_the_key_leads_to_the_rater(vote: Vote, staff_client: Client) -> None:
    link = f"/workbench/arenas/small/raters/{Rater.objects.get().key}/"
    assert f'<a href="{link}">' in text(staff_client.get(ADDRESS))
    assert staff_client.get(link).status_code == 200


def test_a_comment_is_shown_whole(vote: Vote, staff_client: Client) -> None:
    Comment.objects.create(vote=vote, text=LONG, salt=b"0" * 16)
    page = text(staff_client.get(ADDRESS))
    assert page.count("The left one floats.") == 40
    assert "&lt;b&gt;The end.&lt;/b&gt;</q>" in page


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_export_has_what_the_page_shows(vote: Vote, staff_client: Client, form: str) -> None:
    Comment.objects.create(vote=vote, text="It floats.", salt=b"0" * 16)
    Ballot.objects.exclude(answered_at=None).update(kind="practice")
    page = text(staff_client.get(ADDRESS))
    address = f"/workbench/arenas/small/votes.{form}"
    assert f'href="{address}"' in page
    told = b"".join(staff_client.get(address)).decode()
    for shown in ("practice", "It floats.", "better", "tie", vote.competitor_a.name):
        assert shown in page
        assert shown in told
