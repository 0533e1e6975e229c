"""From planned judgments to votes, over the wire: the SDK is the real one."""

import random
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from arenas.battles.models import Battle
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import ServicePause
from arenas.competitors.judges import Judge
from arenas.definitions.models import Question
from arenas.judging.ask import Asker, store
from arenas.judging.budget import sum_spent
from arenas.judging.claim import claim, release_expired
from arenas.judging.measure import report
from arenas.judging.models import Judgment, JudgmentStatus
from arenas.judging.plan import plan_judgments
from arenas.judging.settle import settle
from arenas.providers.base import Answer
from arenas.raters.models import Rater, RaterKind
from arenas.votes.models import Vote
from tests.arenas.judging.benches import ask, seat_judge, word_prompts
from tests.factories import NOW, answer, hold, make_rater

Status = JudgmentStatus


@pytest.fixture
def seat(world, service):
    return seat_judge(world)


def take(seat, limit=16, now=None):
    now = now or timezone.now()
    limiter = get_limiter(settings.REDIS_URL)
    return claim(
        seat, limit=limit, lease=uuid.uuid4(), until=now + timedelta(seconds=10), now=now,
        limiter=limiter,
    )  # fmt: skip


def test_each_battle_is_asked_in_both_orders_and_becomes_one_vote(seat, service):
    rows = ask(seat)
    assert [(row.status, row.order) for row in rows] == [("done", 0), ("done", 1)] * 4
    assert len(service.received) == 8
    votes = list(Vote.objects.all())
    assert len(votes) == 4
    assert {(v.source, v.rater_kind, v.ballot) for v in votes} == {("judge", "judge", None)}
    assert {v.winner for v in votes} <= {"model_a", "model_b"}  # who looks agrees with itself


def test_the_vote_is_for_whom_both_orders_mean(seat):
    rows = ask(seat)
    for first, second in zip(rows[::2], rows[1::2], strict=True):
        assert {first.answers["overall"], second.answers["overall"]} == {"A", "B"}
        meant = first.battle.first if first.answers["overall"] == "A" else first.battle.second
        shown = [first.battle.first, first.battle.second]
        vote = Vote.objects.get(candidate_a__in=shown, candidate_b__in=shown)
        won = vote.candidate_a if vote.winner == "model_a" else vote.candidate_b
        assert won == meant


def test_orders_that_disagree_are_a_tie_and_count_as_bias(seat):
    word_prompts("[fault:first_slot]")
    ask(seat)
    assert {vote.winner for vote in Vote.objects.all()} == {"tie"}
    [bias] = [each for each in report(seat).biases if each.aspect == "overall"]
    assert (bias.first.share, bias.disagreed.share) == (1.0, 1.0)
    assert bias.first.clusters == 4


def test_who_looks_has_no_bias(seat):
    ask(seat)
    [bias] = [each for each in report(seat).biases if each.aspect == "overall"]
    assert (bias.first.share, bias.disagreed.share) == (0.5, 0.0)


def test_a_judge_is_told_nothing_of_who_made_what(seat, service):
    ask(seat)
    for request in service.received:
        said = str(request.body) + str(dict(request.headers)) + request.path
        for name in ("ant", "bee", "cat"):
            assert f"'{name}'" not in said
            assert f" {name} " not in said
        blobs = [part for part in request.body["contents"][0]["parts"] if "inlineData" in part]
        assert {blob["inlineData"].get("mimeType") or blob["inlineData"]["mime_type"]
                for blob in blobs} == {"image/webp"}  # fmt: skip
        assert len({len(blob["inlineData"]["data"]) for blob in blobs}) == 1


@pytest.mark.parametrize("fault", ["fenced_json", "chatty_json"])
def test_wrapped_replies_count(seat, fault):
    word_prompts(f"[fault:{fault}]")
    assert {row.status for row in ask(seat)} == {"done"}
    assert report(seat).malformed.share == 0


def test_a_reply_of_another_form_is_asked_for_again_and_counted(seat):
    word_prompts("[fault:wrong_json:8]")  # all prompts have other words, and so counts of their own
    rows = ask(seat, rounds=4)
    assert {row.status for row in rows} <= {"done", "malformed"}
    assert max(row.tries["malformed"] for row in rows) == 3
    assert "is missing" in Judgment.objects.filter(status="malformed").first().reason
    assert report(seat).parse_failures >= 8


def test_a_cut_reply_passes_and_is_paid_for(seat):
    word_prompts("[fault:truncated_json:1]")
    rows = ask(seat, rounds=2)
    assert {row.status for row in rows} == {"done"}
    assert sum(row.tries.get("passing", 0) for row in rows) >= 1
    assert all(row.cost_usd > 0 for row in rows)


def test_a_refusal_is_an_outcome_without_a_vote(seat):
    word_prompts("[fault:withheld]")
    rows = ask(seat, rounds=2)
    assert {(row.status, row.attempts) for row in rows} == {("refused", 1)}
    assert not Vote.objects.exists()
    assert report(seat).refused.share == 1


def test_a_refused_key_closes_the_account_and_loses_nothing(seat):
    word_prompts("[fault:unauthorized]")
    rows = ask(seat)
    assert {row.status for row in rows} == {"planned"}
    assert ServicePause.objects.get().cause == "key"
    assert take(seat) == []


def test_battles_that_people_voted_on_come_first(world, service):
    rater = make_rater()
    vote = answer(world, rater, hold(world, rater)[0])
    seat = seat_judge(world, most=2)
    plan_judgments(seat, now=NOW)
    assert Judgment.objects.first().battle == vote.ballot.battle
    assert len({row.battle_id for row in Judgment.objects.all()}) == 2


