import numpy as np
import pytest

from benchmarks.regression_errors import HEADS, main, measure_world
from benchmarks.regression_worlds import WORLDS


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_a_world_has_the_mean_that_it_is_said_to(world):
    drawn = world.draw(-world.margin, (100, 400), np.random.default_rng(0)).increments
    error = drawn.std() / np.sqrt(drawn.size)
    assert drawn.mean() == pytest.approx(-world.margin, abs=4 * error)


def test_errors_stay_below_their_level_and_peeking_does_not():
    line, _ = measure_world(WORLDS[0], 0.05, runs=150, seed=5)
    numbers = dict(zip((head for head, _ in HEADS[4:]), map(float, line[4:]), strict=True))
    assert max(numbers["pass, margin"], numbers["fail, margin"]) <= 5 + 6
    assert numbers["fail, none"] <= 1
    assert numbers["power, pass"] == pytest.approx(80, abs=12)
    assert numbers["used, pass"] < 60
    assert numbers["peeking"] > 15


def test_the_table_is_printed_whole(capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.regression_errors.WORLDS", WORLDS[:1])
    monkeypatch.setattr("benchmarks.regression_errors.LEVELS", (0.05,))
    main(["--runs", "5", "--seed", "3"])
    said = capsys.readouterr().out
    assert "votes          5 %" in said
    assert "CPU seconds (< 0.5)" in said
