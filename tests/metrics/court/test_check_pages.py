"""What the public reads of checks and judges, and what only staff does."""

from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from arenas.competitors.judges import Judge
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.definitions.seats import Seat
from metrics.checks.base import BaseCheck
from metrics.court.decide import hold_due
from metrics.leaderboards.refresh import refresh_arena
from metrics.templatetags.judge_format import kin_of_judges
from tests.metrics.court.site import ask_judge, make_site
from tests.pages import text


@pytest.fixture
def site(db: None, tmp_path: Path) -> Arena:
    """A site whose check was ruled on by 60 votes."""
    arena = make_site(tmp_path, 60)
    hold_due()
    return arena


def test_a_site_without_votes_says_what_is_missing(client: Client, world: Arena) -> None:
    page = text(client.get("/checks/"))
    assert "Nobody has decided between two pictures yet" in page
    assert "It has not measured anything here yet." in page


def test_the_card_of_a_check_without_votes_invites(client: Client, world: Arena) -> None:
    page = text(client.get("/checks/brightness/"))
    assert "Nothing to go by yet" in page
    assert "How bright the picture is." in page


def test_the_card_shows_each_category_with_its_state(client: Client, site: Arena) -> None:
    page = text(client.get("/checks/brightness/"))
    assert "Where it works, and where it does not" in page
    assert all(name in page for name in ("All prompts", "fancy", "plain", "unproven"))


def test_competitors_that_no_board_shows_are_not_named(client: Client, site: Arena) -> None:
    page = text(client.get("/checks/brightness/"))
    assert "on no board yet" in page
    assert "eel" not in page
    refresh_arena(site, force=True)
    assert "eel" in text(client.get("/checks/brightness/"))


def test_disagreements_are_for_staff(client: Client, staff_client: Client, site: Arena) -> None:
    title = "Where people contradict it most"
    assert title not in text(client.get("/checks/brightness/"))
    page = text(staff_client.get("/checks/brightness/"))
    assert title in page
    assert f"/arenas/{site.slug}/prompts/" in page


def test_an_unknown_check_is_not_found(client: Client, db: None) -> None:
    assert client.get("/checks/nonesuch/").status_code == 404
    assert client.get("/checks/judge:nobody/").status_code == 404


def test_a_board_says_how_far_its_checks_are_trusted(client: Client, site: Arena) -> None:
    refresh_arena(site, force=True)
    page = text(client.get(f"/arenas/{site.slug}/leaderboard/"))
    assert 'href="/checks/brightness/"' in page


def test_the_cards_count_no_results(client: Client, site: Arena) -> None:
    """What a check costs is read from its ruling, so that a visit costs little."""
    with CaptureQueriesContext(connection) as asked:
        client.get("/checks/")
    assert not [each["sql"] for each in asked if "metrics_checkresult" in each["sql"]]


def test_what_a_judge_costs_is_shown_before_the_court_sits(
    client: Client, db: None, tmp_path: Path
) -> None:
    ask_judge(make_site(tmp_path, 20))
    assert "<b>0.01000</b> USD an image" in text(client.get("/checks/judge:vision-1 v1/"))
    assert "<b>0.01000</b> USD an image" in text(client.get("/checks/"))


def test_a_check_that_only_describes_says_so(
    client: Client, db: None, brightness: type[BaseCheck], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = [replace(measure, better=0) for measure in brightness.measures]
    monkeypatch.setattr(brightness, "measures", plain)
    assert 'href="/checks/brightness/"' in text(client.get("/checks/"))
    page = text(client.get("/checks/brightness/"))
    assert "<h2>It only describes</h2>" in page
    assert "Nothing to go by yet" not in page


def test_the_tags_of_a_page_look_at_candidates_once(site: Arena) -> None:
    page = Template(
        "{% load court_format %}{% for each in categories %}"
        "{% trust_tag 'brightness' each %}{% endfor %}"
    )
    with CaptureQueriesContext(connection) as asked:
        page.render(Context({"categories": ["", "fancy", "plain"]}))
    assert len([each for each in asked if 'FROM "arenas_candidate"' in each["sql"]]) == 1


def test_kin_that_no_board_shows_is_not_named(world: Arena) -> None:
    Competitor.objects.filter(name="bee").update(family="procedural")
    judge = Judge.objects.create(name="rules", provider="procedural")
    Seat.objects.create(arena=world, judge=judge, same_family=True)
    assert "rules judges a competitor on no board yet." in kin_of_judges(world)
