"""A series of checkpoints as a curve of rating against step."""

import pytest
from django.test import Client

from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.ledger.seal import seal
from metrics.leaderboards.models import Rating
from metrics.leaderboards.refresh import refresh_arena
from metrics.leaderboards.series import list_members, read_curves
from metrics.views.steps import draw_steps, list_round
from tests.factories import NOW, add_votes, make_arena
from tests.pages import text

PAGE, DATA = "/workbench/series/house/", "/api/v1/series/house"
# ant loses to bee, and bee to cat, mostly.
VOTES = [("ant", "bee", "model_b"), ("bee", "cat", "model_b"), ("ant", "bee", "tie"),
         ("cat", "ant", "model_a"), ("bee", "cat", "model_a")] * 6  # fmt: skip


@pytest.fixture
def house(db: None) -> Arena:
    """Checkpoints of the series `house` after 100, 200 and 400 steps, without a vote."""
    arena = make_arena(None, ("ant", "bee", "cat", "dog"))
    for name, step in (("ant", 100), ("bee", 200), ("cat", 400)):
        Competitor.objects.filter(name=name).update(series="house", step=step)
    return arena


def vote(arena: Arena, rows: list[tuple[str, str, str]]) -> None:
    add_votes(arena, rows)
    seal(NOW)
    refresh_arena(arena, force=True)


def read_ratings() -> tuple[Rating, ...]:
    return read_curves(list(list_members("house")))[0].ratings


def test_a_curve_has_the_members_by_step(house: Arena) -> None:
    vote(house, [*VOTES, ("dog", "ant", "model_a")])
    assert [rating.competitor.name for rating in read_ratings()] == ["ant", "bee", "cat"]


def test_better_checkpoints_stand_higher_and_later_ones_to_the_right(house: Arena) -> None:
    vote(house, VOTES)
    steps = draw_steps(read_ratings())
    assert steps
    assert [dot.x for dot in steps.dots] == sorted(dot.x for dot in steps.dots)
    assert steps.dots[2].y < steps.dots[0].y
    assert all(dot.top and dot.bottom and dot.top < dot.y < dot.bottom for dot in steps.dots)
    assert [label for _, label in steps.across] == ["100", "200", "400"]
    assert len(steps.lines) == 1


def test_what_no_vote_connects_no_line_connects(house: Arena) -> None:
    vote(house, [("ant", "bee", "model_a"), ("bee", "ant", "model_a")] * 10)
    vote(house, [("cat", "dog", "model_a"), ("dog", "cat", "model_a")] * 10)
    steps = draw_steps(read_ratings())
    assert steps
    assert len({dot.colour for dot in steps.dots}) == 2
    assert len(steps.lines) == 1


def test_checkpoints_of_one_step_stand_in_the_middle(house: Arena) -> None:
    Competitor.objects.exclude(series="").update(step=7)
    vote(house, VOTES)
    steps = draw_steps(read_ratings())
    assert steps
    assert {dot.x for dot in steps.dots} == {steps.middle}
    assert [label for _, label in steps.across] == ["7"]


def test_the_page_shows_curve_and_lineage(house: Arena, staff_client: Client) -> None:
    vote(house, VOTES)
    ant = Competitor.objects.get(name="ant")
    Competitor.objects.filter(pk=ant.pk).update(trained_on=["posters"])
    Competitor.objects.filter(name="bee").update(parent=ant)
    page = text(staff_client.get(PAGE))
    assert page.count("<circle") == 3
    assert "by way of ant" in page
    assert "house" in text(staff_client.get("/workbench/"))


def test_one_point_is_said_to_be_one(house: Arena, staff_client: Client) -> None:
    Competitor.objects.exclude(name="ant").update(series="", step=None)
    vote(house, VOTES)
    page = text(staff_client.get(PAGE))
    assert "<circle" not in page
    assert "it takes two" in page
    assert "±" in page


def test_a_series_without_votes_says_what_is_missing(house: Arena, staff_client: Client) -> None:
    assert "No rating yet" in text(staff_client.get(PAGE))
    for name in ("none", "%00"):
        assert staff_client.get(f"/workbench/series/{name}/").status_code == 404


def test_the_api_has_the_same(house: Arena, staff_client: Client) -> None:
    vote(house, VOTES)
    data = staff_client.get(DATA).json()
    assert [member["name"] for member in data["members"]] == ["ant", "bee", "cat"]
    points = data["curves"][0]["points"]
    assert [point["step"] for point in points] == [100, 200, 400]
    assert all(point["band_lower"] < point["rating"] < point["band_upper"] for point in points)
    assert staff_client.get("/api/v1/series/none").status_code == 404


def test_only_staff_see_a_series(house: Arena, client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    assert client.get(DATA).status_code == 401


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 100, [0, 20, 40, 60, 80, 100]), (980, 1034, [980, 990, 1000, 1010, 1020, 1030]),
     (0.5, 1.5, [0.6, 0.8, 1.0, 1.2, 1.4])],
)  # fmt: skip
def test_lines_stand_at_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert list_round(low, high, 6) == pytest.approx(expected)
