"""Battles known by heart that the database does not have any more."""

from pathlib import Path

import pytest
from django.test import Client

from arenas.battles.draw import recall_battles
from arenas.battles.models import Ballot, Battle
from arenas.definitions.models import Arena
from tests import factories
from tests.pages import open_ballot


@pytest.mark.django_db(transaction=True)
def test_a_restored_database_is_learnt_anew(tmp_path: Path) -> None:
    arena: Arena = factories.make_world(tmp_path, 1, names=("ant", "bee"))
    open_ballot(Client())
    assert recall_battles(arena.pk)
    Ballot.objects.all().delete()
    Battle.objects.all().delete()
    assert open_ballot(Client())
    assert Ballot.objects.get().battle == Battle.objects.get()
