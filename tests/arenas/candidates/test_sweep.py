"""Losing the broker may cost time, never work: the database is the truth about jobs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from arenas.candidates.claim import claim
from arenas.candidates.models import Candidate
from arenas.candidates.tasks import IMAGES, PUMPS, QUEUE, count_waiting, generate, sweep
from arenas.images.models import Rendition, RenditionProfile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def test_workers_are_told_that_candidates_are_due(plan):
    plan(prompts=3)
    assert sweep() == 3
    assert count_waiting(QUEUE) == 3


def test_many_candidates_take_few_messages(plan):
    plan(prompts=PUMPS + 2)
    assert sweep() == PUMPS + 2
    assert count_waiting(QUEUE) == PUMPS


def test_nothing_is_queued_while_messages_wait(plan):
    plan(prompts=3)
    sweep()
    sweep()
    assert count_waiting(QUEUE) == 3


def test_a_broker_that_lost_everything_is_filled_again(plan, broker):
    plan(prompts=3)
    sweep()
    broker.flushdb()
    assert count_waiting(QUEUE) == 0
    assert sweep() == 3
    assert count_waiting(QUEUE) == 3


def test_what_a_lost_worker_held_is_queued_again(plan):
    planned = plan()
    past = timezone.now() - timedelta(minutes=1)
    claim([planned[0].pk], now=past, lease=timedelta(seconds=30))
    assert sweep() == 1
    assert count_waiting(QUEUE) == 1


def test_received_candidates_are_sent_to_be_opened_again(plan, broker):
    plan(prompts=3)
    generate()
    broker.flushdb()
    sweep()
    assert count_waiting(IMAGES) == 1
    assert {row.status for row in Candidate.objects.all()} == {"received"}


def test_what_a_living_worker_holds_is_not_queued(plan):
    planned = plan()
    claim([planned[0].pk], now=timezone.now(), lease=timedelta(seconds=30))
    assert sweep() == 0


def test_a_message_that_comes_twice_is_worked_once(plan):
    plan()
    generate()
    generate()
    candidate = Candidate.objects.get()
    assert (candidate.status, candidate.attempts_made) == ("received", 1)


def test_pictures_are_rendered_for_an_arena_that_has_changed_its_canvas(plan, run):
    [candidate] = run(plan())
    arena = candidate.competitor.entries.get().arena
    arena.profile = RenditionProfile.objects.create(width=80, height=80, size=8192)
    arena.save()
    sweep()
    assert Rendition.objects.filter(profile=arena.profile).count() == 1


def test_a_picture_that_cannot_be_rendered_does_not_stop_the_others_generation(plan, run):
    first, _ = plan(prompts=2)
    [done] = run([first])
    arena = done.competitor.entries.get().arena
    arena.profile = RenditionProfile.objects.create(width=80, height=80, size=8)
    arena.save()
    sweep()
    assert count_waiting(QUEUE) == 1
