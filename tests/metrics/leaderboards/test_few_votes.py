"""Pages say that votes are too few where a number would say nothing; files keep the numbers."""

import re
from typing import Any

import pytest
from django.test import Client

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from metrics.leaderboards.models import Rating, Snapshot
from metrics.leaderboards.refresh import refresh_arena
from metrics.templatetags import metrics_format as show
from metrics.views.limit import TOO_FEW, is_far
from metrics.views.plot import Shown
from metrics.views.winrates import make_differences
from tests.factories import NOW, add_votes
from tests.pages import text


def rate(lower: float, upper: float, **counts: int) -> Shown:
    votes = {"wins": 3, "losses": 3, "ties": 0, "both_bad": 0, **counts}
    rating = Rating(rating=1000, votes=sum(votes.values()), **votes)
    return Shown(rating, lower, upper, None, None, "")


def test_a_wide_interval_says_that_votes_are_too_few() -> None:
    cell = show.rating_cell(rate(-23_022, 25_022))
    assert "24022" not in cell
    assert "1000" not in cell
    assert TOO_FEW in cell
    assert show.interval_words(rate(-23_022, 25_022)) == "too few votes"


def test_an_interval_of_a_hundred_to_one_is_the_widest_shown() -> None:
    assert not is_far(200, 1800)
    assert is_far(200, 1801)
    assert "±800" in show.rating_cell(rate(200, 1800))


def test_who_never_lost_has_no_upper_bound() -> None:
    cell = show.rating_cell(rate(900, 1100, losses=0))
    assert "≥ 900" in cell
    assert "1100" not in cell
    assert "nothing bounds it above" in cell


def test_who_never_won_has_no_lower_bound() -> None:
    cell = show.rating_cell(rate(900, 1100, wins=0))
    assert "≤ 1100" in cell
    assert "900" not in cell


@pytest.mark.parametrize("drawn", ["ties", "both_bad"])
def test_one_tie_bounds_both_sides(drawn: str) -> None:
    assert "±100" in show.rating_cell(rate(900, 1100, losses=0, **{drawn: 1}))


def test_bounds_of_shares_stay_between_nothing_and_all() -> None:
    assert show.share_bounds({"lower": -0.21, "upper": 1.13}) == "0–100"
    assert show.share_bounds({"lower": 0.215, "upper": 0.5}) == "22–50"


def test_an_effect_with_a_wide_interval_is_left_out() -> None:
    assert TOO_FEW in show.value_cell({"value": 12.0, "lower": -9_000.0, "upper": 9_024.0})
    assert "+3 … +21" in show.value_cell({"value": 12.0, "lower": 3.0, "upper": 21.0})


def test_a_reading_with_a_wide_interval_is_left_out() -> None:
    assert TOO_FEW in show.rated((1000.0, -5000.0, 7000.0))


def test_a_percentage_has_a_narrow_space_that_never_breaks() -> None:
    assert show.percent(0.12) == "12\u202f%"


@pytest.mark.parametrize(("units", "enough"), [(9, False), (10, True)])
def test_alpha_needs_ten_pairs(units: int, enough: bool) -> None:
    assert show.enough_pairs({"alpha": 0.4, "units": units}) is enough


def build(arena: Arena) -> Snapshot:
    seal(NOW)
    refresh_arena(arena, force=True)
    return Snapshot.objects.filter(leaderboard__category="").latest()


def test_a_board_of_three_votes_shows_no_absurd_number(world: Arena, client: Client) -> None:
    plain, fancy = (world.prompts().filter(category=name)[0] for name in ("plain", "fancy"))
    add_votes(world, [("ant", "bee", "model_a")], prompt=plain)
    add_votes(world, [("ant", "bee", "model_b"), ("bee", "cat", "model_a")], prompt=fancy)
    snapshot = build(world)
    bands = snapshot.ratings.exclude(band_lower=None).values_list("band_lower", "band_upper")
    assert any(lower and upper and is_far(lower, upper) for lower, upper in bands), (
        "the votes are not few enough"
    )
    page = text(client.get("/arenas/small/leaderboard/"))
    assert TOO_FEW in page
    assert not re.search(r"±\d{4}|[+−]\d{4}", page)


def test_data_keeps_the_numbers(world: Arena, client: Client) -> None:
    prompts = world.prompts()[:2]
    add_votes(world, [("ant", "bee", "model_a")], prompt=prompts[0])
    add_votes(world, [("ant", "bee", "model_b"), ("bee", "cat", "model_a")], prompt=prompts[1])
    build(world)
    rows = client.get("/api/v1/arenas/small/leaderboard").json()["rows"]
    assert any(is_far(row["band_lower"], row["band_upper"]) for row in rows if row["band_lower"])


def test_a_wide_difference_is_a_dash_that_says_why() -> None:
    ant, bee = (Competitor(pk=pk, name=name) for pk, name in ((1, "ant"), (2, "bee")))
    gaps: dict[str, list[Any]] = {
        "competitors": [1, 2],
        **{
            name: [[0, at], [-at, 0]]
            for name, at in (("points", 10), ("lower", -4000), ("upper", 4020))
        },
    }
    matrix = make_differences(gaps, (ant, bee), live=False)
    shown = show.cells_html(matrix.rows[0][1])
    assert TOO_FEW in shown
    assert "4000" not in shown
