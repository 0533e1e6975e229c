"""Attackers find what is there to be found, and nothing where nothing is."""

import itertools
import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from arenas.blindness.guess import (
    Accuracy,
    TooFewPrompts,
    guess,
    join_channels,
    make_attackers,
    make_table,
    measure,
)
from arenas.blindness.observe import CHANNELS, Features
from arenas.blindness.play import Showing, play
from arenas.candidates.models import Candidate
from arenas.definitions.models import Arena
from tests import factories
from tests.pictures import give_pictures

ADDING = "logistic regression"
FOUR = ("ant", "bee", "cat", "dog")


@pytest.fixture
def arena(tmp_path: Path, db: None) -> Arena:
    """Four models on twenty prompts, whose pictures are noise that tells nothing."""
    arena = factories.make_arena(factories.make_suite(tmp_path, 20), FOUR)
    give_pictures([(candidate, make_noise(n)) for n, candidate in enumerate(plan(arena))])
    return arena


def plan(arena: Arena) -> Iterator[Candidate]:
    for prompt, competitor in itertools.product(arena.prompts(), arena.competitors()):
        yield Candidate.objects.create(
            prompt=prompt, competitor=competitor, status="done", finished_at=factories.NOW
        )


@cache
def make_noise(seed: int) -> bytes:
    """Of any roughness, as pictures are."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (int(rng.integers(2, 32)),) * 2 + (3,), dtype=np.uint8)
    return factories.encode(Pillow.fromarray(rough).resize((64, 64)), "PNG")


def attack(showings: Sequence[Showing], *channels: str, attacker: str = ADDING) -> Accuracy:
    competitors = np.array([each.competitor for each in showings])
    prompts = np.array([each.prompt for each in showings])
    table = make_table([join_channels(each.channels, channels) for each in showings], prompts)
    guesses = guess(table, competitors, prompts, attacker=make_attackers(1)[attacker], seed=1)
    return measure(guesses, competitors, prompts, rng=np.random.default_rng(1))


@pytest.mark.parametrize(("leak", "channel"), [("NameInHeader", "headers"), ("Size", "bytes")])
def test_a_planted_leak_is_found(arena: Arena, settings: Any, leak: str, channel: str) -> None:
    settings.MIDDLEWARE = [f"tests.arenas.blindness.leaks.{leak}", *settings.MIDDLEWARE]
    showings = play(arena, 60, rng=random.Random(1))
    assert attack(showings, *CHANNELS).lower > 0.5
    assert attack(showings, channel).lower > 0.9
    assert attack(showings, "order").lower < 0.3


def test_without_a_leak_attackers_are_at_chance(arena: Arena) -> None:
    showings = play(arena, 150, rng=random.Random(1))
    for attacker in make_attackers(1):
        found = attack(showings, *CHANNELS, attacker=attacker)
        assert found.chance == 0.25
        assert found.lower < 0.25 + 0.03  # 80 pictures allow no closer look


def test_every_picture_comes_in_the_same_layout_under_the_same_headers(arena: Arena) -> None:
    showings = play(arena, 20, rng=random.Random(1))
    layouts = [dict(describe_layout(showing)) for showing in showings]
    headers = [dict(describe_picture_headers(showing)) for showing in showings]
    assert layouts == layouts[:1] * len(showings)
    assert headers == headers[:1] * len(showings)
    assert headers[0]["picture content-type"] == "image/webp"


def describe_layout(showing: Showing) -> Iterator[tuple[str, float | str]]:
    """What can be read without a look at compressed data."""
    return (
        (name, value)
        for name, value in showing.channels["bytes"].items()
        if not name.startswith("piece")
    )


def describe_picture_headers(showing: Showing) -> Iterator[tuple[str, float | str]]:
    """Those of the page are of both its sides, and can tell neither."""
    return (
        (name, value)
        for name, value in showing.channels["headers"].items()
        if name.startswith("picture")
    )


def test_a_value_seen_on_one_prompt_only_is_no_feature() -> None:
    prompts = np.array([1, 1, 1, 2, 3, 4])
    rows: list[Features] = [{"token": token, "size": n} for n, token in enumerate("aaabbb")]
    assert make_table(rows, prompts).shape == (6, 2)  # size, and that it is not a


def test_a_table_without_differences_is_guessed_on_all_the_same() -> None:
    labels = np.array([1, 2, 1, 1]), np.array([1, 2, 3, 4])
    table = make_table([{"size": 1}] * 4, labels[1])
    assert table.shape == (4, 0)
    assert set(guess(table, *labels, attacker=None, seed=1)) == {1}


def test_one_prompt_is_too_few() -> None:
    with pytest.raises(TooFewPrompts, match="two prompts"):
        guess(np.ones((2, 1)), np.array([1, 2]), np.array([1, 1]), attacker=None, seed=1)


def test_accuracy_is_the_mean_over_competitors_with_chance_beside_it() -> None:
    competitors = np.array([1, 1, 1, 1, 2, 2])
    found = measure(
        np.ones(6, int), competitors, np.array([1, 1, 2, 2, 1, 2]), rng=np.random.default_rng(1)
    )
    assert (found.accuracy, found.chance) == (0.5, 0.5)
    assert found.plain == found.majority == pytest.approx(4 / 6)
    assert (found.lower, found.upper) == (0.5, 0.5)


def test_the_interval_knows_that_pictures_of_a_prompt_stand_and_fall_together() -> None:
    rng = np.random.default_rng(1)
    prompts = np.repeat(np.arange(20), 50)
    competitors = np.tile([1, 2], 500)
    right = np.repeat(rng.random(20) < 0.5, 50)
    found = measure(np.where(right, competitors, 3 - competitors), competitors, prompts, rng=rng)
    assert found.upper - found.lower > 0.3
