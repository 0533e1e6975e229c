import re
from typing import Any

import pytest
from django.test import Client

from arenas.competitors.models import Competitor
from arenas.definitions.enter import enter_competitors
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from arenas.raters.models import RaterKind
from arenas.votes.count import seal_and_fold
from metrics.checks.base import BaseCheck
from metrics.leaderboards.analyse import analyse_missing
from metrics.leaderboards.build import build_snapshot, find_leaderboard
from metrics.leaderboards.models import Rating, Snapshot
from metrics.leaderboards.refresh import refresh_arena
from metrics.results.run import find_missing, run_check
from tests import factories
from tests.factories import NOW, add_votes, make_competitors
from tests.pages import text

BEATS = [("ant", "bee", "model_a"), ("bee", "cat", "model_a"), ("cat", "ant", "model_b")]
UPSETS = [(b, a, won) for a, b, won in BEATS]


def show(arena: Arena, client: Client, query: str = "") -> str:
    """The page after a refresh, with its whitespace made plain."""
    seal(NOW)
    refresh_arena(arena, force=True)
    return re.sub(r"\s+", " ", text(client.get(f"/arenas/{arena.slug}/leaderboard/{query}")))


def show_frozen(snapshot: Snapshot, client: Client, query: str = "") -> str:
    """The page of one snapshot, with its whitespace made plain."""
    slug = snapshot.leaderboard.arena.slug
    address = f"/arenas/{slug}/leaderboard/?snapshot={snapshot.pk}{query}"
    return re.sub(r"\s+", " ", text(client.get(address)))


def build(arena: Arena, **definition: Any) -> Snapshot:
    seal_and_fold(NOW)
    return build_snapshot(find_leaderboard(arena, arena.questions.get(), **definition))


def enter(arena: Arena, name: str) -> int:
    """A newcomer's id."""
    (newcomer,) = make_competitors(name)
    enter_competitors(arena, [newcomer], now=NOW)
    return newcomer.pk


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


def test_a_retired_competitor_stays_and_says_so(world: Arena, client: Client) -> None:
    Competitor.objects.filter(name="ant").update(retired_on=NOW, replacement="bee")
    add_votes(world, BEATS * 4)
    page = show(world, client)
    assert read_names(page)[0] == "ant"
    assert page.count(">retired</span>") == 1
    assert "Its maker names in its place: bee." in page


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


def test_a_frozen_page_is_headed_by_its_board_whatever_the_query_says(
    world: Arena, client: Client
) -> None:
    fancy = world.prompts().filter(category="fancy")[0]
    add_votes(world, BEATS, kind=RaterKind.SIMULATED, prompt=fancy)
    frozen = build(world, category="fancy", rater_kinds=["simulated"])
    page = show_frozen(frozen, client, "&raters=external,person&category=plain")
    assert "votes of simulated raters only" in page
    assert re.search(r'Which is better\?</span> <span class="tag">fancy</span>', page)
    assert re.search(r'aria-current="page">simulated<', page)


def test_a_frozen_page_of_people_mentions_no_simulated_votes(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    add_votes(world, BEATS, kind=RaterKind.SIMULATED)
    assert "simulated raters" not in show_frozen(build(world), client, "&raters=simulated")


def test_a_frozen_page_outlives_its_question(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    frozen = build(world)
    world.questions.update(retired_at=NOW)
    assert "Which is better?" in show_frozen(frozen, client)


def test_a_frozen_page_survives_a_newcomer_and_shows_no_later_votes(
    world: Arena, client: Client
) -> None:
    add_votes(world, BEATS * 10)
    frozen = build(world)
    enter(world, "dog")
    add_votes(world, [("dog", "ant", "model_a"), ("dog", "bee", "model_a")] * 20)
    build(world)
    analyse_missing()
    page = show_frozen(frozen, client)
    assert "dog" not in page
    assert "How far to trust the order" not in page


def test_an_analysis_may_name_who_entered_after_its_snapshot(world: Arena, client: Client) -> None:
    add_votes(world, BEATS)
    frozen = build(world)
    removal = {"upper": enter(world, "dog"), "lower": frozen.ratings.first().competitor_id,
               "gap": 1.0, "removed": 1, "least": True, "seqs": [1]}  # fmt: skip
    found = {"votes": 3, "first": removal, "neighbours": [], "left_out": {}}
    frozen.analyses.create(name="stability", data=found, seconds=0)
    assert 'dog <span class="tag">first place</span>' in show_frozen(frozen, client)


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({}, []),
        ({"flagged": "include"}, ["flagged votes included"]),
        ({"prompts": "fixed"}, ["for these very prompts"]),
    ],
)
def test_a_frozen_page_says_what_its_board_counts_otherwise(
    world: Arena, client: Client, definition: dict[str, str], said: list[str]
) -> None:
    add_votes(world, BEATS)
    page = show_frozen(build(world, **definition), client)
    notes = ("flagged votes included", "for these very prompts")
    assert [note for note in notes if note in page] == said


def test_a_live_page_groups_by_bands_and_a_frozen_one_by_intervals(
    world: Arena, client: Client
) -> None:
    add_votes(world, BEATS)
    frozen = build(world)
    Rating.objects.update(groups="now", band_groups="always")
    cells = {"now": '<td class="soft">now</td>', "always": '<td class="soft">always</td>'}
    live = text(client.get("/arenas/small/leaderboard/"))
    assert (live.count(cells["always"]), live.count(cells["now"])) == (3, 0)
    assert show_frozen(frozen, client).count(cells["now"]) == 3


def test_shading_of_differences_promises_no_more_than_it_can(world: Arena, client: Client) -> None:
    add_votes(world, BEATS * 70 + UPSETS * 30)
    page = show(world, client)
    assert "Shaded where its interval leaves out 0; among many pairs some do by luck." in page


@pytest.mark.parametrize("name", ["first", "second", "category", "prompt", "rater", "seq"])
def test_the_votes_behind_a_number_are_not_narrowed_by_what_no_row_holds(
    world: Arena, staff_client: Client, name: str
) -> None:
    add_votes(world, BEATS)
    assert "3 votes" in text(staff_client.get(f"/workbench/arenas/small/votes/?{name}=a%00b"))


def test_a_very_long_name_narrows_no_votes(world: Arena, staff_client: Client) -> None:
    add_votes(world, BEATS)
    address = f"/workbench/arenas/small/votes/?first={'x' * 5000}"
    assert "3 votes" in text(staff_client.get(address))


def test_votes_can_be_named_by_very_many_numbers(world: Arena, staff_client: Client) -> None:
    last = add_votes(world, BEATS)[-1]
    seal(NOW)
    last.refresh_from_db()
    assert last.seq is not None
    numbers = ",".join(str(last.seq + more) for more in range(3000))
    page = text(staff_client.get(f"/workbench/arenas/small/votes/?seq={numbers}"))
    assert f"1 vote with seq <b>{last.seq}," in page
