"""`regress`, `load_eval`, `bless` and `add_token`: what they say, and how they end."""

import json
from contextlib import nullcontext
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django_celery_beat.models import PeriodicTask

from arenas.candidates.models import Candidate
from arenas.competitors.models import Competitor
from metrics.api.models import ApiToken
from metrics.regressions.models import Promotion, Run
from tests.factories import database_url, make_staff
from tests.metrics.regressions.nights import (
    CRITERION,
    add_results,
    answer,
    begin,
    make_night,
    prove,
    shift,
    write_eval,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]


@pytest.fixture(autouse=True)
def _no_workers(request, monkeypatch):
    """Nothing is started for a test whose pictures are there."""
    if "of_its_own" not in request.node.name:
        monkeypatch.setattr("metrics.management.follow.running_workers", nullcontext)
        monkeypatch.setattr("metrics.management.follow.find_served", lambda: {"checks"})
        monkeypatch.setattr("metrics.management.follow.sweep", lambda: 0)


def call(name, /, *args, **options):
    said = StringIO()
    call_command(name, *args, stdout=said, stderr=StringIO(), **options)
    return said.getvalue().splitlines()


def wait(*args, **options):
    """The exit status of `regress nightly --wait`, and what it said."""
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            "regress", "nightly", *args, wait=True, stdout=said, stderr=StringIO(), **options
        )
    return ended.value.code, said.getvalue().splitlines()


def test_an_eval_is_loaded_and_said(tmp_path):
    make_night(tmp_path)
    [line] = call("load_eval", write_eval(tmp_path, error_rate=0.02))
    assert line == "nightly has changed: 20 prompts, 1 criteria, house-v4 against house-v3"
    with pytest.raises(CommandError, match=r"nightly.yaml:\d+: error_rate"):
        call("load_eval", write_eval(tmp_path, error_rate=2))


def test_without_wait_a_run_is_queued_once(tmp_path):
    make_night(tmp_path)
    lines = call("regress", "nightly")
    assert lines[0] == "run 1 of nightly is started: house-v4 against house-v3"
    assert lines[1].startswith("http")
    assert call("regress", "nightly")[0].startswith("run 1 of nightly goes on (planned)")
    assert Run.objects.get().trigger == "command"


@pytest.mark.parametrize(
    ("by", "trusted", "status", "outcome"),
    [(0, True, 0, "pass"), (-60, True, 1, "fail"), (0, False, 3, "needs_humans")],
)
def test_the_exit_status_is_the_outcome(tmp_path, by, trusted, status, outcome):
    evaluation = make_night(tmp_path)
    if trusted:
        prove()
    answer(begin(evaluation), shift(by))
    file = tmp_path / "report.json"
    code, lines = wait(json=file)
    assert code == status
    assert lines[-1].startswith(f"{outcome}: ")
    assert json.loads(file.read_text())["outcome"] == outcome
    assert Run.objects.count() == 1  # the one that was begun went on


def test_another_challenger_can_be_named(tmp_path):
    make_night(tmp_path)
    Competitor.objects.create(name="house-v5", provider="procedural", model="house")
    call("regress", "nightly", challenger="house-v5")
    assert Run.objects.get().challenger.name == "house-v5"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["daily"], r"no regression eval 'daily' \(nightly\)"),
        (["nightly", "--challenger", "nobody"], "no competitor 'nobody'"),
        (["nightly", "--wait", "--timeout", "0.2"], "run 1 of nightly is generating after 0.2 s"),
    ],
)
def test_errors_are_a_line(tmp_path, args, message):
    make_night(tmp_path)
    with pytest.raises(CommandError, match=message):
        call("regress", *args)


def test_what_goes_wrong_in_a_run_is_no_fail(tmp_path, monkeypatch):
    make_night(tmp_path)
    monkeypatch.setattr("metrics.regressions.advance.prepare_arena", lambda run, now: 1 / 0)
    with pytest.raises(CommandError, match="ZeroDivisionError: division by zero"):
        call("regress", "nightly", wait=True)


def test_a_run_that_failed_says_why(tmp_path):
    make_night(tmp_path, budget={"usd": 1})
    Competitor.objects.update(provider="gemini", model="gemini-2.5-flash-image")
    with pytest.raises(CommandError, match="failed: no price is known for house-v3"):
        call("regress", "nightly", wait=True)


