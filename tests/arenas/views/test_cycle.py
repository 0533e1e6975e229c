"""What an answer and the next ballot cost in queries: a handful, however much there is."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from arenas.battles import stock
from arenas.definitions.models import Arena
from arenas.views.images import list_references
from tests.factories import add_votes, cast_votes, make_rater
from tests.pages import VOTE, open_ballot, post, read_token, text

pytestmark = pytest.mark.django_db
TRANSACTION = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
LIMIT = 6


@pytest.fixture
def _warm(settings: Any, world: Arena) -> None:
    """The arena's stock is at hand, as it is in a process that has served it before."""
    settings.STOCK_SECONDS = 3600
    stock._SHELF.kept.clear()
    for prompt in world.prompts():
        list_references(prompt.pk, world.profile)
    open_ballot(Client())


def list_queries(client: Client, token: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.post(
            VOTE, {"token": token, "winner": "tie"}, headers={"HX-Request": "true"}
        )
    assert response.status_code == 200
    assert read_token(text(response)) != token
    statements = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in statements if not sql.startswith(TRANSACTION)]


@pytest.mark.usefixtures("_warm")
def test_an_answer_and_the_next_ballot_are_six_queries(client: Client) -> None:
    token = open_ballot(client)
    queries = list_queries(client, token)
    assert len(queries) <= LIMIT, queries


@pytest.mark.usefixtures("_warm")
def test_more_votes_are_not_more_queries(world: Arena, client: Client) -> None:
    token = open_ballot(client)
    before = len(list_queries(client, token))
    add_votes(world, [("ant", "bee", "model_a")] * 200)
    cast_votes(world, make_rater(), ["tie"] * 8)
    post(client, open_ballot(client))
    assert len(list_queries(client, open_ballot(client))) == before
