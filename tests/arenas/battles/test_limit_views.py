"""Limits of what one rater is shown: how often a candidate, and what share of an arena."""

import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arenas.battles.limit import exceeds_share, find_pool
from arenas.battles.models import Ballot
from arenas.definitions.models import Arena
from arenas.raters.models import Rater
from tests import factories
from tests.factories import NOW, answer, hold, make_rater
from tests.showings import answer_some, make_with_gold, sit

pytestmark = pytest.mark.django_db


def test_nobody_sees_a_candidate_more_often_than_allowed(tmp_path: Path) -> None:
    arena = make_with_gold(
        tmp_path, prompts=4, quality={"max_views": 2}, gold_share=0.2, mirror_share=0.1
    )
    rater = make_rater()
    while held := hold(arena, rater, seed=3, now=NOW + timedelta(minutes=Ballot.objects.count())):
        answer(arena, rater, held[0], now=NOW + timedelta(minutes=Ballot.objects.count()))
    shown = rater.ballots.values_list("candidates", flat=True)
    views = Counter(pk for candidates in shown for pk in set(candidates))
    assert len(shown) > 6
    assert max(views.values()) == 2


def test_the_pool_is_used_as_it_is_where_views_are_not_limited(world: Arena) -> None:
    rater = make_rater()
    answer_some(world, rater, 3)
    sitting = sit(world, rater, 9)
    assert find_pool(sitting) is sitting.stock.pool


def add_answered(arena: Arena, rater: Rater, number: int) -> None:
    """So many answered ballots, as far as counting goes."""
    first = hold(arena, make_rater(), seed=77)[0]
    Ballot.objects.bulk_create(
        Ballot(
            arena=arena, rater=rater, battle=first.battle, nonce=uuid.uuid4(),
            token_hash=uuid.uuid4().hex, slots=[0, 1], candidates=first.candidates,
            policy="uniform", arm="random", probability=1, served_at=NOW, expires_at=NOW,
            answered_at=NOW,
        )
        for _ in range(number)
    )  # fmt: skip


@pytest.mark.parametrize(("mine", "others", "left"), [(21, 84, 2), (22, 83, 0), (60, 30, 2)])
def test_a_rater_is_shown_no_more_than_their_share(
    tmp_path: Path, mine: int, others: int, left: int
) -> None:
    arena = factories.make_world(tmp_path, 12, voting_settings={"quality": {"max_share": 0.2}})
    rater = make_rater()
    add_answered(arena, rater, mine)
    add_answered(arena, make_rater(), others)
    assert len(hold(arena, rater)) == left


def test_a_share_is_not_looked_up_before_it_can_be_reached(
    tmp_path: Path, django_assert_num_queries: Any
) -> None:
    arena = factories.make_world(tmp_path, 12, voting_settings={"quality": {"max_share": 0.2}})
    sitting = sit(arena, make_rater(), 0)
    with django_assert_num_queries(0):
        assert not exceeds_share(sitting)
