import hashlib
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers

from arenas.battles.models import Ballot, Battle
from arenas.battles.serve import hold_ballots
from arenas.battles.tokens import derive_token
from arenas.definitions.models import Arena, Question
from arenas.images.models import Rendition, RenditionProfile
from tests import factories
from tests.factories import NOW, answer, hold, make_rater


def test_a_rater_holds_two_ballots(world: Arena) -> None:
    assert len(hold(world, make_rater())) == 2


def test_looking_again_shows_the_same_ballots(world: Arena) -> None:
    rater = make_rater()
    first = hold(world, rater, seed=1)
    assert hold(world, rater, seed=2) == first
    assert Ballot.objects.count() == 2


def test_the_ballot_fetched_ahead_is_the_next_one(world: Arena) -> None:
    rater = make_rater()
    current, ahead = hold(world, rater)
    answer(world, rater, current)
    assert hold(world, rater)[0] == ahead


def test_everything_is_shown_once_and_then_nothing(world: Arena) -> None:
    rater = make_rater()
    shown = set()
    while held := hold(world, rater):
        battle = held[0].battle
        shown.add((battle.prompt_id, battle.first.competitor_id, battle.second.competitor_id))
        answer(world, rater, held[0])
    assert len(shown) == Ballot.objects.count() == 9


def test_an_expired_ballot_is_put_back(world: Arena) -> None:
    rater = make_rater()
    old = hold(world, rater)
    later = NOW + timedelta(hours=1)
    held = hold(world, rater, now=later)
    assert not set(held) & set(old)
    for _ in range(9):
        answer(world, rater, hold(world, rater, now=later)[0], now=later)
    assert Ballot.objects.exclude(answered_at=None).count() == 9


def test_the_quota_counts_what_is_held(tmp_path: Path, db: None) -> None:
    arena = factories.make_world(tmp_path, votes_per_rater=3)
    rater = make_rater()
    lengths = []
    while held := hold(arena, rater):
        lengths.append(len(held))
        answer(arena, rater, held[0])
    assert lengths == [2, 2, 1]


def test_raters_do_not_share_ballots(world: Arena) -> None:
    assert not set(hold(world, make_rater())) & set(hold(world, make_rater()))


def test_raters_share_battles(world: Arena) -> None:
    for _ in range(6):
        rater = make_rater()
        while held := hold(world, rater):
            answer(world, rater, held[0])
    assert Battle.objects.count() == 9


def test_each_side_is_shown_left_about_half_of_the_time(world: Arena) -> None:
    rng = random.Random(3)
    ballots = [
        ballot for _ in range(60) for ballot in hold_ballots(world, make_rater(), now=NOW, rng=rng)
    ]
    left = Counter(ballot.slots[0] for ballot in ballots)
    assert left[0] / len(ballots) == pytest.approx(0.5, abs=0.15)


def test_every_token_is_another_one(world: Arena) -> None:
    ballots = [ballot for _ in range(10) for ballot in hold(world, make_rater())]
    assert len({derive_token(ballot.nonce) for ballot in ballots}) == 20


def test_only_the_hash_of_a_token_is_stored(world: Arena) -> None:
    ballot = hold(world, make_rater())[0]
    token = derive_token(ballot.nonce)
    assert ballot.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in serializers.serialize("json", Ballot.objects.all())


def test_tokens_need_the_sites_key(world: Arena, settings: Any) -> None:
    ballot = hold(world, make_rater())[0]
    before = derive_token(ballot.nonce)
    settings.SECRET_KEY = "another key"
    assert derive_token(ballot.nonce) != before


def test_a_ballot_knows_how_it_was_drawn(world: Arena) -> None:
    ballot = hold(world, make_rater())[0]
    assert (ballot.policy, ballot.arm) == ("uniform", "random")
    assert ballot.probability == pytest.approx(1 / 9)


def test_candidates_without_a_rendition_are_not_served(world: Arena) -> None:
    Rendition.objects.filter(image__parts__candidate__competitor__name="ant").delete()
    names = {
        candidate.competitor.name
        for ballot in hold(world, make_rater())
        for candidate in ballot.shown
    }
    assert names == {"bee", "cat"}


def test_a_held_ballot_whose_candidate_left_is_not_served_again(world: Arena) -> None:
    rater = make_rater()
    held = hold(world, rater)
    gone = held[0].shown[0].competitor
    world.entries.filter(competitor=gone).update(withdrawn_at=NOW)
    again = hold(world, rater)
    assert gone not in [candidate.competitor for ballot in again for candidate in ballot.shown]


def test_held_ballots_wait_for_the_renditions_of_a_new_profile(world: Arena) -> None:
    rater = make_rater()
    hold(world, rater)
    world.profile = RenditionProfile.objects.create(width=96, height=96, size=9000)
    world.save()
    assert hold(world, rater) == []


def test_a_ballot_on_which_nothing_is_asked_any_more_is_not_served(world: Arena) -> None:
    rater = make_rater()
    hold(world, rater)
    Question.objects.update(category="of no prompt")
    assert hold(world, rater) == []
