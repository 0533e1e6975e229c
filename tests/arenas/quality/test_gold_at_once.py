"""Two workers that make gold at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from django.db import connections

from arenas.battles.models import Gold
from arenas.quality.gold import make_missing
from tests import factories


@pytest.mark.django_db(transaction=True)
def test_gold_made_twice_at_once_is_made_once(tmp_path: Path) -> None:
    factories.make_world(tmp_path, voting_settings={"gold_share": 0.1})

    def make(seed: int) -> int:
        try:
            return make_missing(most=200, rng=np.random.default_rng(seed))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(make, range(2)))
    assert sorted(made) == [0, Gold.objects.count()]
    assert Gold.objects.values("kind", "good").distinct().count() == Gold.objects.count()
