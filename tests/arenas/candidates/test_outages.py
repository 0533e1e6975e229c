"""What is under way is paid for: it outlasts the database and the broker being away."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from redis import Redis
from redis.exceptions import ConnectionError as Unreachable

from arenas.candidates import store
from arenas.candidates.generate import Pump
from arenas.candidates.limit import Limiter
from arenas.candidates.models import Candidate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    """The pauses between tries are left out; that there are tries is what is tested."""
    monkeypatch.setattr("arenas.candidates.generate.time.sleep", lambda _: None)


def away(times, of, error):
    """The function, but its first calls fail as if nobody were there."""
    left = iter(range(times))

    def call(*args, **kwargs):
        if next(left, None) is not None:
            raise error
        return of(*args, **kwargs)

    return call


def test_an_answer_is_kept_until_the_database_takes_it(plan, run, monkeypatch):
    gone = OperationalError("the database system is shutting down")
    monkeypatch.setattr(store, "end_attempt", away(3, store.end_attempt, gone))
    [candidate] = run(plan("draws"))
    assert (candidate.status, candidate.attempts.get().outcome) == ("done", "done")


def test_an_answer_is_kept_until_the_disk_has_room(plan, run, monkeypatch):
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(store, "store_part", away(3, store.store_part, full))
    [candidate] = run(plan("draws"))
    assert (candidate.status, candidate.attempts.count()) == ("done", 1)


def test_without_a_broker_nothing_begins_and_nothing_is_lost(plan):
    plan("draws")
    nowhere = Limiter(Redis(host="127.0.0.1", port=1, socket_timeout=1), {})
    pump = Pump(lease=timedelta(seconds=30), limiter=nowhere, received=lambda _: None)
    assert pump.run(0.01) == 0
    assert Candidate.objects.get().status == "planned"


def test_received_candidates_wait_for_the_sweep_where_the_broker_is_away(plan, pump):
    plan("draws")

    def fail(_):
        raise Unreachable("Connection refused")

    pump.received = fail
    assert pump.run(5) == 1
    assert Candidate.objects.get().status == "received"


def test_a_worker_that_is_asked_to_stop_begins_nothing_and_ends_what_is_under_way(plan, pump):
    plan("draws", samples=12, params={"delay": 0.02})
    begun = threading.Event()
    report = pump.report

    def notice(ended):
        begun.set()
        report(ended)

    pump.report = notice
    count = pump.run(30, asked_to_stop=begun.is_set)
    statuses = list(Candidate.objects.values_list("status", flat=True))
    assert statuses.count("received") == count
    assert statuses.count("planned") == 12 - count > 0
