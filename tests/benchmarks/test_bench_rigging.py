from dataclasses import replace

import numpy as np
import pytest

from benchmarks.rigging import report, run_attack, run_watch
from benchmarks.rigging_attacks import (
    ARENA,
    ATTACKS,
    HONEST,
    draw_attack,
    draw_quotas,
    draw_tastes,
    draw_votes,
    set_scene,
)

SMALL = replace(ARENA, models=6, raters=40)


def scene_and_votes(seed):
    rng = np.random.default_rng(seed)
    scene = set_scene(SMALL, rng)
    tastes, _ = draw_tastes(scene, rng)
    return scene, draw_votes(scene, tastes, draw_quotas(SMALL, rng), rng), rng


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_has_its_share_of_the_votes_and_the_target_wins_all_of_its_own(name):
    scene, honest, rng = scene_and_votes(1)
    rigged = draw_attack(scene, honest, ATTACKS[name], 0.1, rng)
    assert len(rigged.a) / (len(rigged.a) + len(honest.a)) == pytest.approx(0.1, abs=0.001)
    assert (rigged.outcome[rigged.a == scene.target] == 0).all()
    assert (rigged.outcome[rigged.b == scene.target] == 1).all()
    assert rigged.rater.min() == SMALL.raters


def test_an_attack_moves_the_target_and_the_defence_brings_it_back():
    run = run_attack("target only, else no vote", 0.05, 11)
    assert run.undefended >= 3
    assert run.defended <= 1
    assert run.honest <= 0.02


@pytest.mark.parametrize("name", ATTACKS)
def test_a_tenth_of_the_votes_moves_the_target_by_one_place_at_most(name):
    run = run_attack(name, 0.1, 11)
    assert run.undefended >= 3
    assert run.defended <= 1
    assert run.honest <= 0.02


def test_all_cases_are_reported(capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.rigging.ARENA", SMALL)
    monkeypatch.setattr("benchmarks.rigging.LOOKS", 2)
    monkeypatch.setattr("benchmarks.rigging.HONEST", (SMALL,))
    report(["--runs", "2"])
    table = capsys.readouterr().out
    assert all(name in table for name in ATTACKS)
    assert SMALL.name in table


def test_the_arena_itself_is_watched():
    assert ARENA in HONEST
    assert run_watch(replace(SMALL, name="small"), 3).flagged <= 1
