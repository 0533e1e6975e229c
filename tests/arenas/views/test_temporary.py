"""Arenas that the site makes for a while: who sees what of them before, while and after."""

import pytest
from django.test import Client
from django.urls import reverse

from arenas.definitions.models import Arena, Entry
from arenas.raters.models import Participation, Rater
from arenas.votes.models import Vote
from tests.pages import VOTE, open_ballot, post, text

Stage = Arena.Stage
PAGES = (
    "/arenas/small/leaderboard/", "/arenas/small/compare/", "/arenas/small/compare/ant/bee/",
    "/arenas/small/guide/", "/arenas/small/blindness/", "/api/v1/arenas/small",
    "/api/v1/arenas/small/leaderboard",
)  # fmt: skip


@pytest.fixture
def temporary(world: Arena) -> Arena:
    world.temporary = True
    world.save()
    return world


def turn(arena: Arena, stage: str) -> None:
    arena.stage = stage
    arena.save()


@pytest.mark.parametrize("page", PAGES)
def test_pages_about_a_temporary_arena_are_not_there_for_raters(
    client: Client, temporary: Arena, page: str
) -> None:
    open_ballot(client)
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES[:-1])
def test_pages_about_a_temporary_arena_are_there_for_staff(
    staff_client: Client, temporary: Arena, page: str
) -> None:
    assert staff_client.get(page, follow=True).status_code == 200


def test_the_list_of_arenas_has_no_temporary_ones(client: Client, temporary: Arena) -> None:
    assert client.get("/api/v1/arenas").json() == []


@pytest.mark.parametrize("stage", [Stage.PREPARED, Stage.CLOSED])
def test_the_front_page_has_a_temporary_arena_only_while_it_is_open(
    client: Client, temporary: Arena, stage: str
) -> None:
    assert VOTE in text(client.get("/"))
    turn(temporary, stage)
    assert VOTE not in text(client.get("/"))
    assert temporary.title not in text(client.get("/"))


def test_an_arena_that_stays_is_on_the_front_page_when_it_is_closed(
    client: Client, world: Arena
) -> None:
    turn(world, Stage.CLOSED)
    page = text(client.get("/"))
    assert world.title in page
    assert VOTE not in page


def test_pages_that_raters_see_name_no_competitor_and_lead_to_no_board(
    client: Client, temporary: Arena
) -> None:
    pages = [text(client.get("/")), text(client.get(VOTE))]
    while 'name="token"' in pages[-1]:
        pages.append(text(post(client, open_ballot(client), "tie")))
    pages += [text(client.get("/me/")), text(client.get("/me/votes.json"))]
    turn(temporary, Stage.CLOSED)
    pages.append(text(client.get(VOTE)))
    names = Entry.objects.filter(arena=temporary).values_list("competitor__name", flat=True)
    for page in pages:
        assert "leaderboard/" not in page
        assert not any(f">{name}<" in page or f'"{name}"' in page for name in names)
        assert "temporary" not in page


def test_the_address_of_a_prepared_arena_is_like_any_that_leads_nowhere(
    client: Client, temporary: Arena
) -> None:
    turn(temporary, Stage.PREPARED)
    for page in ("vote", "start"):
        found = client.get(reverse(page, args=["small"]), follow=True)
        unknown = client.get(reverse(page, args=["other"]), follow=True)
        assert found.status_code == unknown.status_code == 404
        assert text(found) == text(unknown).replace("/other/", "/small/")
    assert post(client, "guessed").status_code == 404
    assert not Participation.objects.exists()


def test_who_comes_back_to_a_closed_arena_is_thanked_and_shown_the_way(
    client: Client, temporary: Arena
) -> None:
    post(client, open_ballot(client))
    turn(temporary, Stage.CLOSED)
    page = client.get(VOTE)
    assert page.status_code == 200
    assert "You have answered 1 pair." in text(page)
    assert 'href="/"' in text(page).partition("<main")[2]


def test_a_stranger_at_a_closed_arena_is_thanked_and_leaves_no_trace(
    client: Client, temporary: Arena
) -> None:
    turn(temporary, Stage.CLOSED)
    assert "Thank you!" in text(client.get(reverse("start", args=["small"]), follow=True))
    assert not Rater.objects.exists()


def test_a_closed_arena_thanks_in_the_raters_language(client: Client, temporary: Arena) -> None:
    turn(temporary, Stage.CLOSED)
    page = text(client.get(VOTE, headers={"Accept-Language": "de"}))
    assert "Alle Antworten, die gebraucht wurden, sind da" in page


def test_an_answer_that_comes_after_the_end_is_not_taken(client: Client, temporary: Arena) -> None:
    token = open_ballot(client)
    turn(temporary, Stage.CLOSED)
    assert post(client, token).status_code == 410
    page = client.post(VOTE, {"token": token, "winner": "tie"}, headers={"HX-Request": "true"})
    assert page.headers["HX-Refresh"] == "true"
    assert not Vote.objects.exists()