def test_a_refused_run_says_why(tmp_path):
    make_night(tmp_path)
    Competitor.objects.filter(name="house-v4").update(trained_on=["small"])
    with pytest.raises(CommandError, match="trained on an export of suite small"):
        call("regress", "nightly")
    assert not Run.objects.exists()


def test_checks_are_run_here_where_no_worker_takes_them(tmp_path, monkeypatch):
    monkeypatch.setattr("metrics.management.follow.find_served", set)
    done = []

    def run_here(work, until):
        rows = Candidate.objects.filter(pk__in=[each.candidate for each in work])
        add_results(list(rows), lambda row: 100.0)
        done.append(len(work))
        return []

    monkeypatch.setattr("metrics.management.follow.run_work", run_here)
    evaluation = make_night(tmp_path)
    prove()
    begin(evaluation)
    Candidate.objects.update(status="done")
    assert wait()[0] == 0
    assert done == [80]


@pytest.mark.django_db(transaction=True)
def test_pictures_are_made_by_workers_of_its_own(tmp_path, monkeypatch, settings):
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    make_night(tmp_path, prompts=1, criteria=[{"measure": "seconds", "margin": 50.0}])
    Competitor.objects.update(params={"size": 64})
    code, lines = wait()
    assert code == 3
    assert lines[-1] == "needs_humans: seconds is undecided: more prompts or samples would decide"
    assert set(Candidate.objects.values_list("status", flat=True)) == {"done"}


def test_a_challenger_is_blessed_by_its_run(tmp_path):
    evaluation = make_night(tmp_path)
    prove()
    answer(begin(evaluation), shift(0))
    wait()
    [line] = call("bless", "nightly", run=1, reason="all is well")
    assert line == "the baseline of nightly: house-v3 → house-v4"
    row = Promotion.objects.get()
    assert (row.by, row.reason, row.run.number) == ("command line", "all is well", 1)
    evaluation.refresh_from_db()
    assert evaluation.baseline.name == "house-v4"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run": 7}, "nightly has no run 7"),
        ({"run": 1}, "run 1 of nightly has come to no outcome"),
        ({"competitor": "nobody"}, "no competitor 'nobody'"),
    ],
)
def test_what_cannot_be_blessed(tmp_path, options, message):
    begin(make_night(tmp_path, prompts=1))
    with pytest.raises(CommandError, match=message):
        call("bless", "nightly", reason="why not", **options)
    assert not Promotion.objects.exists()


def test_a_promotion_is_never_changed(tmp_path, db):
    evaluation = make_night(tmp_path)
    call("bless", "nightly", competitor="house-v4", reason="better")
    assert str(evaluation.promotions.get()) == "nightly: house-v3 → house-v4"
    with pytest.raises(Exception, match="written once"):
        Promotion.objects.update(reason="another")


def test_a_token_is_for_staff_and_kept_as_a_hash_alone(db):
    make_staff("alice")
    [token] = call("add_token", "alice", name="the build")
    row = ApiToken.objects.get()
    assert (row.name, len(token) > 40, token in row.token_hash) == ("the build", True, False)
    with pytest.raises(CommandError, match="'bob' is no member of staff"):
        call("add_token", "bob")


def test_the_schedule_of_a_file_is_among_the_periodic_tasks(tmp_path, admin_client):
    make_night(tmp_path, schedule="0 3 * * *", criteria=[CRITERION])
    task = PeriodicTask.objects.get(name="regression eval nightly")
    page = admin_client.get(f"/admin/django_celery_beat/periodictask/{task.pk}/change/")
    assert page.status_code == 200
    assert b"0 3 * * *" in page.content


def test_the_back_office_shows_what_is_kept_and_changes_one_field(tmp_path, admin_client):
    evaluation = make_night(tmp_path, prompts=1)
    begin(evaluation)
    call("bless", "nightly", competitor="house-v4", reason="better")
    for model in ("run", "promotion", "notice", "regressioneval", "apitoken"):
        assert admin_client.get(f"/admin/metrics/{model}/").status_code == 200
    page = f"/admin/metrics/regressioneval/{evaluation.pk}/change/"
    assert admin_client.post(page, {"name": "other"}).status_code == 302  # unticked: not active
    evaluation.refresh_from_db()
    assert (evaluation.name, evaluation.active) == ("nightly", False)
