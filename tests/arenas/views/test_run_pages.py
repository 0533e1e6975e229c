"""Generation on the workbench: what it will cost, how it goes, and how it is stopped."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from arenas.candidates.models import Attempt, Candidate, GenerationRun, ServicePause
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from tests import factories
from tests.factories import NOW
from tests.pages import text

RUNS = "/workbench/arenas/small/runs/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def arena(tmp_path: Path, db: None) -> Arena:
    """An arena of two free competitors and a paid one, with three prompts and no candidates."""
    for name in ("ant", "bee"):
        Competitor.objects.create(name=name, provider="procedural", model=name)
    Competitor.objects.create(
        name="cat", provider="gemini", model="cat-image", price={"image": 0.5}
    )
    return factories.make_arena(factories.make_suite(tmp_path))


@pytest.fixture
def run(arena: Arena) -> GenerationRun:
    """A run with a planned candidate of cat's."""
    run = GenerationRun.objects.create(arena=arena, budget_usd=2, started_at=NOW, started_by="bob")
    cat = Competitor.objects.get(name="cat")
    Candidate.objects.create(prompt=arena.prompts()[0], competitor=cat, run=run)
    return run


def end(run: GenerationRun, status: str, reason: str = "") -> None:
    run.candidates.update(status=status, reason=reason, finished_at=NOW)


def page_of(client: Client, run: GenerationRun, **more: Any) -> str:
    return text(client.get(f"/workbench/runs/{run.pk}/", **more))


def test_what_a_run_would_cost_is_said_before_it_starts(arena: Arena, staff_client: Client) -> None:
    before = factories.count_rows()
    page = text(staff_client.get(RUNS))
    assert "Start: 9 candidates, about $1.50" in page
    assert factories.count_rows() == before


def test_a_budget_that_pays_for_a_part_says_so(arena: Arena, staff_client: Client) -> None:
    page = text(staff_client.get(RUNS, {"budget_usd": "0.6"}))
    assert "The budget pays for a part of it" in page
    assert "Start: 9 candidates, up to $0.60" in page


@pytest.mark.parametrize("budget", ["much", "-1", "0", "1e400", "NaN"])
def test_a_budget_that_is_none_is_refused_beside_its_field(
    arena: Arena, staff_client: Client, budget: str
) -> None:
    page = text(staff_client.get(RUNS, {"budget_usd": budget}))
    assert "Budget: " in page
    assert "Start: " not in page
    assert staff_client.post(RUNS, {"budget_usd": budget}).status_code == 400
    assert not GenerationRun.objects.exists()


def test_without_a_price_no_budget_can_hold(arena: Arena, staff_client: Client) -> None:
    Competitor.objects.filter(name="cat").update(price={})
    assert "price unknown" in text(staff_client.get(RUNS))
    page = text(staff_client.get(RUNS, {"budget_usd": "5"}))
    assert "No price is known for cat" in page
    assert "Start: " not in page
    answer = staff_client.post(RUNS, {"budget_usd": "5"}, follow=True)
    assert "Not started: no price is known for cat" in text(answer)


def test_the_estimate_alone_comes_when_an_option_changes(
    arena: Arena, staff_client: Client
) -> None:
    part = text(staff_client.get(RUNS, {"budget_usd": "9"}, headers=HTMX))
    assert part.strip().startswith('<div id="estimate">')
    assert 'name="budget_usd" value="9"' in part


def test_starting_plans_everything_and_leads_to_the_run(arena: Arena, staff_client: Client) -> None:
    answer = staff_client.post(RUNS, {"budget_usd": "5", "in_batches": "on"}, follow=True)
    run = GenerationRun.objects.get()
    assert answer.redirect_chain == [(f"/workbench/runs/{run.pk}/", 302)]
    assert (run.budget_usd, run.in_batches, run.started_by) == (Decimal(5), True, "alice")
    assert run.candidates.count() == 9
    assert "Started, with 9 candidates to make." in text(answer)


def test_where_nothing_is_missing_nothing_is_started(world: Arena, staff_client: Client) -> None:
    assert "there is nothing to start" in text(staff_client.get(RUNS))
    assert "Nothing is missing" in text(staff_client.post(RUNS, follow=True))
    assert not GenerationRun.objects.exists()


@pytest.mark.parametrize("what", ["", "cancel/", "pauses/1/"])
def test_forms_are_protected(arena: Arena, run: GenerationRun, what: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.make_staff())
    url = f"/workbench/runs/{run.pk}/{what}" if what else RUNS
    assert client.post(url).status_code == 403


def test_the_run_page_shows_progress_and_cost_of_the_budget(
    run: GenerationRun, staff_client: Client
) -> None:
    Attempt.objects.create(
        candidate=run.candidates.get(), number=1, run=run, started_at=NOW, estimate_usd=Decimal(1)
    )
    page = page_of(staff_client, run)
    assert "$1.00 of $2.00" in page
    assert "($1.00 of it estimated)" in page
    assert "50 percent of the budget" in page
    assert "by <b>bob</b>" in page


