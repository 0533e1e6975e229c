"""What the API gives to read, as a script sees it."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from arenas.api import arenas as arenas_api
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.models import Rater
from metrics.leaderboards.refresh import refresh_arena
from tests import factories
from tests.factories import NOW, add_votes
from tests.pages import text

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]


def get(client: Client, path: str) -> Any:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def rated(world: Arena) -> Arena:
    """The world with three votes and their boards."""
    add_votes(world, BEATS, prompt=world.prompts()[0])
    seal(NOW)
    refresh_arena(world)
    return world


def test_arenas_are_listed(world: Arena, client: Client) -> None:
    factories.make_arena(None, slug="other")
    assert [arena["slug"] for arena in get(client, "arenas")] == ["other", "small"]


def test_an_arena_is_described(world: Arena, client: Client) -> None:
    assert get(client, "arenas/small") == {
        "slug": "small",
        "title": "Small arena",
        "description": "",
        "suite": "small v1",
        "questions": {"better": "Which is better?"},
        "outcomes": ["model_a", "tie", "both_bad", "model_b"],
        "competitors": 3,
        "prompts": 3,
    }


def test_a_leaderboard_comes_with_its_settings(rated: Arena, client: Client) -> None:
    board = get(client, "arenas/small/leaderboard")
    assert [row["model"] for row in board["rows"]] == ["ant", "bee", "cat"]
    assert (board["votes"], board["method"]) == (3, "bradley_terry")
    assert board["settings"]["ci"] == "sandwich"


def test_a_leaderboard_of_a_category(rated: Arena, client: Client) -> None:
    assert get(client, "arenas/small/leaderboard?category=fancy")["category"] == "fancy"


def test_no_leaderboard_names_a_rater_or_a_prompt(rated: Arena, client: Client) -> None:
    board = json.dumps(get(client, "arenas/small/leaderboard"))
    assert "prompt-0" not in board
    assert not [key for key in Rater.objects.values_list("key", flat=True) if key in board]


@pytest.mark.parametrize(
    "path",
    [
        "arenas/none-such",
        "arenas/%00",
        "arenas/none-such/leaderboard",
        "arenas/%00/leaderboard",
        "arenas/small/leaderboard?category=none",
        "arenas/small/leaderboard?category=%00",
        "arenas/small/leaderboard?category=plain",
        "arenas/small/leaderboard?question=none",
        "arenas/small/leaderboard?question=%00",
        "arenas/small/leaderboard?raters=judge",
        "arenas/small/leaderboard?raters=%00",
        "none-such",
    ],
)
def test_what_is_not_there_is_not_found(rated: Arena, client: Client, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 404


@pytest.mark.parametrize("path", ["arenas/small/votes", "arenas/small/candidates"])
def test_raw_data_are_for_staff(world: Arena, client: Client, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 401
    client.force_login(get_user_model().objects.create_user("bob"))
    assert client.get(f"/api/v1/{path}").status_code == 401


def test_votes_come_in_the_order_of_the_ledger(rated: Arena, staff_client: Client) -> None:
    add_votes(rated, BEATS)
    votes = get(staff_client, "arenas/small/votes")
    assert [row["seq"] for row in votes["rows"]] == [4, 5, 6]
    assert votes["next_after"] is None
    assert votes["rows"][0]["winner"] == "model_a"


def test_votes_come_in_pages(
    rated: Arena, staff_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arenas_api, "PAGE", 2)
    first = get(staff_client, "arenas/small/votes")
    rest = get(staff_client, f"arenas/small/votes?after={first['next_after']}")
    assert [row["seq"] for row in first["rows"] + rest["rows"]] == [4, 5, 6]


def test_a_number_beyond_all_votes_is_an_empty_page(rated: Arena, staff_client: Client) -> None:
    assert get(staff_client, f"arenas/small/votes?after={2**70}")["rows"] == []


def test_candidates_say_what_became_of_them(world: Arena, staff_client: Client) -> None:
    rows = get(staff_client, "arenas/small/candidates?prompt=prompt-1")["rows"]
    assert {row["model"] for row in rows} == {"ant", "bee", "cat"}
    assert {row["status"] for row in rows} == {"done"}


def test_candidates_of_an_unknown_prompt_are_none(world: Arena, staff_client: Client) -> None:
    assert get(staff_client, "arenas/small/candidates?prompt=%00")["rows"] == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(staff_client: Client, method: str) -> None:
    assert getattr(staff_client, method)("/api/v1/arenas").status_code == 405


def test_the_description_is_whole(client: Client) -> None:
    described = get(client, "openapi.json")
    assert described["openapi"].startswith("3.")
    assert set(described["paths"]) == {
        "/api/v1/arenas",
        "/api/v1/arenas/{slug}",
        "/api/v1/arenas/{slug}/analyses",
        "/api/v1/arenas/{slug}/votes",
        "/api/v1/arenas/{slug}/candidates",
        "/api/v1/arenas/{slug}/check-results",
        "/api/v1/arenas/{slug}/leaderboard",
        "/api/v1/regressions",
        "/api/v1/regressions/{name}",
        "/api/v1/regressions/{name}/runs",
        "/api/v1/regressions/{name}/runs/{number}",
        "/api/v1/series/{series}",
    }
    references = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described))
    assert set(references) <= set(described["components"]["schemas"])
    for name, path in described["paths"].items():
        [(method, told)] = path.items()  # all may be read but for what starts a run
        assert (method, name.endswith("/runs")) in [("get", False), ("post", True)]
        assert told["description"]
        assert {"200", "202"} & set(told["responses"])


def test_the_documentation_page_asks_nobody_else(db: None, client: Client) -> None:
    page = text(client.get("/api/docs"))
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    assert all(address.startswith("/") for address in addresses)
