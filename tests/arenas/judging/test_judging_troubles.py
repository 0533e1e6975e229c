"""One judge's trouble is its own, and what people take back by a flag counts no more."""

import random
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from arenas.battles.models import Battle
from arenas.candidates.limit import get_limiter
from arenas.definitions.models import Arena
from arenas.judging.ask import Asker
from arenas.judging.claim import claim
from arenas.judging.measure import report
from arenas.judging.models import Judgment
from arenas.judging.plan import plan_judgments, select_voted
from arenas.judging.show import show
from arenas.judging.tasks import sweep
from arenas.votes.flag import raise_flag
from tests.arenas.judging.benches import ask, seat_judge
from tests.factories import NOW, answer, hold, make_rater


@pytest.fixture
def seat(world, service):
    return seat_judge(world)


def test_a_judge_that_cannot_be_made_holds_up_no_other(seat, caplog):
    bad = seat_judge(seat.arena, name="bad", provider="gone", model="x")
    for each in (bad, seat):
        plan_judgments(each, now=NOW)
    Asker([bad, seat], get_limiter(settings.REDIS_URL), timezone.now, random.Random(1)).run(20)
    assert Judgment.objects.filter(judge=seat.judge, status="done").count() == 8
    assert "bad in " in caplog.text


def test_a_picture_that_cannot_be_shown_fails_its_judgment_alone(seat, monkeypatch):
    plan_judgments(seat, now=NOW)
    lost = Judgment.objects.first()

    def show_others(row):
        if row == lost:
            raise FileNotFoundError("gone.webp")
        return show(row)

    monkeypatch.setattr("arenas.judging.claim.show", show_others)
    now = timezone.now()
    jobs = claim(
        seat, limit=16, lease=uuid.uuid4(), until=now + timedelta(seconds=10), now=now,
        limiter=get_limiter(settings.REDIS_URL),
    )  # fmt: skip
    assert len(jobs) == 7
    lost.refresh_from_db()
    assert (lost.status, lost.reason) == ("failed", "a picture cannot be read: gone.webp")


def test_one_judges_trouble_stops_no_sweep(seat, monkeypatch, caplog):
    bad = seat_judge(seat.arena, name="bad", budget_usd=1)
    settled = []

    def settle_others(each, *, now):
        if each == bad:
            raise OSError("no disk")
        settled.append(each)

    monkeypatch.setattr("arenas.judging.tasks.settle", settle_others)
    later = seat_judge(seat.arena, name="later")
    sweep()
    assert settled == [seat, later]
    assert "no disk" in caplog.text


@pytest.mark.parametrize("subject", ["vote", "rater", "battle"])
def test_flagged_votes_count_neither_for_planning_nor_agreement(world, service, subject):
    rater = make_rater()
    vote = answer(world, rater, hold(world, rater)[0])
    seat = seat_judge(world, most=9)
    ask(seat)
    assert (report(seat).agreement.votes, select_voted(world).count()) == (1, 1)
    subjects = {"vote": vote, "rater": rater, "battle": Battle.objects.get(ballots=vote.ballot)}
    raise_flag(subjects[subject], rule="manual", reason="x", by="staff", now=NOW)
    assert (report(seat).agreement.votes, select_voted(world).count()) == (0, 0)


def test_a_rater_flagged_in_another_arena_counts_here(world, service):
    rater = make_rater()
    answer(world, rater, hold(world, rater)[0])
    other = Arena.objects.create(
        slug="other", title="Other", suite_version=world.suite_version, profile=world.profile
    )
    raise_flag(rater, rule="manual", reason="x", by="staff", now=NOW, arena=other)
    assert select_voted(world).count() == 1
