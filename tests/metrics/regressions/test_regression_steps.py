"""A run's steps: each is made once, whoever tries, and whenever somebody dies in it."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, connection

from arenas.candidates.models import Candidate, GenerationRun
from arenas.competitors.models import Competitor
from arenas.definitions.models import Arena
from metrics.regressions.advance import advance, advance_all, cancel
from metrics.regressions.load import load_eval
from metrics.regressions.models import Run
from metrics.regressions.prepare import prepare_arena
from metrics.regressions.start import RunRefused, find_or_start, start_run
from tests.factories import NOW
from tests.metrics.regressions.nights import (
    answer,
    begin,
    make_night,
    settle,
    shift,
    small_canvas,
    write_eval,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
PREPARE = "metrics.regressions.advance.prepare_arena"


def start(evaluation, **options):
    options = {"trigger": "command", "by": "alice", "now": NOW, **options}
    return start_run(evaluation, **options)


def test_a_run_has_an_arena_of_its_own_in_which_nobody_votes(tmp_path):
    run = begin(make_night(tmp_path, prompts=2, budget={"usd": 5}))
    arena = run.arena
    assert (arena.stage, arena.temporary) == ("prepared", True)
    for told in (arena.slug, arena.title):  # raters read them
        assert "nightly" not in told
        assert "house" not in told
    assert arena.checks == ["brightness"]
    assert (run.state, run.generation.budget_usd) == ("generating", 5)


def test_the_baseline_has_three_samples_and_the_challenger_one(tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    planned = Candidate.objects.filter(run=run.generation)
    assert planned.filter(competitor__name="house-v3").count() == 6
    assert planned.filter(competitor__name="house-v4").count() == 2


def test_the_baseline_is_made_once_for_all_runs(tmp_path):
    evaluation = make_night(tmp_path, prompts=2)
    answer(begin(evaluation), shift(0))
    second = begin(evaluation)
    fresh = Candidate.objects.filter(status="planned")
    assert {(each.competitor.name, each.sample) for each in fresh} == {("house-v4", 1)}
    assert second.first_sample == 1


@pytest.mark.parametrize("gone", [{"provider": "external"}, {"retired_on": NOW.date()}])
def test_who_can_draw_no_more_is_looked_at_again_as_it_is(tmp_path, gone):
    evaluation = make_night(tmp_path, prompts=2)
    answer(begin(evaluation), shift(0))
    Competitor.objects.filter(name="house-v4").update(**gone)
    second = begin(evaluation)
    assert second.first_sample == 0
    assert settle(second).state == "decided"


def test_a_run_goes_on_when_nothing_is_being_made_any_more(tmp_path):
    run = begin(make_night(tmp_path))
    assert advance(run, now=NOW).state == "generating"
    answer(run, shift(0))
    Candidate.objects.filter(pk=Candidate.objects.last().pk).update(status="received")
    assert advance(run, now=NOW).state == "generating"
    Candidate.objects.update(status="done")
    assert advance(run, now=NOW).state == "decided"


def test_a_run_waits_for_every_check(tmp_path):
    run = begin(make_night(tmp_path))
    Candidate.objects.update(status="done", finished_at=NOW)
    assert settle(run).state == "checking"


def test_what_a_spent_budget_left_out_is_missing_and_said(tmp_path):
    run = begin(make_night(tmp_path, budget={"usd": 1}))
    left = list(Candidate.objects.filter(competitor__name="house-v4", prompt__key="p0"))
    Candidate.objects.filter(pk__in=[each.pk for each in left]).delete()
    answer(run, shift(0))
    Candidate.objects.bulk_create(
        Candidate(prompt=each.prompt, competitor=each.competitor, run=run.generation)
        for each in left
    )
    GenerationRun.objects.update(state="spent", ended_at=NOW)
    run = settle(run)
    assert run.report["criteria"][0]["missing"] == 1
    assert "its budget was spent" in run.report["notes"][0]


def test_nothing_made_at_all_is_a_failure_and_no_outcome(tmp_path):
    run = begin(make_night(tmp_path))
    GenerationRun.objects.update(state="cancelled", ended_at=NOW)
    run = settle(run)
    assert (run.state, run.outcome) == ("failed", "")
    assert run.error == "no picture of house-v3 was made"


def test_a_budget_without_a_price_fails_the_run_and_leaves_no_arena(tmp_path):
    evaluation = make_night(tmp_path, budget={"usd": 1})
    Competitor.objects.update(provider="gemini", model="gemini-2.5-flash-image")
    run = begin(evaluation)
    assert (run.state, run.arena) == ("failed", None)
    assert "no price is known for house-v3" in run.error
    assert not Arena.objects.exists()


def test_who_dies_in_a_step_leaves_nothing_of_it(tmp_path, monkeypatch):
    run = start(make_night(tmp_path))
    small_canvas()
    with monkeypatch.context() as broken:
        broken.setattr("arenas.candidates.runs.start_run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            advance(run, now=NOW)
    assert not Arena.objects.exists()
    assert advance(run, now=NOW).state == "generating"


def interrupt(*args, **kwargs):
    raise KeyboardInterrupt


@pytest.mark.django_db(transaction=True)
def test_a_killed_advancer_holds_up_nobody(tmp_path, monkeypatch):
    run = start(make_night(tmp_path, prompts=1))
    small_canvas()
    first, backend = threading.Event(), []
    real = prepare_arena

    def prepare_and_hang(run, *, now):
        if first.is_set():
            return real(run, now=now)
        arena = real(run, now=now)
        backend.append(connection.connection.info.backend_pid)
        first.set()
        with connection.cursor() as cursor:  # until the connection is cut
            cursor.execute("SELECT pg_sleep(60)")
        return arena

    monkeypatch.setattr(PREPARE, prepare_and_hang)
    hanging = threading.Thread(target=advance_until_cut, args=(run,))
    hanging.start()
    assert first.wait(30)
    assert advance(run, now=NOW).state == "planned"  # somebody is at it
    with connection.cursor() as cursor:  # the server sees of a killed process what it sees here
        cursor.execute("SELECT pg_terminate_backend(%s)", backend)
    hanging.join(30)
    assert advance(run, now=NOW).state == "generating"
    assert Arena.objects.count() == 1


def advance_until_cut(run):
    try:
        with pytest.raises(OperationalError):
            advance(run, now=NOW)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_advancers_at_once_make_one_arena(tmp_path):
    run = start(make_night(tmp_path, prompts=2))
    small_canvas()
    together = threading.Barrier(2)

    def advance_with_the_other():
        together.wait()
        try:
            advance(run, now=NOW)
        finally:
            connection.close()

    threads = [threading.Thread(target=advance_with_the_other) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert (Arena.objects.count(), GenerationRun.objects.count()) == (1, 1)
    assert Candidate.objects.count() == 8


def test_one_run_that_does_not_get_on_holds_up_no_other(tmp_path, monkeypatch):
    evaluation = make_night(tmp_path, prompts=1)
    bad, good = start(evaluation), start(evaluation)
    small_canvas()
    real = prepare_arena

    def prepare(run, *, now):
        if run.pk == bad.pk:
            raise RuntimeError("out of order")
        return real(run, now=now)

    monkeypatch.setattr(PREPARE, prepare)
    assert advance_all(NOW) == 2
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.error) == ("planned", "RuntimeError: out of order")
    assert good.state == "generating"
    monkeypatch.setattr(PREPARE, real)
    assert advance(bad, now=NOW).error == ""


def test_an_unfinished_run_of_the_same_challenger_goes_on(tmp_path):
    evaluation = make_night(tmp_path, prompts=1)
    find = partial(find_or_start, evaluation, trigger="command", by="alice", now=NOW)
    first, is_new = find()
    again, is_new_again = find()
    other, _ = find(challenger=Competitor.objects.create(name="x"))
    assert (is_new, is_new_again, again, other.number) == (True, False, first, 2)
    cancel(first, reason="no need", now=NOW)
    assert find()[0].number == 3


def test_a_cancelled_run_makes_no_more_pictures(tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    assert cancel(run, reason="no need", now=NOW)
    run = advance(run, now=NOW)
    assert (run.state, run.arena.stage) == ("cancelled", "closed")
    assert not Candidate.objects.exists()
    assert not cancel(run, reason="no need", now=NOW)


def test_a_scheduled_run_waits_for_the_one_before_and_only_the_newest_is_made(tmp_path):
    evaluation = make_night(tmp_path, prompts=1)
    first = begin(evaluation)
    due = [NOW + timedelta(hours=n) for n in range(3)]
    waiting = [start(evaluation, trigger="schedule", due_at=each) for each in due]
    advance_all(NOW)
    assert {each.state for each in Run.objects.filter(trigger="schedule")} == {"planned"}
    answer(first, shift(0))
    for _ in range(3):
        advance_all(NOW)
    states = [Run.objects.get(pk=each.pk) for each in waiting]
    assert [each.state for each in states] == ["cancelled", "cancelled", "generating"]
    assert states[0].reason == "run 4 was due before it began"


def test_tags_choose_from_the_newest_version_of_every_suite(tmp_path):
    make_night(tmp_path, prompts=3)
    make_night(tmp_path, prompts=4)
    path = write_eval(tmp_path, suite=None, tags=["all"])
    evaluation = load_eval(path, now=NOW).evaluation
    run, again = begin(evaluation), begin(evaluation)
    assert run.arena.prompts().count() == 4
    assert run.arena.suite_version == again.arena.suite_version
    assert not run.arena.suite_version.suite.prompts.exists()


def test_what_learned_from_a_suite_is_not_tested_by_it(tmp_path):
    evaluation = make_night(tmp_path)
    old = Competitor.objects.create(name="old", trained_on=["small"])
    Competitor.objects.filter(name="house-v4").update(parent=old)
    with pytest.raises(RunRefused, match="old was trained on an export of suite small"):
        start(evaluation)


def test_of_a_series_the_last_step_is_tested(tmp_path):
    make_night(tmp_path)
    for step in (1000, 3000, 2000):
        Competitor.objects.create(name=f"step-{step}", series="house", step=step)
    path = write_eval(tmp_path, challenger=None, series="house")
    run = start(load_eval(path, now=NOW).evaluation)
    assert run.challenger.name == "step-3000"
