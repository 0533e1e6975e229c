import random
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from redis import Redis

from arenas import providers
from arenas.candidates.claim import claim
from arenas.candidates.generate import Pump, make_jobs
from arenas.candidates.limit import get_limiter
from arenas.candidates.models import Candidate
from arenas.candidates.open_images import open_received
from arenas.candidates.plan import plan_candidates, select_candidates
from arenas.competitors.models import Competitor
from tests.factories import NOW, make_arena, make_suite

LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _scripted(monkeypatch):
    """Puts the scripted provider among the others."""
    folder = str(Path(__file__).with_name("scripted"))
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, folder])


@pytest.fixture
def broker():
    """The broker without messages. Not `flushall`: other processes' databases are beside it."""
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def plan(tmp_path):
    """Plans the candidates of one model over some prompts, and returns them in order."""

    def make(model="draws", prompts=1, **competitor):
        settings = {"provider": "scripted", "model": model, **competitor}
        made = Competitor.objects.create(name=settings["model"], **settings)
        arena = make_arena(make_suite(tmp_path, prompts), [made.name])
        plan_candidates(arena, today=NOW.date())
        return list(select_candidates(arena).order_by("pk"))

    return make


@pytest.fixture
def pump():
    """What keeps calls under way in a worker."""
    limiter = get_limiter(settings.REDIS_URL)
    return Pump(lease=LEASE, limiter=limiter, received=lambda _: None)


@pytest.fixture
def run(pump):
    """Has these candidates tried once, as a worker would, and returns them as they are then."""

    def try_all(candidates, lease=LEASE):
        now = timezone.now()
        ids = [candidate.pk for candidate in candidates]
        pump.stopping.set()  # no second try in the same process
        for job in make_jobs(claim(ids, now=now, lease=lease)):
            pump.start(job)
        came: list[int] = []
        pump.received = came.extend
        pump.run(0)
        for pk in came:
            open_received(pk, now=now, rng=random.Random(1))
        return list(Candidate.objects.filter(pk__in=ids).order_by("pk"))

    return try_all