def test_planning_twice_plans_once(seat):
    assert plan_judgments(seat, now=NOW) == 4
    assert plan_judgments(seat, now=NOW) == 0
    assert plan_judgments(seat, now=NOW, most=6) == 2


def test_a_share_is_of_all_that_could_meet(world, service):
    seat = seat_judge(world, most=None, share=0.5)  # of 3 prompts with 3 pairs each
    assert plan_judgments(seat, now=NOW) == 5


def test_a_budget_is_not_exceeded(seat):
    seat.budget_usd = Decimal("0.0018")
    seat.save()
    rows = ask(seat, rounds=3)
    done = [row for row in rows if row.status == "done"]
    assert 0 < len(done) < 8
    assert sum_spent(seat) <= seat.budget_usd
    assert report(seat).counts["planned"] == 8 - len(done)


def test_the_same_pictures_are_not_paid_for_twice(seat, service):
    ask(seat)
    calls = len(service.received)
    other = Judge.objects.create(
        name="again", provider="gemini", model="gemini-2.5-flash", price=seat.judge.price
    )
    again = seat_judge(seat.arena, name=other.name)
    ask(again)
    rows = Judgment.objects.filter(judge=other)
    assert {row.status for row in rows} == {"done"}
    assert all(row.copied_from and row.cost_usd == 0 for row in rows)
    assert len(service.received) == calls
    assert report(again).copied == 8


def test_another_setting_is_asked_anew(seat, service):
    ask(seat)
    Judge.objects.create(
        name="warmer", provider="gemini", model="gemini-2.5-flash", params={"temperature": 1}
    )
    ask(seat_judge(seat.arena, name="warmer"))
    assert len(service.received) == 16


def test_what_a_lost_worker_held_is_asked_again_and_counts(seat):
    plan_judgments(seat, now=NOW)
    jobs = take(seat)
    assert len(jobs) == 8
    assert take(seat) == []  # nobody else can take them
    later = timezone.now() + timedelta(minutes=1)
    assert release_expired(later) == 8
    assert {row.tries["lost"] for row in Judgment.objects.all()} == {1}
    assert all(row.cost_usd == row.estimate_usd > 0 for row in Judgment.objects.all())
    rows = ask(seat)
    assert {row.status for row in rows} == {"done"}
    assert Vote.objects.count() == 4


def test_a_reply_that_comes_after_its_lease_changes_nothing(seat):
    plan_judgments(seat, now=NOW)
    [job] = take(seat, limit=1)
    release_expired(timezone.now() + timedelta(minutes=1))
    late = Answer({"reason": "", "overall": "A", "instruction": "A", "naturalness": "A"})
    assert store(job.judgment, late, seconds=1, again=None, now=NOW) is None
    assert Judgment.objects.get(pk=job.judgment.pk).status == Status.PLANNED


def test_settling_again_writes_no_second_vote(seat):
    ask(seat)
    assert settle(seat, now=NOW) == 0
    assert Vote.objects.count() == 4


def test_a_question_that_is_mapped_later_gets_its_votes(seat):
    ask(seat)
    Question.objects.create(arena=seat.arena, key="follows", text="Which follows?", position=1)
    seat.questions = {"overall": "better", "instruction": "follows"}
    seat.save()
    assert settle(seat, now=NOW) == 4
    assert Vote.objects.filter(question__key="follows").count() == 4


def test_a_question_of_a_category_gets_votes_on_its_prompts_alone(world, service):
    Question.objects.create(
        arena=world, key="fancy", text="Which is fancier?", position=1, category="fancy"
    )
    seat = seat_judge(world, questions={"overall": "fancy"}, most=9)
    ask(seat)
    assert {vote.prompt.category for vote in Vote.objects.all()} == {"fancy"}


def test_the_judge_votes_as_a_rater_of_its_own_kind(seat):
    ask(seat)
    [rater] = Rater.objects.filter(kind=RaterKind.JUDGE)
    assert rater.name == "looker v1"
    assert {vote.rater for vote in Vote.objects.all()} == {rater}


def test_agreement_is_with_people_on_what_both_decided(world, service):
    rater = make_rater()
    votes = [answer(world, rater, hold(world, rater, seed=n)[0]) for n in range(3)]
    seat = seat_judge(world, most=3)
    ask(seat)
    pairs = {vote.ballot.battle_id: vote for vote in votes}
    agreed = 0
    for judged in Vote.objects.filter(source="judge"):
        battle = Battle.objects.get(
            first=min(judged.candidate_a, judged.candidate_b, key=lambda c: c.pk),
            second=max(judged.candidate_a, judged.candidate_b, key=lambda c: c.pk),
        )
        liked = judged.candidate_a if judged.winner == "model_a" else judged.candidate_b
        agreed += liked == pairs[battle.pk].candidate_a
    measured = report(seat).agreement
    assert measured.votes == 3
    assert measured.share == agreed / 3


def test_a_withdrawn_picture_fails_by_name(seat, settings):
    plan_judgments(seat, now=NOW)
    jobs = take(seat)
    settings.MEDIA_ROOT = settings.MEDIA_ROOT / "elsewhere"
    asker = Asker([seat], get_limiter(settings.REDIS_URL), timezone.now, random.Random(1))
    asker.lease = jobs[0].judgment.lease
    asker.start(jobs[0])
    row = Judgment.objects.get(pk=jobs[0].judgment.pk)
    assert row.status == Status.FAILED
    assert "cannot be read" in row.reason
