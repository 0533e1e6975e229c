"""Outcomes: pass, fail, or people are needed; and the report that says why."""

import json
from datetime import timedelta

import pytest

from arenas.candidates.models import Candidate
from metrics.regressions.advance import advance
from metrics.regressions.models import Run
from metrics.regressions.promote import promote
from metrics.results.models import CheckResult
from tests.factories import NOW
from tests.metrics.regressions.nights import (
    CRITERION,
    add_results,
    answer,
    begin,
    make_night,
    prove,
    settle,
    shift,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
SECONDS = {"measure": "seconds", "margin": 20.0, "most": 60.0}


def run_night(evaluation, value, **fields):
    run = begin(evaluation)
    answer(run, value, **fields)
    return settle(run)


def test_an_equal_challenger_passes_where_the_check_may_gate(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    run = run_night(evaluation, shift(0))
    assert (run.state, run.outcome, run.reason) == ("decided", "pass", "brightness.mean passed")
    row = run.report["criteria"][0]
    assert (row["result"], row["decides"], row["n"], row["missing"]) == ("passed", True, 20, 0)
    assert row["lower"] > row["threshold"] == -8
    assert run.arena.stage == "closed"


def test_a_worse_challenger_fails_with_the_worst_prompts_on_top(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    run = run_night(
        evaluation,
        lambda n, who, sample: 100.0 - (20 + n) * (who == "house-v4"),
    )
    assert (run.outcome, run.reason) == ("fail", "brightness.mean failed")
    row = run.report["criteria"][0]
    assert [each["prompt"] for each in row["worst"][:2]] == ["p19", "p18"]
    assert row["worst"][0]["difference"] == -39
    pictured = Candidate.objects.in_bulk(row["worst"][0]["challenger"])
    assert {each.competitor.name for each in pictured.values()} == {"house-v4"}
    assert row["sentence"].startswith("brightness.mean fell by")
    assert json.loads(json.dumps(run.report)) == run.report


def test_a_check_that_proves_nothing_leaves_it_to_people(tmp_path):
    run = run_night(make_night(tmp_path), shift(-50))
    assert (run.outcome, run.report["criteria"][0]["result"]) == ("needs_humans", "failed")
    assert run.report["criteria"][0]["decides"] is False
    assert run.report["asks"] == ["human"]
    assert "in the stead of brightness.mean, and the budget has no votes" in run.reason


def test_people_are_asked_where_there_are_votes(tmp_path, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr("metrics.regressions.advance.people", lambda: Asked(asked))
    run = run_night(make_night(tmp_path, budget={"votes": 50}), shift(0))
    assert (run.state, run.asked, asked) == ("voting", ["human"], [run.pk])


class Asked:
    """Opens nothing, and remembers what was to be opened."""

    def __init__(self, asked):
        self.asked = asked

    def plan_people(self, run, *, now):
        self.asked.append(run.pk)

    def replace_lost(self, run):
        return 0

    def is_time_to_look(self, run):
        return False

    def is_spent(self, run):
        return False


def test_votes_that_could_make_no_pass_are_not_asked_for(tmp_path):
    criteria = [CRITERION, {"measure": "refusal_rate", "margin": 2.0}]
    evaluation = make_night(tmp_path, criteria=criteria, budget={"votes": 50})
    run = run_night(evaluation, shift(0))
    assert (run.state, run.outcome, run.report["asks"]) == ("decided", "needs_humans", [])
    assert run.reason == "refusal_rate is undecided: more prompts or samples would decide"


def test_seconds_decide_by_themselves(tmp_path):
    evaluation = make_night(tmp_path, criteria=[SECONDS])
    run = begin(evaluation)
    answer(run, shift(0), seconds=2.0)
    Candidate.objects.filter(competitor__name="house-v4").update(seconds=6.0)
    run = settle(run)
    assert (run.outcome, run.report["criteria"][0]["sentence"][:14]) == ("fail", "seconds rose b")


def test_nothing_is_cut_where_the_file_does_not_ask_for_it(tmp_path):
    evaluation = make_night(tmp_path, criteria=[{"measure": "brightness.mean", "margin": 8.0}])
    prove()
    run = run_night(evaluation, shift(0))
    row = run.report["criteria"][0]
    # Of 20 prompts, too few to rule out that one of fifty is all black.
    assert (run.outcome, row["clipped"]) == ("needs_humans", 0)
    assert row["lower"] < row["threshold"]


def test_a_check_and_the_people_in_its_stead_share_the_error_rate(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    alone = run_night(evaluation, shift(0)).report["criteria"][0]["lower"]
    evaluation = make_night(tmp_path, budget={"votes": 50})
    assert run_night(evaluation, shift(0)).report["criteria"][0]["lower"] < alone


def test_a_rare_catastrophe_stands_in_the_way_of_a_pass(tmp_path):
    evaluation = make_night(tmp_path, prompts=40)
    prove()
    awful = {0, 1, 2, 3}
    run = run_night(
        evaluation, lambda n, who, sample: 0.0 if who == "house-v4" and n in awful else 100.0
    )
    row = run.report["criteria"][0]
    assert (run.outcome, row["clipped"]) == ("needs_humans", 4)
    assert row["plain_mean"] == -10


def test_one_criterion_that_fails_is_named_beside_one_that_passes(tmp_path):
    evaluation = make_night(tmp_path, criteria=[CRITERION, SECONDS])
    prove()
    run = run_night(evaluation, shift(-60), seconds=2.0)
    assert [row["result"] for row in run.report["criteria"]] == ["failed", "passed"]
    assert run.reason == "brightness.mean failed"


def test_a_run_is_decided_by_the_criteria_that_it_was_started_with(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    run = begin(evaluation)
    make_night(tmp_path, criteria=[{**CRITERION, "margin": 20.0}])
    answer(run, shift(-16))
    assert settle(run).report["criteria"][0]["margin"] == 8


def make_slow_change(folder):
    """An eval that got worse with run 10, by less than the margin; and its first run."""
    evaluation = make_night(folder, prompts=30)
    prove()
    run = begin(evaluation)
    answer(run, shift(0))
    settle(run)
    row = {"name": "brightness.mean"}
    means = [0.1, -0.1, 0.05, -0.05, 0.0, 0.1, -0.1, 0.05, *[-3.0] * 7]
    past(evaluation, run, [[{**row, "mean": mean}] for mean in means])
    return evaluation, run


def test_a_slow_change_over_the_runs_turns_a_pass_over_to_people(tmp_path):
    evaluation, _ = make_slow_change(tmp_path)
    late = begin(evaluation)
    add_results(list(late_candidates(late)), lambda each: 100.0 - 3)
    late = settle(late)
    assert late.outcome == "needs_humans"
    assert "over the runs it gets worse: brightness.mean since run 10" in late.reason
    assert late.report["criteria"][0]["drift"] == {"alarm": True, "since": 10}


def test_a_change_that_was_looked_at_and_found_good_is_told_no_more(tmp_path):
    evaluation, run = make_slow_change(tmp_path)
    known = NOW + timedelta(minutes=1)
    promote(evaluation, run.baseline, by="alice", reason="brighter lamps", now=known)
    late = begin(evaluation, now=known)
    add_results(list(late_candidates(late)), lambda each: 100.0 - 3)
    assert settle(late, now=known).outcome == "pass"


def test_a_ruling_made_while_people_vote_changes_nothing(tmp_path, monkeypatch):
    voting = Asked([])
    monkeypatch.setattr("metrics.regressions.advance.people", lambda: voting)
    run = run_night(make_night(tmp_path, budget={"votes": 50}), shift(0))
    prove()
    monkeypatch.setattr(voting, "is_time_to_look", lambda run: True)
    run = advance(run, now=NOW)
    assert (run.state, run.report["criteria"][0]["decides"]) == ("voting", False)


def past(evaluation, run, reports):
    """Runs after the first that came to these criteria."""
    for place, rows in enumerate(reports):
        Run.objects.create(
            eval=evaluation, number=run.number + 1 + place, trigger="command",
            definition=run.definition, baseline=run.baseline, challenger=run.challenger,
            state="decided", outcome="pass", report={"criteria": rows}, started_at=NOW,
            decided_at=NOW,
        )  # fmt: skip


def late_candidates(run):
    CheckResult.objects.filter(candidate__competitor=run.baseline).update(
        values={"mean": 100.0, "images": 1}
    )
    Candidate.objects.filter(status="planned").update(status="done", finished_at=NOW)
    return Candidate.objects.filter(competitor=run.challenger, sample=run.first_sample)


def test_a_prompt_that_comes_out_now_so_now_so_is_flaky(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    for low in (True, False, True):
        run = begin(evaluation)
        answer(run, shift(0))
        rows = Candidate.objects.filter(competitor=run.challenger, sample=run.first_sample)
        CheckResult.objects.filter(candidate__in=rows, candidate__prompt__key="p3").update(
            values={"mean": 60.0 if low else 103.0, "images": 1}
        )
        run = settle(run)
    assert [(each["prompt"], each["verdicts"]) for each in run.report["flaky"]] == [("p3", "−·−")]


def test_what_is_decided_stays_as_it_is(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    run = run_night(evaluation, shift(0))
    CheckResult.objects.update(values={"mean": 0.0, "images": 1})
    again = advance(run, now=NOW)
    assert (again.outcome, again.report) == (run.outcome, run.report)
