"""Joining while the same person's data are being deleted: nobody is there by half."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from arenas.raters.account import create_account, find_or_make_rater
from arenas.raters.models import Participation, Person, Rater
from arenas.votes.withdraw import withdraw
from tests import factories
from tests.arenas.votes.test_withdraw_at_once import wait_for_a_waiter
from tests.pages import VOTE

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_joins_during_a_withdrawal_is_not_there_by_half(tmp_path: Path) -> None:
    factories.make_world(tmp_path, access="account")
    password = create_account("dora")
    client = Client()
    client.login(username="dora", password=password)
    rater = find_or_make_rater(get_user_model().objects.get())

    def join() -> int:
        try:
            return client.get(VOTE).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            withdraw(rater, keep_votes=True, now=timezone.now())
            page = pool.submit(join)
            wait_for_a_waiter()
        assert page.result() == 302
    assert not Participation.objects.exists()
    assert not Person.objects.exists()
    assert list(Rater.objects.all()) == [rater]
