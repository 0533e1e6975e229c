"""Playing raters: what is kept of it, and that nothing of it stays."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from arenas.battles.models import Ballot
from arenas.blindness.observe import CHANNELS, INSIDE
from arenas.blindness.play import NothingShown, play
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from tests import factories


def play_some(arena: Arena, serves: int) -> Any:
    return play(arena, serves, rng=random.Random(1))


def test_no_row_is_left_behind(world: Arena) -> None:
    before = factories.count_rows()
    play_some(world, 12)
    assert factories.count_rows() == before


def test_every_side_of_every_ballot_is_kept(world: Arena) -> None:
    showings = play_some(world, 30)  # more than one rater can be shown here
    assert set(Counter(showing.ballot for showing in showings).values()) == {2}
    assert len(showings) == 60
    assert {tuple(showing.channels) for showing in showings} == {
        ("address", "headers", "bytes", INSIDE, "order", "time", "html")
    }
    assert {*CHANNELS, INSIDE} == set(showings[0].channels)


def test_a_side_has_the_name_of_its_maker(world: Arena) -> None:
    for showing in play_some(world, 9):
        candidate = Candidate.objects.get(pk=showing.candidate)
        assert showing.competitor == candidate.competitor_id
        assert showing.prompt == candidate.prompt_id


def test_the_list_of_what_is_fetched_ahead_is_followed(world: Arena) -> None:
    showings = play_some(world, 9)
    places = Counter(showing.channels["order"]["ahead"] for showing in showings)
    assert places == {0: 8, 1: 8, -1: 2}


def test_arenas_by_invitation_can_be_played(tmp_path: Path, db: None) -> None:
    arena = factories.make_world(tmp_path, access=Arena.Access.INVITATION)
    assert len(play_some(arena, 3)) == 6


def test_a_site_behind_https_can_be_played(world: Arena, settings: Any) -> None:
    settings.SITE_URL = "https://raters.example"
    settings.ALLOWED_HOSTS = ["raters.example", "127.0.0.1"]
    settings.HTTPS = settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert len(play_some(world, 3)) == 6


def test_an_arena_without_pairs_is_an_error(world: Arena) -> None:
    Candidate.objects.update(status=Candidate.Status.FAILED)
    with pytest.raises(NothingShown, match="small shows no pair"):
        play_some(world, 1)
    assert not Ballot.objects.exists()
