"""What an arena's file may ask for, and what is told of it."""

from pathlib import Path

import pytest

from arenas.definitions.load import load_arena
from arenas.definitions.models import Arena
from arenas.suites.read_yaml import BadFile
from arenas.votes.count import seal_and_fold
from metrics.pairing.plan import plan_pairs
from metrics.pairing.policy import Policy, count_ballots, describe_policy
from tests.factories import NOW, add_votes, cast_votes, make_rater

ARENA = """\
slug: plain
title: Plain
questions:
  - {id: better, text: "Which is better?"}
competitors:
  - {name: ant}
  - {name: bee}
"""


def load(folder: Path, line: str = "") -> Arena:
    path = folder / "arena.yaml"
    path.write_text(ARENA + line, encoding="utf-8")
    return load_arena(path, now=NOW).arena


@pytest.mark.django_db
def test_a_file_without_the_key_means_newcomers_first_and_then_information(tmp_path: Path) -> None:
    arena = load(tmp_path)
    assert arena.pairing == {}
    assert Policy.of(arena) == Policy("information", 0.25, newcomers=True, batch=None)


@pytest.mark.django_db
def test_the_key_is_read_and_can_be_taken_back(tmp_path: Path) -> None:
    line = "pairing: {rule: information, random_share: 0.4, newcomers: false, batch: 80}"
    assert Policy.of(load(tmp_path, line)) == Policy("information", 0.4, newcomers=False, batch=80)
    assert load(tmp_path).pairing == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pairing: {rule: adjacent, random_share: 0.2}", "needs a random_share of 0.25 or more"),
        ("pairing: {rule: information, random_share: 0.05}", "0.25 or more"),
        ("pairing: {rule: best}", "pairing.rule: "),
        ("pairing: {random_share: 1.5}", "pairing.random_share: "),
        ("pairing: {rule: adjacent, random_share: true}", "share: Input should be a valid number"),
        ('pairing: {rule: adjacent, random_share: ".5"}', "share: Input should be a valid number"),
        (
            "pairing: {rule: uniform, random_share: 0.5}",
            "random_share has no effect with the rule uniform",
        ),
        ("pairing: {batch: 0}", "pairing.batch: "),
        ("pairing: {batch: true}", "pairing.batch: Input should be a valid integer"),
        ("pairing: adjacent", "pairing: keys with values are expected"),
        ("pairing: {floor: 0.3}", r"unknown key 'floor' \(known: rule, random_share, newcomers"),
    ],
)
def test_a_policy_that_cannot_hold_is_refused(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(BadFile, match=r":8: .*" + words):
        load(tmp_path, line)
    assert not Arena.objects.exists()


def test_a_batch_is_two_percent_of_the_votes_but_fifty_at_least() -> None:
    assert Policy().batch_after(100) == 50
    assert Policy().batch_after(40_000) == 800
    assert Policy(batch=10).batch_after(40_000) == 10


def test_the_policy_tells_what_was_planned_and_drawn(world: Arena) -> None:
    cast_votes(world, make_rater(), ["tie"] * 2)
    world.pairing = {"rule": "adjacent"}
    world.save()
    rows = [("ant", "bee"), ("bee", "cat"), ("cat", "ant")]
    add_votes(world, [(a, b, w) for a, b in rows for w in ("model_a", "model_b")] * 30)
    seal_and_fold(NOW)
    plan_pairs(world, now=NOW)
    told = describe_policy(world)
    assert (told.policy.rule, told.rule, told.batch) == ("adjacent", "adjacent", 50)
    assert told.shares == {"random": 0.25, "adaptive": 0.75}
    assert (told.planned_at, told.planned_votes) == (NOW, 182)
    assert count_ballots(world) == {"random": 3}


def test_an_arena_without_a_plan_tells_that_pairs_are_uniform(world: Arena) -> None:
    told = describe_policy(world)
    assert (told.rule, told.shares, told.planned_at) == ("uniform", {"random": 1.0}, None)
