"""What staff sees of checks: one check in an arena, one candidate, one prompt; and as data."""

import io
import sys
from pathlib import Path

import polars as pl
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from arenas.candidates.models import Candidate, Part
from arenas.definitions.models import Arena
from arenas.raters.models import RaterKind
from arenas.votes.count import seal_and_fold
from metrics.checks.base import BaseCheck, PromptFacts
from metrics.leaderboards.refresh import refresh_arena
from metrics.results.models import CheckResult
from metrics.results.near import count_repeats, find_near
from metrics.results.read import read_candidates
from metrics.results.run import find_missing, run_check
from metrics.results.summarise import summarise_categories, summarise_check
from tests.factories import NOW, add_votes
from tests.pages import text

pytestmark = pytest.mark.usefixtures("brightness")


@pytest.fixture
def checked(world: Arena) -> Arena:
    world.checks = ["brightness", "technical"]
    world.save()
    for name in world.checks:
        run_check(name, find_missing(world, name))
    return world


def fancy() -> Candidate:
    return Candidate.objects.filter(prompt__category="fancy").order_by("pk")[0]


def test_strangers_see_none_of_it(client: Client, checked: Arena) -> None:
    for path in ("checks/brightness/", f"candidates/{fancy().pk}/"):
        answer = client.get(f"/arenas/small/{path}")
        assert answer.status_code == 302
        assert "/login/" in answer["Location"]
    assert client.get("/api/v1/arenas/small/check-results").status_code == 401
    assert client.get("/workbench/arenas/small/checks.csv").status_code == 302


def test_a_check_in_an_arena_shows_every_competitor(staff_client: Client, checked: Arena) -> None:
    page = text(staff_client.get("/arenas/small/checks/brightness/"))
    assert all(name in page for name in ("ant", "bee", "cat", "2 of 2"))
    assert "Nobody has voted yet" in page
    assert "Worst" in page
    assert "Best" in page


def test_votes_of_people_make_a_plot(staff_client: Client, checked: Arena) -> None:
    prompt = fancy().prompt
    pairs = [("ant", "bee", "model_a"), ("bee", "cat", "model_b"), ("cat", "ant", "tie")]
    add_votes(checked, pairs, kind=RaterKind.PERSON, prompt=prompt)
    seal_and_fold(NOW)
    refresh_arena(checked, force=True)
    page = text(staff_client.get("/arenas/small/checks/brightness/"))
    assert 'class="scatter"' in page
    assert page.count("<circle") == 3
    assert "people’s votes" in page


def test_the_evidence_is_drawn_on_examples(staff_client: Client, checked: Arena) -> None:
    result = CheckResult.objects.filter(check_name="brightness").first()
    assert result is not None
    outline = {
        "kind": "outline",
        "picture": "image:0",
        "points": [[1, 2], [30, 2], [30, 40]],
        "label": "edge",
    }
    result.evidence = [*result.evidence, outline]
    result.save()
    page = text(staff_client.get("/arenas/small/checks/brightness/"))
    assert '<rect x="0" y="0" width="64" height="64"/>' in page
    assert '<polygon points="1,2 30,2 30,40"/>' in page
    assert "style=" not in page


def test_a_check_without_results_says_how_to_get_some(staff_client: Client, world: Arena) -> None:
    page = text(staff_client.get("/arenas/small/checks/brightness/"))
    assert "manage.py run_checks small brightness" in page


def test_an_unknown_check_or_category_is_not_found(staff_client: Client, checked: Arena) -> None:
    assert staff_client.get("/arenas/small/checks/nonesuch/").status_code == 404
    assert staff_client.get("/arenas/small/checks/brightness/?category=no").status_code == 404


def test_a_candidate_shows_all_that_checks_say(staff_client: Client, checked: Arena) -> None:
    page = text(staff_client.get(f"/arenas/small/candidates/{fancy().pk}/"))
    assert "How bright the picture is." in page
    assert "Standard deviation of the lightness." in page
    assert 'id="evidence-0"' in page
    assert "Version 1" in page


def test_a_candidate_says_why_a_check_is_silent(staff_client: Client, checked: Arena) -> None:
    plain = Candidate.objects.filter(prompt__category="plain").order_by("pk")[0]
    page = text(staff_client.get(f"/arenas/small/candidates/{plain.pk}/"))
    assert "Checks that say nothing of this prompt" in page
    CheckResult.objects.filter(candidate=plain).update(values={}, not_measurable="too dark")
    assert "too dark" in text(staff_client.get(f"/arenas/small/candidates/{plain.pk}/"))


