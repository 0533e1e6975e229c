"""A real worker, killed without warning while it asks: nothing is lost, no vote is doubled."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.db.models import Count
from django.utils import timezone
from redis import Redis

from arenas.judging.claim import release_expired
from arenas.judging.models import Judgment
from arenas.judging.plan import plan_judgments
from arenas.judging.settle import settle
from arenas.judging.tasks import ask as ask_in_worker
from arenas.votes.models import Vote
from evalsite.standin.server import StandIn
from tests.arenas.judging.benches import ask, seat_judge
from tests.factories import NOW, ROOT, database_url, make_world

PATIENCE = 60
OPTIONS = ["-Q", "judge", "-c1", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
# Of sixteen questions at once, the first ones are answered while the others wait.
CALLS = 9


@pytest.fixture
def service(monkeypatch, settings):
    """A slow service; workers started from here use it, and this test's database and broker."""
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("MEDIA_ROOT", str(settings.MEDIA_ROOT))
    monkeypatch.setenv("GEMINI_API_KEY", "planted-key-0123456789")
    with StandIn(latency=0.4) as slow, Redis.from_url(site.REDIS_URL) as broker:
        monkeypatch.setenv("GEMINI_BASE_URL", slow.url)
        broker.flushdb()
        yield slow
        broker.flushdb()


def count(**fields):
    return Judgment.objects.filter(**fields).count()


def kill_while_asking():
    """A worker of a group of its own, killed as soon as some replies are in and others are not."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "evalsite", "worker", *OPTIONS],
        cwd=ROOT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE
    try:
        while not (count(status="done") and count(status="running")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@pytest.mark.django_db(transaction=True)
def test_a_judging_worker_killed_while_it_asks_loses_nothing_and_doubles_no_vote(tmp_path, service):
    seat = seat_judge(make_world(tmp_path), most=CALLS)
    plan_judgments(seat, now=NOW)
    ask_in_worker.delay()
    kill_while_asking()
    held = set(Judgment.objects.filter(status="running").values_list("pk", flat=True))
    settle(seat, now=NOW)  # what both orders had said by then is votes already
    assert held
    assert release_expired(timezone.now() + timedelta(seconds=site.LEASE_SECONDS + 1)) == len(held)
    rows = ask(seat)
    assert {row.status for row in rows} == {"done"}
    assert {row.pk for row in rows if row.tries.get("lost")} == held
    assert {row.tries["done"] for row in rows} == {1}
    assert all(row.cost_usd > 0 for row in rows)
    assert Vote.objects.count() == CALLS == len({row.battle_id for row in rows})
    pairs = Vote.objects.values("candidate_a", "candidate_b").annotate(n=Count("pk"))
    assert {pair["n"] for pair in pairs} == {1}
    assert len(service.received) <= len(rows) + len(held)
