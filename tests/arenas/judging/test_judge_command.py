"""`manage.py judge`, the page of judges, and what boards and exports make of judge votes."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from arenas.candidates import jobs
from arenas.competitors.models import Competitor
from arenas.exports.tables import export_votes
from arenas.judging.batches import send_batches
from arenas.judging.models import Judgment
from arenas.judging.plan import plan_judgments
from arenas.judging.tasks import sweep
from arenas.raters.models import RaterKind
from arenas.votes.count import seal_and_fold
from arenas.votes.models import Vote
from metrics.leaderboards.models import Snapshot
from metrics.leaderboards.refresh import refresh_arena
from tests.arenas.judging.benches import ask, count_questions, list_jobs, seat_judge, word_prompts
from tests.factories import NOW, answer, hold, make_rater

PAGE = "/workbench/arenas/small/judges/"


@pytest.fixture
def free(world):
    """A seat of the judge that costs nothing."""
    return seat_judge(world, provider="procedural", model="", name="rules")


def run(*arguments):
    said = io.StringIO()
    call_command("judge", "small", *arguments, stdout=said, stderr=said)
    return said.getvalue()


def test_waiting_ends_with_all_votes(free):
    said = run("--wait")
    assert "rules: 4 battles planned" in said
    assert "rules: 8 done; $0.0000" in said
    assert Vote.objects.filter(source="judge").count() == 4


def test_a_number_of_battles_stands_in_for_the_file(free):
    assert "2 battles planned" in run("--wait", "--most", "2")
    assert Vote.objects.count() == 2


def test_some_that_failed_are_exit_1(world, service):
    seat_judge(world)
    word_prompts("[fault:bad_request]")
    with pytest.raises(SystemExit) as ended:
        run("--wait")
    assert ended.value.code == 1
    assert {row.status for row in Judgment.objects.all()} == {"failed"}


def test_a_spent_budget_is_said_and_exit_1(world, service, capsys):
    seat_judge(world)
    with pytest.raises(SystemExit) as ended:
        run("--wait", "--budget", "0.0018")
    assert ended.value.code == 1
    assert Judgment.objects.filter(status="planned").exists()
    assert Judgment.objects.filter(status="done").exists()


def test_without_a_key_nothing_is_called(world, service, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    seat_judge(world)
    with pytest.raises(CommandError, match="GEMINI_API_KEY is not set"):
        run("--wait")
    assert not Judgment.objects.exists()


def test_an_unknown_judge_is_an_error_with_the_known_ones(free):
    with pytest.raises(CommandError, match=r"no judge 'nobody' \(rules\)"):
        run("--judge", "nobody")


def test_an_arena_without_judges_says_so(world):
    with pytest.raises(CommandError, match="its file names no judges"):
        run()


def test_the_sweep_starts_what_is_free_and_not_what_costs(free, world, service):
    seat_judge(world)
    sweep()
    assert {row.judge.name for row in Judgment.objects.all()} == {"rules"}


def test_peoples_boards_hold_no_judge_votes(free, world):
    rater = make_rater()
    answer(world, rater, hold(world, rater)[0])
    ask(free)
    seal_and_fold(NOW)
    refresh_arena(world)
    snapshot = Snapshot.objects.filter(leaderboard__category="").latest("pk")
    assert RaterKind.JUDGE not in snapshot.leaderboard.rater_kinds
    assert snapshot.votes == 1


def test_an_export_says_that_they_are_a_judges(free, world):
    ask(free)
    table = export_votes(world)
    assert set(table["source"]) == {"judge"}
    assert set(table["rater_kind"]) == {"judge"}


def test_the_page_says_what_a_judge_did(free, staff_client):
    ask(free)
    page = staff_client.get(PAGE).content.decode()
    assert "8 of 8 questions asked" in page
    assert "Prefers the first" in page
    assert "free" in page


def test_the_page_warns_of_kin(free, world, staff_client):
    Competitor.objects.filter(name="bee").update(family="procedural")
    page = staff_client.get(PAGE).content.decode()
    assert "Of the same family" in page
    assert "bee" in page


def test_an_arena_without_judges_has_a_page_that_helps(world, staff_client):
    page = staff_client.get(PAGE).content.decode()
    assert "No judge has a seat here" in page
    assert "judges:" in page


def test_the_page_shows_troubles_to_staff_alone(world, service, staff_client, client):
    seat = seat_judge(world)
    word_prompts("[fault:withheld]")
    ask(seat)
    assert "withheld the answer" in staff_client.get(PAGE).content.decode()
    assert client.get(PAGE).status_code in (302, 403)


def test_the_command_sends_and_follows_batches_until_all_is_said(world, service, monkeypatch):
    monkeypatch.setattr(jobs, "LOOK", timedelta())
    seat = seat_judge(world, most=2)
    said = run("--wait", "--batch")
    assert "looker: 2 battles planned, asked in batches" in said
    assert "looker: 4 done" in said
    assert (len(list_jobs(service)), count_questions(service)) == (1, 4)
    assert Vote.objects.filter(source="judge").count() == 2
    seat.refresh_from_db()
    assert seat.in_batches


def test_the_command_and_the_page_say_what_waits(world, service, staff_client):
    seat = seat_judge(world, most=1, in_batches=True)
    plan_judgments(seat, now=NOW)
    send_batches([seat], timezone.now)
    assert "looker: 2 questions in 1 batch job, sent since" in run()
    assert "2 questions in 1 batch job" in staff_client.get(PAGE).content.decode()


def test_batches_can_be_given_up_for_what_was_not_sent(world, service):
    seat_judge(world, most=1, in_batches=True)
    run("--wait", "--no-batch")
    assert (list_jobs(service), count_questions(service)) == ([], 2)


def test_a_judge_whose_service_takes_no_batches_says_so(world):
    seat_judge(world, provider="procedural", model="", name="rules")
    with pytest.raises(CommandError, match="rules: procedural takes no batches"):
        run("--batch")
    assert not Judgment.objects.exists()
