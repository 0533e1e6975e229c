"""The check `edits`, and how a check reaches a judge: over the wire, the SDK unmodified."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from PIL import Image

from arenas.candidates.models import ServicePause
from arenas.images.store import store_image
from arenas.judging import inquire
from arenas.judging.budget import sum_spent
from arenas.judging.claim import find_scope
from arenas.judging.inquire import NotNow, Question
from arenas.judging.models import Inquiry
from arenas.providers.base import Expectation
from arenas.suites.models import Prompt, PromptReference
from metrics.checks.base import CannotAsk, PromptFacts, ReferencePicture, Subject
from metrics.checks.edits import Check
from metrics.results.asking import make_check
from metrics.results.models import CheckResult
from metrics.results.run import find_missing, run_check
from tests.arenas.judging.benches import seat_judge
from tests.factories import png

PICTURE = Image.new("RGB", (40, 30), "teal")
EDITS = ("add a hat", "remove the car")
FACTS = PromptFacts("p", "edit", "Edit it.", frozenset({"source"}), Expectation(edits=EDITS))


SOURCE = ReferencePicture("s", "source", PICTURE)


def measure(*replies, images=(PICTURE,), references=(SOURCE,)):
    left = list(replies)

    def ask(images, question, schema):
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return {"evidence": "seen", "state": reply}

    subject = Subject(FACTS, references, images, ask if replies else None)
    return Check().measure(subject)


def test_shares_are_of_the_edits_that_were_answered():
    finding = measure("done", "made worse")
    assert finding.values == {
        "done": 0.5, "partly": 0.0, "not_done": 0.0, "unwanted": 0.5, "unanswered": 0.0,
    }  # fmt: skip
    assert [box.label for box in finding.boxes] == ["edit 1 done: seen", "edit 2 made worse: seen"]


def test_an_edit_without_a_reply_is_counted_and_no_zero():
    finding = measure(CannotAsk("refused"), "done")
    assert (finding.values["done"], finding.values["unanswered"]) == (1.0, 0.5)


def test_without_any_reply_nothing_is_measured():
    finding = measure(CannotAsk("refused"), CannotAsk("refused"))
    assert "edit 1: refused" in finding.not_measurable


def test_without_a_judge_it_says_so():
    assert measure().not_measurable == "no judging model is configured"


def test_without_a_source_it_says_so():
    assert "before the edits" in measure("done", "done", references=()).not_measurable


def test_it_is_about_prompts_with_edits_alone():
    assert Check().applies(FACTS)
    assert not Check().applies(PromptFacts("p", "plain", "Draw."))


@pytest.fixture
def edited(world, service):
    """The arena with one prompt that asks for two edits of a source, and its three candidates."""
    prompt = world.prompts().first()
    image = store_image(png("white"))
    PromptReference.objects.create(prompt=prompt, position=0, key="s", role="source", image=image)
    Prompt.objects.filter(pk=prompt.pk).update(expect={"edits": list(EDITS)})
    world.checks = ["edits"]
    world.save()
    return world


def run(arena):
    run_check("edits", find_missing(arena, "edits"))
    return list(CheckResult.objects.filter(check_name="edits").order_by("pk"))


def test_without_a_seat_the_results_say_so(edited):
    results = run(edited)
    assert [r.not_measurable for r in results] == ["no judging model is configured"] * 3


def test_a_judge_with_a_seat_is_asked_edit_by_edit(edited, service):
    seat = seat_judge(edited, checks=["edits"], budget_usd=1)
    results = run(edited)
    assert len(service.received) == 3 * len(EDITS)
    for result in results:
        assert set(result.values) == {"done", "partly", "not_done", "unwanted", "unanswered"}
        assert sum(result.values[n] for n in ("done", "partly", "not_done", "unwanted")) == 1
        assert result.cost_usd > 0
        assert len(result.evidence) == len(EDITS)
        assert result.version == f"1+{seat.judge.digest[:8]}"
    assert find_missing(edited, "edits") == []


def test_another_judge_measures_anew_and_a_seat_makes_up_for_none(edited):
    run(edited)
    seat_judge(edited, checks=["edits"], budget_usd=1)
    assert len(find_missing(edited, "edits")) == 3
    assert make_check("edits").version.startswith("1+")


def test_the_same_question_is_not_paid_for_twice(edited, service):
    seat_judge(edited, checks=["edits"], budget_usd=1)
    run(edited)
    calls = len(service.received)
    CheckResult.objects.all().delete()
    run(edited)
    assert len(service.received) == calls
    assert Inquiry.objects.count() == calls


def test_replies_of_another_form_are_unanswered(edited, monkeypatch):
    monkeypatch.setattr(inquire, "sleep", lambda seconds: None)
    Prompt.objects.filter(references__key="s").update(
        expect={"edits": ["add a hat", "remove the car [fault:wrong_json]"]}
    )
    seat_judge(edited, checks=["edits"], budget_usd=1)
    results = run(edited)
    assert [result.not_measurable for result in results] == [""] * 3
    assert {result.values["unanswered"] for result in results} == {0.5}


def test_a_spent_budget_is_the_checks_own_trouble(edited):
    seat_judge(edited, checks=["edits"], budget_usd="0.000001")
    [first, *_] = run(edited)
    assert first.not_measurable == "the check could not ask: the budget of looker is spent"


def test_a_paid_judge_without_a_budget_is_never_asked(edited, service):
    seat_judge(edited, checks=["edits"])
    [first, *_] = run(edited)
    assert first.not_measurable == (
        "the check could not ask: looker costs money and has no budget_usd"
    )
    assert not service.received


def test_while_a_judge_is_closed_nothing_is_stored(edited, service):
    seat = seat_judge(edited, checks=["edits"], budget_usd=1)
    until = timezone.now() + timedelta(minutes=1)
    ServicePause.objects.create(
        scope=str(find_scope(seat.judge)), cause="busy", since=timezone.now(), until=until
    )
    assert run(edited) == []
    assert not service.received


def test_a_service_that_closes_midway_leaves_the_check_missing(edited, service, monkeypatch):
    monkeypatch.setattr(inquire, "sleep", lambda seconds: None)
    Prompt.objects.filter(references__key="s").update(
        expect={"edits": ["add a hat [fault:unauthorized]", "remove the car"]}
    )
    seat_judge(edited, checks=["edits"], budget_usd=1)
    assert run(edited) == []
    assert len(service.received) == 1


@pytest.fixture
def reserved(edited):
    """A seat, its question, and the row of a call under way."""
    seat = seat_judge(edited, checks=["edits"], budget_usd=1)
    question = Question([], "Is it?", {"type": "object"})
    row, _ = inquire.reserve(seat, "edits", question, now=timezone.now())
    return seat, question, row


def test_a_question_under_way_counts_with_its_estimate(reserved):
    seat, _, row = reserved
    assert sum_spent(seat) == row.estimate_usd > 0


def test_a_question_under_way_is_not_put_twice(reserved):
    seat, question, _ = reserved
    with pytest.raises(NotNow, match="being asked already"):
        inquire.reserve(seat, "edits", question, now=timezone.now())


def test_what_a_lost_call_may_have_cost_still_counts_when_it_is_put_again(reserved):
    seat, question, row = reserved
    later = timezone.now() + timedelta(days=1)
    again, _ = inquire.reserve(seat, "edits", question, now=later)
    assert (again.pk, again.attempts, again.cost_usd) == (row.pk, 1, row.estimate_usd)
    assert sum_spent(seat) == 2 * row.estimate_usd


def test_calls_under_way_use_the_budget_up(reserved):
    seat, _, row = reserved
    seat.budget_usd = row.estimate_usd * Decimal("1.5")
    with pytest.raises(inquire.Hindered, match="is spent"):
        inquire.reserve(seat, "edits", Question([], "Is it now?", {}), now=timezone.now())
