"""What must not happen at the edges: biased costs, lost arenas, ends that say what is not so."""

import socket
import threading
import time
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule
from pydantic import ValidationError

from arenas.candidates.models import GenerationRun
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from metrics.regressions import measure, webhook
from metrics.regressions.advance import advance
from metrics.regressions.decide import say_people
from metrics.regressions.history import select_alike
from metrics.regressions.measure import collect, compare_pairs
from metrics.regressions.people import is_spent
from metrics.regressions.schedule import make_schedule
from metrics.regressions.shape import CriterionShape, EvalShape
from metrics.regressions.start import start_run
from tests.factories import NOW
from tests.metrics.regressions.asking import ask, find_arena, vote
from tests.metrics.regressions.nights import (
    answer,
    begin,
    make_night,
    make_prompts,
    settle,
    shift,
    small_canvas,
    write_eval,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]


def test_costs_of_more_samples_seem_no_higher():
    rng = np.random.default_rng(1)
    drawn = rng.lognormal(0, 0.5, (20_000, 4))
    found = np.array([compare_pairs(row[:3].tolist(), row[3:].tolist()) for row in drawn])
    assert abs(found.mean()) < 4 * found.std() / np.sqrt(len(found))


def test_a_cost_is_compared_sample_by_sample(tmp_path):
    run = begin(make_night(tmp_path, prompts=1, criteria=[{"measure": "seconds", "margin": 10.0}]))
    answer(run, shift(0), seconds=2.0, cost_usd=Decimal("0.04"))
    rows = find_arena(run).regression_run.baseline.candidates.order_by("sample")
    rows.filter(sample=1).update(seconds=6.0)
    assert collect(run)[0].plain.tolist() == pytest.approx([100 / 3])


def test_a_run_that_comes_to_nothing_leaves_no_arena_that_things_are_made_for(tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    GenerationRun.objects.update(state="spent", ended_at=NOW)
    run = advance(run, now=NOW)
    assert run.state == "failed"
    assert "no picture of" in run.error
    assert find_arena(run).stage == Arena.Stage.CLOSED


def test_a_measure_that_is_gone_ends_the_run_and_holds_up_none_that_are_due(tmp_path, monkeypatch):
    evaluation = make_night(tmp_path, prompts=2)
    run = begin(evaluation)
    answer(run, shift(0))
    monkeypatch.setattr(measure, "find_measure", refuse)
    assert settle(run).error == "no such measure"
    assert settle(run).state == "failed"
    later = start_run(evaluation, trigger="schedule", by="beat", now=NOW, due_at=NOW)
    assert advance(later, now=NOW).state == "generating"


def refuse(*args):
    raise ValueError("no such measure")


def test_what_was_learned_since_the_start_is_looked_at_before_anything_is_made(tmp_path):
    small_canvas()
    run = start_run(make_night(tmp_path, prompts=2), trigger="command", by="alice", now=NOW)
    Competitor.objects.filter(name="house-v4").update(trained_on=["small"])
    run = advance(run, now=NOW)
    assert run.state == "failed"
    assert "was trained on an export of suite small" in run.error
    assert not Arena.objects.filter(temporary=True).exists()


def test_votes_that_are_spent_are_said_to_be_although_repeats_take_some_of_the_budget(tmp_path):
    run = ask(tmp_path, votes=20, prompts=20)
    while not is_spent(run) and (votes := vote(run, 3)):
        assert votes
    run = advance(run, now=NOW + timedelta(hours=1))
    assert run.outcome == "needs_humans"
    assert "human is undecided after all" in run.reason
    assert say_people(run, [], ["human"]) == run.reason


def test_without_anything_planned_the_arena_stays_shut(tmp_path):
    run = ask(tmp_path, votes=1, prompts=2)
    assert find_arena(run).stage != Arena.Stage.OPEN
    assert settle(run).outcome == "needs_humans"


def test_slow_changes_are_looked_for_over_the_same_prompts_alone(tmp_path):
    evaluation = make_night(tmp_path, prompts=20)
    first = begin(evaluation)
    answer(first, shift(-30))
    first = settle(first)
    assert first.state == "decided"
    again = begin(evaluation)
    assert list(select_alike(again)) == [first]
    make_prompts(tmp_path, 21)
    evaluation = make_night(tmp_path, prompts=21, title="More prompts")
    assert not select_alike(begin(evaluation)).exists()


@pytest.mark.parametrize("margin", [1001.0, 1e6])
def test_elo_that_no_points_stand_for_is_refused(margin):
    with pytest.raises(ValidationError, match="Elo ahead"):
        CriterionShape(measure="human", unit="elo", margin=margin)


@pytest.mark.parametrize("text", [{"schedule": "0 3 * * *"}, {"every": "1 h"}])
def test_rows_that_staff_have_doubled_do_not_stop_an_eval(text):
    for _ in range(2):
        CrontabSchedule.objects.create(minute="0", hour="3", timezone="UTC")
        IntervalSchedule.objects.create(every=60, period="minutes")
    shape = EvalShape.model_validate(
        {
            "name": "nightly", "suite": "small", "baseline": "a", "challenger": "b",
            "criteria": [{"measure": "seconds", "margin": 10.0}], **text,
        }
    )  # fmt: skip
    assert any(make_schedule(shape))


def test_no_time_to_wait_is_no_pass(tmp_path):
    make_night(tmp_path, prompts=2)
    write_eval(tmp_path)
    small_canvas()
    with pytest.raises(CommandError, match="after 0 s"):
        call_command("regress", "nightly", timeout=0.0)


@pytest.mark.parametrize("address", ["fec0::1", "::7f00:1", "::10.0.0.1", "4000::1"])
def test_forms_of_addresses_that_nobody_uses_are_not_public(address):
    assert not webhook.is_public(address)


def test_a_receiver_that_dawdles_over_tls_is_given_up(monkeypatch, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    monkeypatch.setattr(webhook, "SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=dawdle, args=(server,), daemon=True).start()
        target = f"https://127.0.0.1:{server.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(webhook.NotSent):
            webhook.post(target, b"{}", event="e", now=NOW)
    assert time.monotonic() - begun < 5


def dawdle(server: socket.socket) -> None:
    """A byte of a long TLS record now and then: no single read is late."""
    connection, _ = server.accept()
    try:
        connection.sendall(b"\x16\x03\x03\x3f\xff\x02")
        for _ in range(100):
            time.sleep(0.1)
            connection.sendall(b"\x00")
    except OSError:
        connection.close()