def test_results_of_earlier_versions_are_folded_away(
    staff_client: Client,
    checked: Arena,
    brightness: type[BaseCheck],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(brightness, "version", "2")
    page = text(staff_client.get(f"/arenas/small/candidates/{fancy().pk}/"))
    assert "Not measured yet." in page
    assert "Earlier versions: 1" in page


def test_a_candidate_of_another_suite_is_not_found(staff_client: Client, checked: Arena) -> None:
    assert staff_client.get("/arenas/small/candidates/999999/").status_code == 404


def test_the_prompt_leads_to_its_candidates(staff_client: Client, checked: Arena) -> None:
    one = fancy()
    page = text(staff_client.get(f"/arenas/small/prompts/{one.prompt_id}/"))
    assert f'href="/arenas/small/candidates/{one.pk}/"' in page
    assert "Brightness" in page


def test_samples_that_look_alike_are_found(staff_client: Client, checked: Arena) -> None:
    one = fancy()
    other = Candidate.objects.create(
        prompt=one.prompt, competitor=one.competitor, sample=1, status=Candidate.Status.DONE
    )
    Part.objects.create(candidate=other, position=0, image=Part.objects.get(candidate=one).image)
    run_check("technical", [other.pk])
    assert find_near([one, other]) == {one.pk: [other], other.pk: [one]}
    counted = count_repeats(checked)[one.competitor_id]
    assert (counted.repeated, counted.candidates) == (1, 2)
    page = text(staff_client.get(f"/arenas/small/candidates/{one.pk}/"))
    assert "looks alike" in page
    assert "1 of 2" in text(staff_client.get("/arenas/small/checks/technical/"))


def test_results_are_exported_a_row_for_each_number(checked: Arena, tmp_path: Path) -> None:
    path = tmp_path / "checks.parquet"
    call_command(
        "export_checks", "small", "--format", "parquet", "--output", str(path), stdout=io.StringIO()
    )
    table = pl.read_parquet(path).filter(pl.col("check") == "brightness")
    assert len(table) == 12
    assert set(table["measure"]) == {"mean", "images"}
    assert set(table["model"]) == {"ant", "bee", "cat"}


def test_a_reason_is_a_row_too(staff_client: Client, checked: Arena) -> None:
    CheckResult.objects.filter(candidate=fancy()).update(values={}, not_measurable="too dark")
    body = b"".join(staff_client.get("/workbench/arenas/small/checks.csv"))
    assert body.count(b"too dark") == 2


def test_the_api_pages_through_results(staff_client: Client, checked: Arena) -> None:
    found = staff_client.get("/api/v1/arenas/small/check-results?check=brightness").json()
    assert len(found["rows"]) == 12
    assert found["next_after"] is None


def test_categories_are_summed_up_with_one_look_at_the_rows(checked: Arena) -> None:
    with CaptureQueriesContext(connection) as one:
        summarise_check(checked, "brightness")
    with CaptureQueriesContext(connection) as all_:
        found = summarise_categories(checked, "brightness", ["", "fancy", "plain"])
    assert len(all_) == len(one)
    assert found["fancy"] == summarise_check(checked, "brightness", "fancy")


def fail(self: BaseCheck, prompt: PromptFacts) -> bool:
    raise ZeroDivisionError("no words")


def test_a_check_that_fails_to_say_whether_it_applies_is_shown_as_such(
    staff_client: Client,
    world: Arena,
    brightness: type[BaseCheck],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.checks = ["brightness", "technical"]
    world.save()
    monkeypatch.setattr(brightness, "applies", fail)
    page = text(staff_client.get(f"/arenas/small/candidates/{fancy().pk}/"))
    assert "could not say whether it applies: ZeroDivisionError: no words" in page
    assert "Technical" in page
    assert "the check brightness applies to" in caplog.text
    assert staff_client.get(f"/arenas/small/prompts/{fancy().prompt_id}/").status_code == 200
    page = text(staff_client.get("/arenas/small/checks/brightness/"))
    assert "It could not say which prompts it is for: ZeroDivisionError: no words" in page


def test_a_check_that_cannot_be_loaded_breaks_no_page(
    client: Client, staff_client: Client, checked: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "metrics.checks.brightness", None)
    for names in ("metrics.court.subjects.check_names", "metrics.results.read.check_names"):
        monkeypatch.setattr(names, lambda: ["brightness", "technical"])
    page = text(staff_client.get(f"/arenas/small/candidates/{fancy().pk}/"))
    assert "How bright the picture is." not in page
    assert "Technical" in page
    assert client.get("/checks/").status_code == 200
    assert client.get("/checks/brightness/").status_code == 404
    assert staff_client.get("/arenas/small/checks/brightness/").status_code == 404


def test_a_check_has_the_same_number_for_all_candidates_of_a_page(
    staff_client: Client, checked: Arena
) -> None:
    """Even where some were measured by checks that others were not."""
    checked.checks = []
    checked.save()
    one, other = Candidate.objects.filter(prompt=fancy().prompt).order_by("pk")[:2]
    CheckResult.objects.filter(candidate=other, check_name="brightness").delete()
    said = read_candidates(checked, [one, other])
    assert [each.name for each in said[one.pk]] == ["brightness", "technical"]
    assert [each.name for each in said[other.pk]] == ["brightness", "technical"]
    assert [each.tells for each in said[other.pk]] == [False, True]
