import numpy as np
import pytest

from benchmarks.coverage import (
    BY_PROMPT,
    CASES,
    MESSY,
    MODELS,
    WATCHES,
    World,
    find_target,
    report,
    run_case,
    true_strengths,
)


def test_the_target_is_the_truth_where_the_model_holds(monkeypatch):
    monkeypatch.setattr("benchmarks.coverage.NU", 0.0)
    strengths = true_strengths(World())[0]
    assert np.allclose(find_target(strengths, World()), strengths - strengths.mean())


def test_effects_of_prompts_draw_the_target_together():
    strengths = true_strengths(MESSY)[0]
    assert np.ptp(find_target(strengths, BY_PROMPT)) < np.ptp(find_target(strengths, MESSY))


def test_clustered_intervals_cover_where_row_level_ones_fail():
    strong = [case for case in CASES if "strong" in case.name]
    plain, clustered = (run_case(case, 60)["rating"].mean() for case in strong)
    assert plain < 0.9
    assert clustered == pytest.approx(0.95, abs=0.03)


def test_all_cases_are_reported_in_one_table(capsys, monkeypatch):
    monkeypatch.setattr("benchmarks.coverage.ROUNDS", 20)
    monkeypatch.setattr("benchmarks.coverage.LOOK_EVERY", 700)
    report(["--runs", "2"])
    table = capsys.readouterr().out
    assert all(case.name in table for case in CASES)
    assert all(watch.name in table for watch in WATCHES)
    assert "final width: 1." in table
    assert f"{MODELS} models" in table
