"""Judgments in batch jobs over the wire: sent, followed, and found again by whoever comes next."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from arenas.candidates import jobs
from arenas.candidates.jobs import LOOK, PATIENCE
from arenas.candidates.models import ServicePause
from arenas.competitors.judges import Judge
from arenas.judging import batches
from arenas.judging.batches import follow_batches, open_batch
from arenas.judging.budget import estimate_question, sum_spent
from arenas.judging.claim import release_expired, select_lane
from arenas.judging.measure import report
from arenas.judging.models import JudgingBatch, Judgment
from arenas.judging.plan import plan_judgments
from arenas.judging.settle import settle
from arenas.judging.tasks import sweep
from arenas.providers.base import Cause, ProviderError
from arenas.providers.gemini import Provider
from evalsite.standin.server import StandIn
from tests.arenas.judging.benches import (
    PRICE,
    ask,
    count_questions,
    list_jobs,
    seat_judge,
    word_prompts,
)
from tests.factories import NOW

LATER = NOW + PATIENCE


@pytest.fixture
def seat(world, service):
    """A seat whose four judgments are planned and go in batches, at half the price."""
    Judge.objects.create(
        name="looker", provider="gemini", model="gemini-2.5-flash", price={**PRICE, "batch": 0.5}
    )
    seat = seat_judge(world, in_batches=True, most=2)
    plan_judgments(seat, now=NOW)
    return seat


@pytest.fixture
def slow(seat, monkeypatch):
    """The service with jobs that are never done."""
    with StandIn(batch_looks=99) as service:
        monkeypatch.setenv("GEMINI_BASE_URL", service.url)
        yield service


def send(*seats, now=NOW):
    return batches.send_batches(seats, lambda: now)


def statuses():
    return [row.status for row in Judgment.objects.order_by("pk")]


def test_judgments_are_sent_as_one_job_and_become_votes_when_it_has_ended(seat, service):
    assert send(seat) == 1
    assert statuses() == ["running"] * 4
    assert follow_batches(LATER) == 4
    assert statuses() == ["done"] * 4
    assert settle(seat, now=LATER) == 2
    assert (len(list_jobs(service)), count_questions(service)) == (1, 4)
    assert JudgingBatch.objects.get().state == "ended"


def test_a_batch_says_what_single_calls_say(seat, service):
    send(seat)
    follow_batches(LATER)
    replies = {(row.battle_id, row.order): row.answers for row in Judgment.objects.all()}
    Judgment.objects.all().delete()
    seat.in_batches = False
    assert {(row.battle_id, row.order): row.answers for row in ask(seat)} == replies


def test_what_goes_in_batches_is_not_asked_alone(seat, service):
    assert {row.status for row in ask(seat)} == {"planned"}
    assert service.received == []


def test_a_batch_is_paid_for_at_its_share_of_the_price(seat):
    send(seat)
    follow_batches(LATER)
    judge, row = seat.judge, Judgment.objects.first()
    text = row.usage["input_text_tokens"] + row.usage["input_image_tokens"]
    full = (Decimal("0.3") * text + Decimal("2.5") * row.usage["output_text_tokens"]) / 1_000_000
    assert row.cost_usd == pytest.approx(full / 2, abs=Decimal("0.000001"))
    half = estimate_question(judge, "Which?", pictures=2, in_batch=True)
    assert half
    assert half * 2 == estimate_question(judge, "Which?", pictures=2)


def test_a_budget_holds_for_what_waits_in_batches(seat):
    seat.budget_usd = Decimal("0.0008")
    seat.save()
    assert send(seat) == 1
    waiting = statuses().count("running")
    assert 0 < waiting < 4
    assert 0 < sum_spent(seat) <= seat.budget_usd
    assert send(seat) == 0


def test_the_same_question_is_not_sent_twice(seat, service):
    Judge.objects.create(
        name="again", provider="gemini", model="gemini-2.5-flash", price=seat.judge.price
    )
    again = seat_judge(seat.arena, name="again", in_batches=True, most=2)
    plan_judgments(again, now=NOW)
    assert send(seat, again) == 1
    assert not select_lane(again, NOW, for_batch=True).exists()  # it waits for the others' replies
    follow_batches(LATER)
    assert send(again, now=LATER) == 0
    copies = Judgment.objects.filter(judge=again.judge)
    assert {(row.status, row.cost_usd) for row in copies} == {("done", Decimal(0))}
    assert count_questions(service) == 4


def test_each_judgment_has_an_end_of_its_own_and_tries_again_alone(seat, service):
    word_prompts("[fault:wrong_json:1] [fault:truncated_json:1] [fault:withheld:1]")
    plan_judgments(seat, now=NOW, most=4)
    send(seat)
    assert follow_batches(LATER) == 8
    rows = Judgment.objects.all()
    refused = rows.filter(status="refused")
    assert refused.exists()
    assert report(seat).parse_failures >= 1
    again = rows.filter(status="planned")
    assert {row.alone for row in again} == {True}
    assert {kind for row in again for kind in row.tries} == {"malformed", "passing"}
    assert all(row.cost_usd > 0 for row in rows)
    ended = ask(seat, rounds=4, clock=lambda: LATER)
    assert {row.status for row in ended} == {"done", "refused"}
    assert len(list_jobs(service)) == 1


def test_a_try_alone_costs_the_full_price(seat):
    word_prompts("[fault:wrong_json:8]")
    send(seat)
    follow_batches(LATER)
    row = Judgment.objects.first()
    before = row.cost_usd
    ask(seat, rounds=2, clock=lambda: LATER)
    row.refresh_from_db()
    assert row.attempts == 2
    assert row.cost_usd - before == pytest.approx(2 * before, abs=Decimal("0.000002"))


def test_a_sender_that_died_after_sending_is_followed_by_another(seat, service, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "note_sent", lambda *_, **__: True)
        send(seat)
    assert JudgingBatch.objects.get().job == ""
    assert follow_batches(LATER) == 4
    assert (statuses(), count_questions(service)) == (["done"] * 4, 4)


def test_a_sender_that_died_before_sending_gives_its_judgments_back(seat, service):
    open_batch(seat, now=NOW)
    assert follow_batches(LATER) == 0
    assert statuses() == ["planned"] * 4
    assert send(seat, now=LATER) == 1
    assert follow_batches(LATER + LOOK) == 4
    assert count_questions(service) == 4


def test_who_dies_while_it_stores_leaves_the_rest_to_another(seat, service, monkeypatch):
    send(seat)
    keep = batches.keep
    kept: list[Judgment] = []

    def die_after_three(row, end, **others):
        if len(kept) == 3:
            raise MemoryError
        kept.append(row)
        keep(row, end, **others)

    with monkeypatch.context() as patched:
        patched.setattr(batches, "keep", die_after_three)
        assert follow_batches(LATER) == 0
    assert statuses().count("done") == 3
    assert follow_batches(LATER) == 0  # the dead one's time has not run out
    assert follow_batches(LATER + timedelta(hours=1)) == 1
    assert {(row.status, row.attempts) for row in Judgment.objects.all()} == {("done", 1)}
    assert count_questions(service) == 4


def test_the_lease_of_a_batch_outlives_a_process(seat):
    send(seat)
    assert release_expired(NOW + timedelta(hours=48)) == 0


def test_a_job_that_failed_goes_into_another_batch_and_after_three_alone(seat, monkeypatch):
    submit = Provider.submit_questions

    async def ask_for_failure(provider, asked, *, name):
        return await submit(provider, asked, name=f"{name} [fault:batch_failed]")

    monkeypatch.setattr(Provider, "submit_questions", ask_for_failure)
    now = NOW
    for _ in range(3):
        assert send(seat, now=now) == 1
        now += LOOK
        follow_batches(now)
    assert {(row.status, row.alone) for row in Judgment.objects.all()} == {("planned", True)}
    assert "failed" in JudgingBatch.objects.first().reason


def test_what_no_batch_takes_goes_alone(seat):
    seat.judge.params = {"enterprise": True}
    seat.judge.save()
    assert send(seat) == 1
    assert {(row.status, row.alone) for row in Judgment.objects.all()} == {("planned", True)}
    assert "Developer API only" in Judgment.objects.first().reason


@pytest.mark.parametrize("cause", [Cause.KEY, Cause.BUSY])
def test_a_service_that_is_closed_or_full_makes_nothing_dearer(seat, monkeypatch, cause):
    async def refuse(*_, **__):
        raise ProviderError("not now", cause=cause)

    monkeypatch.setattr(Provider, "submit_questions", refuse)
    now = NOW
    for _ in range(4):
        assert send(seat, now=now) == 1
        now += timedelta(hours=1)
    assert ServicePause.objects.exists() == (cause is Cause.KEY)
    assert {(row.status, row.alone) for row in Judgment.objects.all()} == {("planned", False)}


def test_a_picture_that_cannot_be_read_fails_by_itself(seat, settings):
    plan_judgments(seat, now=NOW, most=4)
    opened = open_batch(seat, now=NOW)
    assert opened
    (settings.MEDIA_ROOT / opened[1][0].showing.pictures[0].path).unlink()
    batches.send(*opened, now=NOW)
    follow_batches(LATER)
    assert set(statuses()) == {"failed", "done"}
    assert "cannot be read" in Judgment.objects.filter(status="failed").first().reason


def test_a_judge_that_leaves_has_its_jobs_cancelled_and_its_questions_dropped(seat, slow):
    send(seat)
    seat.left_at = NOW
    seat.save()
    follow_batches(LATER)
    assert any(each.path.endswith(":cancel") for each in slow.received)
    follow_batches(LATER + LOOK)
    assert JudgingBatch.objects.get().state == "ended"
    assert {(row.status, row.attempts) for row in Judgment.objects.all()} == {("planned", 0)}
    sweep()
    assert not Judgment.objects.exists()


def test_replies_that_were_made_before_the_judge_left_are_kept(seat):
    send(seat)
    seat.left_at = NOW
    seat.save()
    assert follow_batches(LATER) == 4
    assert statuses() == ["done"] * 4


def test_many_judgments_become_jobs_of_a_limited_size(seat, monkeypatch):
    monkeypatch.setattr(batches, "MOST", 3)
    assert send(seat) == 2
    assert follow_batches(LATER) == 4


def test_the_sweep_has_batches_sent_and_followed(seat, monkeypatch):
    asked = []
    for name in ("ask", "send_batches", "follow_batches"):
        task = f"arenas.judging.tasks.{name}.apply_async"
        monkeypatch.setattr(task, lambda *_, name=name, **__: asked.append(name))
    assert sweep() == 4
    send(seat, now=timezone.now() - PATIENCE)
    sweep()
    assert asked == ["send_batches", "follow_batches"]
