"""Verifying takes as many queries for many orders as for few."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from arenas.definitions.models import Arena
from arenas.ledger.seal import seal, verify
from tests.factories import NOW, hold, make_rater
from tests.sets import give, make_ranked


def count_queries(arena: Arena, orders: int) -> int:
    """How many it takes once a block with so many orders has been added."""
    for _ in range(orders):
        rater = make_rater()
        give(arena, rater, hold(arena, rater)[0], ranking=(1, 2, 3, 4), comment="so")
    seal(NOW)
    with CaptureQueriesContext(connection) as queries:
        verify()
    return len(queries)


@pytest.mark.django_db
def test_the_orders_of_a_block_are_read_together(tmp_path: Path) -> None:
    arena = make_ranked(tmp_path, comments=True)
    first, second, third = (count_queries(arena, orders) for orders in (1, 1, 6))
    assert second - first == third - second
