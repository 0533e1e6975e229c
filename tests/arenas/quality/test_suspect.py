"""The search for rigged votes: whom it flags, and when it is made."""

import random
from pathlib import Path
from typing import Any

import pytest

from arenas.definitions.models import Arena
from arenas.quality import suspect
from arenas.quality.models import AnomalyLook, RaterReview
from arenas.quality.suspect import look_for_riggers
from arenas.raters.models import Rater
from arenas.votes.models import Flag
from metrics.stats.comparisons import Comparisons
from tests import factories
from tests.factories import NOW, make_rater
from tests.showings import Showing, list_pairs, record, show_pairs

pytestmark = pytest.mark.django_db


def make_arena(folder: Path, *rules: str) -> Arena:
    settings = {"quality": {"raise_flags": rules}}
    return factories.make_world(folder, 20, voting_settings=settings)


def vote_honestly(arena: Arena, rng: random.Random, number: int) -> Rater:
    rater = make_rater()
    pairs = rng.sample(list_pairs(arena), number)
    showings = []
    for pair in pairs:
        left, right = rng.sample(pair, 2)
        showings.append(Showing(left, right, rng.choice(["model_a", "model_b", "tie"])))
    record(arena, rater, showings)
    return rater


def vote_left(arena: Arena, rng: random.Random) -> Rater:
    """A rater who always prefers what stands on the left."""
    rater = make_rater()
    record(arena, rater, show_pairs(arena, ["model_a"] * 60, seed=rng.randrange(100)))
    return rater


def make_votes(arena: Arena) -> list[Rater]:
    """Honest votes, and two raters who do not look."""
    rng = random.Random(3)
    for _ in range(6):
        vote_honestly(arena, rng, 30)
    return [vote_left(arena, rng) for _ in range(2)]


def test_who_is_found_is_flagged_with_the_reason(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, "anomaly")
    found = make_votes(arena)
    assert look_for_riggers(arena, now=NOW) == 2
    flags = Flag.objects.order_by("rater")
    assert [flag.rater for flag in flags] == found
    assert {(flag.rule, flag.by) for flag in flags} == {("anomaly", "quality")}
    assert flags[0].reason == "60 of 60 decided votes are for the left side (better)."


def test_models_are_searched_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena, seen = make_arena(tmp_path, "anomaly"), []

    def find_none(comparisons: Comparisons) -> tuple[()]:
        seen.append(comparisons)
        return ()

    monkeypatch.setattr(suspect, "find_riggers", find_none)
    vote_honestly(arena, random.Random(1), 50)
    look_for_riggers(arena, now=NOW)
    (comparisons,) = seen
    assert comparisons.models == ("ant", "bee", "cat")
    assert comparisons.votes == 50


def test_where_the_arena_does_not_have_it_flag_it_is_a_finding(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, "pace")
    make_votes(arena)
    look_for_riggers(arena, now=NOW)
    assert not Flag.objects.exists()
    assert RaterReview.objects.filter(findings__has_key="anomaly").count() == 2


def test_the_search_waits_for_a_batch_of_new_votes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena, looks = make_arena(tmp_path, "anomaly"), []

    def look(rows: list[Any]) -> dict[int, Any]:
        looks.append(len(rows))
        return {}

    monkeypatch.setattr(suspect, "find_in", look)
    rng = random.Random(1)
    for number in (49, 1, 30, 20):
        vote_honestly(arena, rng, number)
        look_for_riggers(arena, now=NOW)
    assert looks == [50, 100]
    assert AnomalyLook.objects.get().votes == 100


def test_a_finding_outlives_the_next_review(tmp_path: Path) -> None:
    arena = make_arena(tmp_path, "anomaly")
    first, _ = make_votes(arena)
    look_for_riggers(arena, now=NOW)
    suspect.review_arena(arena, now=NOW)
    assert "anomaly" in RaterReview.objects.get(rater=first).findings
    assert Flag.objects.count() == 2
