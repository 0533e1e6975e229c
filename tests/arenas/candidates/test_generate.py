from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from arenas.candidates import store
from arenas.candidates.claim import claim, release_expired
from arenas.candidates.generate import make_jobs, make_request
from arenas.candidates.models import Attempt, Candidate, Part
from arenas.candidates.retry import TRIES
from arenas.candidates.store import store_outcome
from arenas.images.models import Image, Rendition
from arenas.providers.base import Cause, ImagePart, Outcome, Status
from tests.factories import NOW, png

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


def test_a_picture_is_stored_shown_and_paid_for(plan, run):
    [candidate] = run(plan("draws"))
    assert (candidate.status, candidate.cost_usd) == ("done", Decimal("0.04"))
    assert candidate.parts.get().image == Image.objects.get()
    assert Rendition.objects.count() == 1
    assert (candidate.lease, candidate.lease_until) == (None, None)


def test_a_done_attempt_says_when_it_ended_and_what_it_cost(plan, run):
    run(plan("draws"))
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.outcome, attempt.cost_usd) == (1, "done", Decimal("0.04"))
    assert attempt.ended_at is not None


def test_text_and_pictures_are_kept_in_order_thoughts_included(plan, run):
    run(plan("interleaves"))
    parts = Part.objects.values_list("turn", "position", "text", "thought")
    assert [part for part in parts if part[2]] == [
        (0, 0, "First I sketch.", True),
        (0, 2, "Here it is:", False),
        (1, 4, "And by night:", False),
    ]
    assert Part.objects.exclude(image=None).count() == 3


@pytest.mark.parametrize(
    ("model", "status", "reason"),
    [
        ("refuses", "refused_prompt", "Not this."),
        ("withholds", "refused_output", "Withheld."),
        ("writes", "no_image", "the answer holds no image"),
        ("thinks", "no_image", "the answer holds no image"),
        ("is gone", "failed", "no such model"),
        ("is faulty", "failed", "KeyError: 'candidates'"),
    ],
)
def test_an_answer_without_a_picture_is_an_outcome_with_its_reason(
    plan, run, model, status, reason
):
    [candidate] = run(plan(model))
    assert candidate.status == status
    assert candidate.reason.startswith(reason)
    assert candidate.finished_at is not None
    assert candidate.attempts.get().outcome == status


def test_the_services_own_word_for_a_refusal_is_kept(plan, run):
    run(plan("refuses"))
    assert Attempt.objects.get().raw_reason == "SAFETY"


def test_the_text_of_a_refusal_is_kept(plan, run):
    run(plan("withholds"))
    assert Part.objects.get().text == "No."


def test_another_answer_is_asked_for_where_a_picture_is_damaged(plan, run):
    [candidate] = run(plan("breaks off"))
    assert candidate.status == "planned"
    assert candidate.reason.startswith("unusable image: the image is damaged")
    assert not Part.objects.exists()


def test_pictures_that_stay_damaged_make_a_malformed_answer(plan, run):
    planned = plan("breaks off")
    for _ in range(TRIES[Status.MALFORMED]):
        Candidate.objects.update(not_before=None)
        [candidate] = run(planned)
    assert candidate.status == "malformed"
    assert [attempt.outcome for attempt in candidate.attempts.all()] == ["malformed"] * 3
    assert not Part.objects.exists()


def test_a_picture_that_is_none_is_refused_without_asking_again(plan, run):
    [candidate] = run(plan("draws a GIF"))
    assert candidate.status == "malformed"
    assert candidate.reason == "unusable image: not a PNG, JPEG or WebP image"
    assert not Image.objects.exists()


def test_an_error_that_may_pass_is_tried_again_after_the_wait_that_was_asked_for(plan, run):
    before = timezone.now()
    [candidate] = run(plan("is busy"))
    assert (candidate.status, candidate.lease, candidate.reason) == ("planned", None, "busy")
    assert timedelta(seconds=7) <= candidate.not_before - before < timedelta(seconds=10)


def test_without_a_wish_each_wait_is_twice_the_last(plan, run):
    planned, waits = plan("is overloaded"), []
    for _ in range(TRIES[Cause.PASSING] - 1):
        [candidate] = run(planned)
        waits.append((candidate.not_before - candidate.attempts.last().ended_at).total_seconds())
        Candidate.objects.update(not_before=None)
    assert waits == [pytest.approx(2, rel=0.25), pytest.approx(4, rel=0.25)]


