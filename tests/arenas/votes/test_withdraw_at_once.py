"""A withdrawal while the same rater votes in another tab."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from arenas.ledger.seal import seal, verify
from arenas.raters.models import Rater, Withdrawal
from arenas.votes.models import Vote
from arenas.votes.withdraw import withdraw
from tests import factories
from tests.pages import VOTE, open_ballot, post, text

pytestmark = pytest.mark.django_db(transaction=True)


def wait_for_a_waiter() -> None:
    """Until another connection waits for a lock of this one."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        Event().wait(0.01)
    raise AssertionError("nobody waits")


def test_an_answer_that_waits_for_a_withdrawal_is_not_taken(tmp_path: Path) -> None:
    factories.make_world(tmp_path)
    client = Client()
    token = open_ballot(client)

    def answer() -> str:
        try:
            return text(post(client, token))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            withdraw(Rater.objects.get(), keep_votes=True, now=timezone.now())
            page = pool.submit(answer)
            wait_for_a_waiter()
        assert "has been deleted" in page.result()
    assert not Vote.objects.exists()


def test_withdrawals_at_once_are_one(tmp_path: Path) -> None:
    factories.make_world(tmp_path)
    Client().get(VOTE)
    rater = Rater.objects.get()

    def leave(_: int) -> bool:
        try:
            return withdraw(rater, keep_votes=False, now=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(leave, range(6))) == [False] * 5 + [True]
    assert Withdrawal.objects.count() == 1
    seal(timezone.now())
    assert verify() > 0
