import random
from pathlib import Path

import pytest
from django.db import connection
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from arenas.battles.models import Ballot
from arenas.battles.serve import hold_ballots
from arenas.prepare import fetch, list_columns, make
from arenas.raters.models import Rater
from tests.factories import NOW, make_world

pytestmark = pytest.mark.django_db


def test_a_written_row_reads_the_same_by_django_and_by_hand(tmp_path: Path) -> None:
    held = hold_ballots(make_world(tmp_path), Rater.objects.create(), now=NOW, rng=random.Random(1))
    stored = Ballot.objects.get(pk=held[0].pk)
    columns = list_columns(Ballot, "ballot")
    [row] = fetch(f"SELECT {columns} FROM arenas_ballot ballot WHERE id = %s", [stored.pk])
    assert model_to_dict(held[0]) == model_to_dict(stored) == model_to_dict(make(Ballot, row))


def test_a_statement_is_planned_once_and_still_told_with_its_values() -> None:
    with CaptureQueriesContext(connection) as told:
        for number in range(4):
            assert fetch("SELECT %s::int + 1", [number]) == [(number + 1,)]
    assert "SELECT 3::int + 1" in told.captured_queries[-1]["sql"].replace("'", "")
    plans = fetch("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'int . 1$'", [])
    assert plans == [(1,)]
