"""Regression evals over the API, as a program sees them."""

import pytest
from django.test import Client
from django.utils import timezone

from arenas.competitors.models import Competitor
from metrics.api.models import ApiToken
from metrics.api.tokens import create_token
from metrics.regressions.models import Run
from tests.factories import make_staff
from tests.metrics.regressions.nights import answer, begin, make_night, prove, settle, shift

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
RUNS = "/api/v1/regressions/nightly/runs"


@pytest.fixture
def program():
    """A client with a token and without a session, that cross-site requests are refused to."""
    token = create_token(make_staff("alice"), name="the build", now=timezone.now())
    return Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {token}"})


def post(client, **body):
    return client.post(RUNS, body, content_type="application/json")


def test_a_run_is_started_by_token(tmp_path, program):
    make_night(tmp_path)
    answer = program.generic("POST", RUNS)
    assert answer.status_code == 202
    told = answer.json()
    assert (told["number"], told["state"], told["outcome"]) == (1, "planned", None)
    assert told["address"].startswith("http")
    run = Run.objects.get()
    assert (run.trigger, run.started_by) == ("api", "alice")
    assert post(program).json()["number"] == 1  # it is not finished: it goes on


def test_a_challenger_can_be_named_and_must_exist(tmp_path, program):
    make_night(tmp_path)
    Competitor.objects.create(name="house-v5")
    assert post(program, challenger="house-v5").json()["challenger"] == "house-v5"
    answer = post(program, challenger="nobody")
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no competitor 'nobody'")


def test_a_refusal_says_why(tmp_path, program):
    make_night(tmp_path)
    Competitor.objects.filter(name="house-v4").update(trained_on=["small"])
    answer = post(program)
    assert answer.status_code == 409
    assert "trained on an export of suite small" in answer.json()["detail"]


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Bearer "])
def test_nobody_gets_in_without_a_token(tmp_path, header):
    make_night(tmp_path)
    client = Client(enforce_csrf_checks=True, headers={"authorization": header} if header else {})
    assert post(client).status_code == 401
    assert client.get(RUNS + "/1").status_code == 401
    assert not Run.objects.exists()


def test_a_token_that_was_taken_back_holds_no_more(tmp_path, program):
    make_night(tmp_path)
    ApiToken.objects.update(revoked_at=timezone.now())
    assert post(program).status_code == 401


def test_a_token_ends_with_its_owner_s_place_among_the_staff(tmp_path, program):
    make_night(tmp_path)
    token = ApiToken.objects.get()
    token.user.is_staff = False
    token.user.save()
    assert post(program).status_code == 401


def test_a_session_without_the_form_s_secret_starts_nothing(tmp_path):
    make_night(tmp_path)
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_staff("bob"))
    assert post(client).status_code == 403
    assert not Run.objects.exists()


def test_evals_and_runs_are_listed_and_the_report_is_told(tmp_path, program):
    evaluation = make_night(tmp_path, schedule="0 3 * * *")
    prove()
    run = begin(evaluation)
    answer(run, shift(-60))
    run = settle(run)
    [listed] = program.get("/api/v1/regressions").json()
    assert (listed["name"], listed["outcome"], listed["schedule"]) == (
        "nightly", "fail", "0 3 * * *",
    )  # fmt: skip
    told = program.get("/api/v1/regressions/nightly").json()
    assert [each["number"] for each in told["runs"]] == [1]
    detail = program.get(f"{RUNS}/1").json()
    assert detail["report"] == run.report
    assert detail["report"]["criteria"][0]["result"] == "failed"
    assert program.get(f"{RUNS}/2").status_code == 404
