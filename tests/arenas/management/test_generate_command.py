"""`manage.py generate` and its neighbours: what is said, and with which exit status."""

from argparse import ArgumentTypeError
from decimal import Decimal
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from redis import Redis

from arenas.candidates.models import Candidate, GenerationRun
from arenas.competitors.models import Competitor
from arenas.management.commands.generate import read_budget
from evalsite.standin.server import StandIn
from tests.factories import NOW, count_rows, database_url, make_arena, make_suite

PRICE = {"image": 0.5}


@pytest.fixture
def arena(tmp_path, db):
    """An arena of a free and a paid competitor over three prompts, without candidates."""
    Competitor.objects.create(name="ant", provider="procedural", model="ant", params={"size": 64})
    Competitor.objects.create(
        name="bee", provider="gemini", model="gemini-3.1-flash-image", price=PRICE
    )
    return make_arena(make_suite(tmp_path), ["ant", "bee"])


@pytest.fixture(autouse=True)
def _broker():
    with Redis.from_url(site.REDIS_URL) as broker:
        broker.flushdb()
        yield
        broker.flushdb()


def say(*arguments, **options):
    """What the command writes, by lines."""
    said = StringIO()
    call_command(*arguments, stdout=said, **options)
    return said.getvalue().splitlines()


def test_a_run_is_started_from_the_command_line(arena):
    assert say("generate", "small", "--budget", "2.5", "--batch") == [
        "6 candidates planned, 3 queued"
    ]
    run = GenerationRun.objects.get()
    assert (run.started_by, run.budget_usd, run.in_batches) == (
        "command line",
        Decimal("2.5"),
        True,
    )


def test_where_nothing_is_missing_no_run_is_started(world):
    assert say("generate", "small") == ["0 candidates planned, 0 queued"]
    assert not GenerationRun.objects.exists()


def test_a_dry_run_says_what_it_would_cost_and_changes_nothing(arena):
    before = count_rows()
    assert say("generate", "small", "--dry-run") == [
        "competitor  candidates  calls  images   USD",
        "ant                  3      3       3  0.00",
        "bee                  3      3       3  1.50",
        "all                  6      6       6  1.50",
    ]
    assert count_rows() == before


def test_a_dry_run_says_where_a_price_is_not_known(arena):
    Competitor.objects.filter(name="bee").update(price={})
    lines = say("generate", "small", "--dry-run")
    assert lines[2].endswith("price unknown")
    assert lines[3].endswith("0.00 and more")


def test_a_dry_run_over_nothing_says_so(world):
    assert say("generate", "small", "--dry-run") == ["nothing is missing"]


def test_what_failed_is_made_again_only_where_asked_for(arena):
    say("generate", "small")
    Candidate.objects.filter(competitor__name="ant").update(status="failed", finished_at=NOW)
    Candidate.objects.filter(competitor__name="bee").update(status="refused_prompt")
    assert say("generate", "small") == ["0 candidates planned, 0 queued"]
    assert say("generate", "small", "--retry-failed") == ["3 candidates planned, 3 queued"]
    assert say("generate", "small", "--retry-refused") == ["6 candidates planned, 6 queued"]


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_a_budget_without_a_price_is_refused(arena, options):
    Competitor.objects.filter(name="bee").update(price={})
    with pytest.raises(CommandError, match="no price is known for bee"):
        call_command("generate", "small", "--budget", "5", *options)
    assert not GenerationRun.objects.exists()


@pytest.mark.parametrize("text", ["much", "0", "-1", "1e-9", "NaN", "Infinity", "1e9"])
def test_a_budget_that_is_none_is_an_error_of_usage(text):
    with pytest.raises(ArgumentTypeError):
        read_budget(text)


def test_runs_are_listed_newest_first(arena):
    assert say("runs", "small") == ["no run has been started"]
    say("generate", "small", "--budget", "2")
    say("generate", "small")
    newest, oldest = say("runs", "small")
    assert "active: 0 of 6 ended, 0 failed, $0.0000, started by command line" in newest
    assert "finished: 0 of 0 ended, 0 failed, $0.0000 of $2.00" in oldest


def test_a_run_is_cancelled_by_its_number_once(arena):
    say("generate", "small")
    number = str(GenerationRun.objects.get().pk)
    assert say("cancel_run", number) == [f"run {number} is cancelled"]
    assert not Candidate.objects.exists()
    with pytest.raises(CommandError, match=f"run {number} had ended before: cancelled"):
        call_command("cancel_run", number)


@pytest.mark.parametrize("number", ["0", str(2**70)])
def test_a_run_that_is_not_there_cannot_be_cancelled(db, number):
    with pytest.raises(CommandError, match=f"there is no run {number}"):
        call_command("cancel_run", number)


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_with_1_when_the_budget_ends_the_run(
    tmp_path, monkeypatch, settings, transactional_db
):
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    monkeypatch.setenv("GEMINI_API_KEY", "planted-key")
    Competitor.objects.create(
        name="bee", provider="gemini", model="gemini-3.1-flash-image", price=PRICE
    )
    make_arena(make_suite(tmp_path), ["bee"])
    said, complained = StringIO(), StringIO()
    options = {"wait": True, "budget": read_budget("1.2"), "stdout": said, "stderr": complained}
    with StandIn() as service:
        monkeypatch.setenv("GEMINI_BASE_URL", service.url)
        with pytest.raises(SystemExit) as ended:
            call_command("generate", "small", **options)
    assert ended.value.code == 1
    lines = said.getvalue().splitlines()
    assert lines[:2] == ["3 candidates planned, 3 queued", "2 done, 1 planned"]
    assert lines[2].startswith("cost: $1.0000 of $1.20")
    assert "was stopped: the budget is spent" in complained.getvalue()


@pytest.mark.django_db
def test_waiting_without_a_key_is_refused_before_anything_is_planned(tmp_path, monkeypatch):
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    Competitor.objects.create(name="nano", provider="gemini", model="gemini-2.5-flash-image")
    make_arena(make_suite(tmp_path, 2), ["nano"])
    with pytest.raises(CommandError, match="GEMINI_API_KEY is not set"):
        call_command("generate", "small", wait=True)
    assert not Candidate.objects.exists()


@pytest.mark.django_db
def test_who_is_retired_is_named_and_not_asked(tmp_path):
    Competitor.objects.create(
        name="old", provider="procedural", model="old", retired_on="2020-01-01"
    )
    make_arena(make_suite(tmp_path, 2), ["old"])
    said = StringIO()
    call_command("generate", "small", dry_run=True, stdout=said)
    assert said.getvalue() == "nothing is missing\nnot asked: old (retired on 2020-01-01)\n"