def test_looking_at_a_run_changes_nothing(run: GenerationRun, staff_client: Client) -> None:
    before = factories.count_rows()
    page_of(staff_client, run)
    page_of(staff_client, run, headers=HTMX)
    assert factories.count_rows() == before


def test_the_page_asks_again_while_something_moves(
    run: GenerationRun, staff_client: Client
) -> None:
    assert 'hx-trigger="every 2s"' in page_of(staff_client, run)
    part = page_of(staff_client, run, headers=HTMX)
    assert part.startswith('<div id="live"')
    assert "<h1>" not in part


def test_when_nothing_moves_any_more_the_page_is_loaded_once_and_asks_no_more(
    run: GenerationRun, staff_client: Client
) -> None:
    end(run, "done")
    answer = staff_client.get(f"/workbench/runs/{run.pk}/", headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    page = page_of(staff_client, run)
    assert "hx-get" not in page
    assert "finished" in page


def test_failures_are_grouped_with_an_example_and_may_be_retried(
    run: GenerationRun, staff_client: Client
) -> None:
    end(run, "failed", reason="503 <overloaded>")
    page = page_of(staff_client, run)
    assert "503 &lt;overloaded&gt;" in page
    assert ">prompt-0</a> by cat" in page
    assert f'href="{RUNS}?budget_usd=2.000000&amp;retry_failed=on"' in page
    assert "Retry refusals" not in page


def test_refusals_are_retried_by_themselves_with_a_warning(
    run: GenerationRun, staff_client: Client
) -> None:
    end(run, "refused_output", reason="unsafe")
    page = page_of(staff_client, run)
    assert "Retry refusals (1)" in page
    assert "A refusal is a result" in page
    assert "Retry what failed" not in page
    kept = text(staff_client.get(RUNS, {"retry_refused": "on"}))
    assert "Start: 9 candidates" in kept
    assert "Start: 8 candidates" in text(staff_client.get(RUNS))


def test_a_closed_service_is_named_with_the_time_of_the_next_try(
    run: GenerationRun, staff_client: Client
) -> None:
    until = timezone.now() + timedelta(hours=1)
    ServicePause.objects.create(
        scope="gemini/default", cause="key", reason="not valid", since=NOW, until=until
    )
    ServicePause.objects.create(
        scope="openai/default", cause="key", reason="of no concern", since=NOW, until=until
    )
    page = page_of(staff_client, run)
    assert "not valid" in page
    assert f"{until:%H:%M} UTC" in page
    assert "of no concern" not in page


def test_a_closed_service_is_tried_at_once_when_somebody_says_so(
    run: GenerationRun, staff_client: Client
) -> None:
    until = timezone.now() + timedelta(hours=1)
    run.candidates.update(not_before=until)
    pause = ServicePause.objects.create(
        scope="gemini/default", cause="quota", reason="spent", since=NOW, until=until
    )
    url = f"/workbench/runs/{run.pk}/pauses/{pause.pk}/"
    assert "gemini/default is tried again" in text(staff_client.post(url, follow=True))
    assert run.candidates.get().not_before is None
    assert staff_client.post(url).status_code == 302


def test_a_run_can_be_cancelled_once(run: GenerationRun, staff_client: Client) -> None:
    url = f"/workbench/runs/{run.pk}/cancel/"
    assert "Cancelled." in text(staff_client.post(url, follow=True))
    run.refresh_from_db()
    assert run.state == GenerationRun.State.CANCELLED
    page = text(staff_client.post(url, follow=True))
    assert "The run had ended before." in page
    assert "Cancel this run" not in page


def test_a_run_whose_budget_is_spent_offers_another(
    run: GenerationRun, staff_client: Client
) -> None:
    GenerationRun.objects.update(state="spent", ended_at=NOW)
    page = page_of(staff_client, run)
    assert "budget spent" in page
    assert "Go on with a new budget" in page
    assert "hx-get" not in page


@pytest.mark.parametrize("pk", [0, 2**70])
def test_an_unknown_run_is_not_found(staff_client: Client, pk: int) -> None:
    assert staff_client.get(f"/workbench/runs/{pk}/").status_code == 404


def test_the_arena_lists_its_runs_with_their_states(
    run: GenerationRun, staff_client: Client
) -> None:
    page = text(staff_client.get("/workbench/arenas/small/"))
    assert f"/workbench/runs/{run.pk}/" in page
    assert "active" in page
    assert "of $2.00" in page


def test_without_any_run_the_pages_say_so(arena: Arena, staff_client: Client) -> None:
    assert "No run has been started" in text(staff_client.get(RUNS))
    assert "No run has been started" in text(staff_client.get("/workbench/arenas/small/"))