def test_an_error_that_does_not_pass_is_given_up_after_some_tries(plan, run):
    planned = plan("is overloaded")
    for _ in range(TRIES[Cause.PASSING]):
        Candidate.objects.update(not_before=None)
        [candidate] = run(planned)
    assert (candidate.status, candidate.reason) == ("failed", "overloaded")
    assert candidate.attempts.count() == TRIES[Cause.PASSING]


def test_an_answer_that_the_database_does_not_take_fails_its_candidate_alone(
    plan, run, monkeypatch
):
    planned = plan("draws", prompts=3)
    describe = store.describe

    def refuse_one(candidate, *args):
        if candidate.pk == planned[1].pk:
            raise ValueError("what no table takes")
        describe(candidate, *args)

    monkeypatch.setattr(store, "describe", refuse_one)
    rows = run(planned)
    assert [candidate.status for candidate in rows] == ["done", "planned", "done"]
    assert rows[1].reason == "the answer could not be stored: what no table takes"


def test_characters_that_the_database_does_not_take_cost_no_picture(plan, run):
    [candidate] = run(plan("writes zeros"))
    assert candidate.status == "done"
    assert [part.text for part in candidate.parts.filter(image=None)] == ["�"]


def test_an_answer_that_comes_after_its_lease_is_taken_where_nobody_has_begun_anew(plan):
    [planned] = plan("draws")
    [late] = claim([planned.pk], now=NOW, lease=LEASE)
    release_expired(NOW + timedelta(minutes=1))
    store_outcome(late, Outcome(Status.DONE, (image("red"),)), seconds=90, now=NOW)
    assert Candidate.objects.get().status == "received"


def test_a_setting_that_the_provider_no_longer_takes_fails_and_says_why(plan, run):
    [candidate] = run(plan("draws", provider="procedural", params={"size": 3}))
    assert candidate.status == "failed"
    assert "size must be" in candidate.reason


def test_a_provider_that_is_gone_fails_and_says_so(plan, run):
    [candidate] = run(plan("draws", provider="clay"))
    assert candidate.status == "failed"
    assert "unknown provider 'clay'" in candidate.reason


def test_the_same_slot_is_always_asked_with_the_same_seed(plan):
    planned = plan("draws", prompts=2)
    seeds = [make_request(candidate).seed for candidate in planned]
    assert seeds == [make_request(candidate).seed for candidate in planned]
    assert len(set(seeds)) == 2


def test_who_has_lost_the_lease_writes_nothing(plan):
    [planned] = plan("draws")
    [late] = claim([planned.pk], now=NOW, lease=LEASE)
    later = NOW + timedelta(minutes=1)
    release_expired(later)
    [second] = claim([planned.pk], now=later, lease=LEASE)
    store_outcome(second, Outcome(Status.DONE, (image("red"),)), seconds=1, now=later)
    store_outcome(late, Outcome(Status.REFUSED_PROMPT, reason="late"), seconds=90, now=later)
    assert Candidate.objects.get().status == "received"
    assert Part.objects.count() == 1
    assert [attempt.outcome for attempt in Attempt.objects.order_by("number")] == ["", "done"]


def image(color):
    return ImagePart(png(color), "image/png")


def test_leases_are_kept_alive_while_answers_trickle_in(plan, pump):
    planned = plan("draws", samples=5, params={"delay": 0.3})
    pump.lease = timedelta(seconds=0.6)
    alive = []

    def count(_):
        alive.append(Candidate.objects.filter(lease_until__gt=timezone.now()).count())

    pump.received = count
    pump.stopping.set()
    claimed = claim([row.pk for row in planned], now=timezone.now(), lease=pump.lease)
    for job in make_jobs(claimed):
        pump.start(job)
    pump.run(0)
    assert alive == [4, 3, 2, 1, 0]


def test_a_lost_reference_puts_its_candidate_back_alone(plan, run):
    planned = plan("draws", prompts=3)
    lost = Image(sha256="0" * 64, mime="image/png", width=8, height=8, size=8)
    lost.save()
    planned[0].prompt.references.create(position=0, key="sea", role="source", image=lost)
    statuses = [candidate.status for candidate in run(planned)]
    assert statuses == ["planned", "done", "done"]
