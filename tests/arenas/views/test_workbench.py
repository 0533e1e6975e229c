import io
from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest
from django.test import Client

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from tests.factories import NOW, cast_votes, make_rater
from tests.pages import body, text


@pytest.mark.parametrize("what", ["votes", "candidates", "preferences"])
def test_exports_download_in_every_format(world: Arena, staff_client: Client, what: str) -> None:
    cast_votes(world, make_rater(), ["model_a", "model_b"])
    read: dict[str, Callable[[io.BytesIO], pl.DataFrame]] = {
        "csv": pl.read_csv,
        "jsonl": pl.read_ndjson,
        "parquet": pl.read_parquet,
    }
    lengths = {}
    for name, reader in read.items():
        response = staff_client.get(f"/workbench/arenas/small/{what}.{name}")
        assert f'filename="small-{what}.{name}"' in response.headers["Content-Disposition"]
        lengths[name] = len(reader(io.BytesIO(body(response))))
    assert set(lengths.values()) == {9 if what == "candidates" else 2}


@pytest.mark.parametrize("name", ["votes.exe", "secrets.csv"])
def test_there_is_no_other_export(world: Arena, staff_client: Client, name: str) -> None:
    assert staff_client.get(f"/workbench/arenas/small/{name}").status_code == 404


def test_the_workbench_shows_progress_cost_and_trouble(world: Arena, staff_client: Client) -> None:
    candidate = Candidate.objects.filter(competitor__name="ant").first()
    assert candidate is not None
    candidate.status, candidate.reason = Candidate.Status.REFUSED_OUTPUT, "it would not draw"
    candidate.save()
    candidate.attempts.create(number=1, started_at=NOW, cost_usd=Decimal("0.139"))
    page = text(staff_client.get("/workbench/arenas/small/"))
    assert "it would not draw" in page
    assert "$0.14" in page


def test_the_workbench_says_when_a_model_ends(world: Arena, staff_client: Client) -> None:
    Competitor.objects.filter(name="ant").update(
        retired_on=NOW, retired_note="it answered 404", replacement="bee"
    )
    page = text(staff_client.get("/workbench/arenas/small/"))
    assert ">retired</span>" in page
    assert "since 1 March 2026; its pictures and votes stay. How that is known: it ans" in page
    assert "Its maker names in its place: bee." in page


def test_a_withdrawn_competitor_is_shown_as_such(world: Arena, staff_client: Client) -> None:
    world.entries.filter(competitor__name="cat").update(withdrawn_at=NOW)
    page = text(staff_client.get("/workbench/arenas/small/"))
    assert "cat" in page.lower().partition("withdrawn")[2]


def test_the_prompt_page_names_who_made_what(world: Arena, staff_client: Client) -> None:
    prompt = world.prompts()[0]
    page = text(staff_client.get(f"/arenas/small/prompts/{prompt.pk}/"))
    assert all(name in page for name in ("ant", "bee", "cat"))
    assert page.count("/originals/") == 6
