"""Links opened at the same moment, on connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import connection

from arenas.raters.admit import accept_invitation, create_invitation
from arenas.raters.models import Participation, Rater
from tests import factories
from tests.factories import NOW, make_rater


def accept(token: str, rater: Rater, now: datetime = NOW) -> int:
    try:
        return accept_invitation(token, rater, now=now).pk
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_two_links_opened_at_once_admit_a_rater_once() -> None:
    arena = factories.make_arena(None, access="invitation")
    tokens, rater = [create_invitation(arena) for _ in range(6)], make_rater()
    with ThreadPoolExecutor(6) as pool:
        admitted = set(pool.map(lambda token: accept(token, rater), tokens))
    assert admitted == set(Participation.objects.values_list("pk", flat=True))
    assert len(admitted) == 1
