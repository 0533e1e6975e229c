"""The demo joins real models where there is a key, within a budget, and goes on without them."""

import random
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.utils import timezone

from arenas.candidates.models import Candidate, ServicePause
from arenas.candidates.runs import Wish, start_run
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from arenas.votes.models import Vote
from arenas.votes.simulate import simulate_votes
from evalsite.demo import (
    KEYS,
    REAL,
    REGISTRY,
    WORLD,
    enter_real,
    has_key,
    make_wish,
    read_budget,
    select_real,
)
from evalsite.management.commands.fill_demo import count_callable
from tests.factories import NOW, make_arena, make_candidates, make_suite

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    for name in (*KEYS, *(f"{key}_FILE" for key in KEYS), "DEMO_BUDGET_USD"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def arena(tmp_path):
    for name in ("ant", "bee"):
        Competitor.objects.create(name=name, provider="procedural", model=name)
    return make_arena(make_suite(tmp_path), ["ant", "bee"])


def load_demo():
    said = StringIO()
    call_command("load_demo", stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("name", KEYS)
def test_any_of_the_keys_will_do(monkeypatch, name):
    assert not has_key()
    monkeypatch.setenv(name, "a key")
    assert has_key()


def test_without_a_key_the_demo_is_procedural_and_has_no_budget():
    assert "real models" not in load_demo()
    arena = Arena.objects.get(slug="demo")
    assert {each.provider for each in arena.competitors()} == {"procedural"}
    assert arena.runs.get().budget_usd is None


def test_with_a_key_real_models_join_and_the_cost_is_said_before(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "a key")
    monkeypatch.setenv("DEMO_BUDGET_USD", "0.5")
    said = load_demo()
    assert "3 real models are asked for 189 images, about $8.86; at most $0.50 will be" in said
    arena = Arena.objects.get(slug="demo")
    assert {each.name for each in select_real(arena)} == set(REAL)
    assert arena.runs.get().budget_usd == Decimal("0.5")


def test_a_second_start_adds_nothing(monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", "a key")
    load_demo()
    candidates = Candidate.objects.count()
    load_demo()
    assert (Candidate.objects.count(), Arena.objects.get(slug="demo").competitors().count()) == (
        candidates,
        10,
    )


def test_what_earlier_starts_spent_is_spent(arena):
    enter_real(arena, now=NOW)
    start_run(arena, Wish(), by="a test", now=NOW)
    paid = Candidate.objects.filter(competitor__name=REAL[0]).first()
    paid.attempts.create(number=1, started_at=NOW, cost_usd=Decimal("0.7"))
    assert make_wish(arena).budget_usd == Decimal("0.3")
    paid.attempts.create(number=2, started_at=NOW, cost_usd=Decimal("0.7"))
    assert make_wish(arena).budget_usd == Decimal("0.000001")


def test_real_models_that_the_file_has_withdrawn_come_back(arena):
    enter_real(arena, now=NOW)
    arena.entries.filter(competitor__name__in=REAL).update(withdrawn_at=NOW)
    enter_real(arena, now=LATER)
    assert select_real(arena).count() == 3


@pytest.mark.parametrize("text", ["much", "0", "-1", "NaN", "Infinity"])
def test_a_budget_that_is_none_stops_the_demo(monkeypatch, text):
    monkeypatch.setenv("DEMO_BUDGET_USD", text)
    with pytest.raises(ImproperlyConfigured, match="DEMO_BUDGET_USD must be an amount"):
        read_budget()


def test_every_real_model_is_in_the_registry_with_a_price(arena):
    enter_real(arena, now=NOW)
    assert REGISTRY.exists()
    assert all(each.price for each in select_real(arena))


def test_nobody_simulates_a_vote_on_a_real_model(arena):
    enter_real(arena, now=NOW)
    make_candidates(arena)
    simulate_votes(
        arena,
        40,
        WORLD,
        raters=2,
        now=NOW,
        rng=random.Random(1),
        among=[each for each in arena.competitors() if each.name not in REAL],
    )
    votes = Vote.objects.select_related("competitor_a", "competitor_b")
    assert {name for v in votes for name in (v.competitor_a.name, v.competitor_b.name)} == {
        "ant",
        "bee",
    }


def test_nobody_waits_for_a_closed_service_or_for_an_ended_run(arena):
    enter_real(arena, now=NOW)
    run = start_run(arena, Wish(), by="a test", now=NOW)
    real = list(select_real(arena))
    rows = Candidate.objects.filter(competitor__in=real)
    assert count_callable(rows, real) == 9
    ServicePause.objects.create(
        scope=f"gemini/developer/{REAL[0]}",
        cause="quota",
        reason="spent",
        since=NOW,
        until=timezone.now() + timedelta(hours=1),
    )
    assert count_callable(rows, real) == 6
    run.state, run.ended_at = run.State.SPENT, NOW
    run.save()
    assert count_callable(rows, real) == 0
