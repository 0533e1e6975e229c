import re

import pytest
from django.test import Client

from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.models import RaterKind
from metrics.checks.base import BaseCheck
from metrics.leaderboards.refresh import refresh_arena
from metrics.results.run import find_missing, run_check
from tests import factories
from tests.factories import NOW, add_votes
from tests.pages import text

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]
UPSETS = [(b, a, won) for a, b, won in BEATS]


def show(arena: Arena, client: Client, query: str = "") -> str:
    """The page after a refresh, with its whitespace made plain."""
    seal(NOW)
    refresh_arena(arena, force=True)
    return re.sub(r"\s+", " ", text(client.get(f"/arenas/{arena.slug}/leaderboard/{query}")))


def read_names(page: str) -> list[str]:
    """The competitors in the order of the first board."""
    return re.findall(r'<th scope="row" class="name">(\w+)', page)


def test_an_empty_board_invites_to_vote(world: Arena, client: Client) -> None:
    page = text(client.get("/arenas/small/leaderboard/"))
    assert "No votes to rate yet" in page
    assert "Cast one" in page


def test_an_empty_board_without_a_suite_asks_for_votes(db: None, client: Client) -> None:
    factories.make_arena(None)
    assert "import_votes small" in text(client.get("/arenas/small/leaderboard/"))


def test_competitors_stand_best_first(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 5)
    assert read_names(show(world, client)) == ["ant", "bee", "cat"]


def test_too_few_votes_stand_where_a_rank_would(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    assert show(world, client).count(">too few votes</span>") == 3


def test_ranks_come_with_intervals(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 70 + UPSETS * 30)
    page = show(world, client)
    assert "too few votes" not in page
    assert len(re.findall(r"\d+ <span class=\"soft small\">±\d+</span>", page)) == 3


def test_both_unusable_is_shown_as_a_share(world: Arena, client: Client) -> None:
    add_votes(world, [*BEATS, ("ant", "bee", "both_bad")])
    assert "<td>33 %</td>" in show(world, client)


def test_a_withdrawn_competitor_stays_and_says_so(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    world.entries.filter(competitor__name="bee").update(withdrawn_at=NOW)
    page = show(world, client)
    assert read_names(page) == ["ant", "bee", "cat"]
    assert re.search(r'bee <span class="tag">withdrawn</span>', page)


def test_checks_stand_beside_the_votes_with_what_they_rest_on(
    world: Arena, client: Client, brightness: type[BaseCheck]
) -> None:
    world.checks = ["brightness"]
    world.save()
    add_votes(world, BEATS)
    run_check("brightness", find_missing(world, "brightness")[:5])
    page = show(world, client)
    assert "Measured on 2 of 2 candidates" in page
    assert "Measured on 1 of 2 candidates" in page
    assert re.search(r"Brightness.{0,150}2 of 2 prompts", page)


def test_a_board_of_people_has_no_switch(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    assert "Votes by" not in show(world, client)


def test_simulated_votes_are_behind_a_switch_and_marked(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    add_votes(world, UPSETS * 4, kind=RaterKind.SIMULATED)
    people = show(world, client)
    assert "Votes by" in people
    assert 'class="note"' not in people
    assert "3 on this board" in people
    simulated = show(world, client, "?raters=simulated")
    assert "12 on this board" in simulated
    assert "votes of simulated raters only" in simulated


def test_a_category_has_a_board(world: Arena, client: Client) -> None:
    add_votes(world, BEATS, prompt=world.prompts().filter(category="fancy")[0])
    add_votes(world, UPSETS * 2, prompt=world.prompts().filter(category="plain")[0])
    assert "3 on this board" in show(world, client, "?category=fancy")
    assert "9 on this board" in show(world, client)


@pytest.mark.parametrize("query", ["category=%00", "raters=x", "question=<b>", "category=none"])
def test_a_switch_that_is_none_shows_the_arenas_board(
    world: Arena, client: Client, query: str
) -> None:
    add_votes(world, BEATS)
    assert "3 on this board" in show(world, client, f"?{query}")


def test_sets_that_no_vote_connects_have_tables_of_their_own(db: None, client: Client) -> None:
    arena = factories.make_arena(None, names=["ant", "bee", "cat", "dog"])
    add_votes(arena, [("ant", "bee", "model_a"), ("cat", "dog", "tie")])
    page = show(arena, client)
    assert "Board 1 of 2" in page
    assert "Board 2 of 2" in page
    assert "cannot be compared" in page


def test_the_page_says_how_its_numbers_came_about(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    page = show(world, client)
    assert "up to number 6 of the ledger" in page
    assert "Bradley–Terry" in page


def test_votes_in_an_unfinished_batch_are_not_shown(db: None, client: Client) -> None:
    arena = factories.make_arena(None, board_batch=10)
    add_votes(arena, BEATS)
    seal(NOW)
    refresh_arena(arena)
    page = text(client.get("/arenas/small/leaderboard/"))
    assert not read_names(page)
