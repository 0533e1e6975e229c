"""What counts as answered, and a stock that cannot be renewed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError

from arenas.battles import stock
from arenas.battles.limit import count_work
from arenas.battles.models import Ballot
from arenas.battles.stock import Shelf
from arenas.definitions.models import Arena, Question
from tests.factories import NOW, answer, hold, make_rater
from tests.showings import sit

pytestmark = pytest.mark.django_db


def test_a_pair_half_answered_in_time_counts_everywhere(world: Arena) -> None:
    Question.objects.create(arena=world, key="follows", text="Which follows?", position=1)
    rater = make_rater()
    answer(world, rater, hold(world, rater)[0])
    Ballot.objects.update(expires_at=NOW - timedelta(seconds=1))
    assert sit(world, rater, 0).answered == 1
    assert count_work(world, now=NOW, rater=rater) == 1
    assert count_work(world, now=NOW) == 1
    assert count_work(world, now=NOW, rater=make_rater()) == 0


def test_a_stock_that_cannot_be_renewed_stays(
    world: Arena, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STOCK_SECONDS = -1
    shelf = Shelf()
    kept = shelf.find(world.slug)

    def fail(arena: Arena) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(stock, "read_stamp", fail)
    assert shelf.find(world.slug) is kept
    assert "stays as it was" in caplog.text


def test_without_a_stock_the_error_is_seen(world: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arena: Arena) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(stock, "read_stamp", fail)
    with pytest.raises(DatabaseError):
        Shelf().find(world.slug)
