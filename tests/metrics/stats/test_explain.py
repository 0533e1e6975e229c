from dataclasses import replace

import pytest

from metrics.stats.betting import Aim, Bounds
from metrics.stats.explain import Wording, explain
from metrics.stats.verdict import Evidence, Result

AIM = Aim(-0.02, 0.02, 0.08, Bounds(-1, 1))
CER = Wording("CER", "", 3, "lower", "the margin of 0.02")
FOUND = Evidence(
    n=120,
    mean=-0.034,
    plain_mean=-0.034,
    lower=-0.048,
    upper=-0.021,
    p_pass=1.0,
    p_fail=0.001,
    decided_at=80,
    detectable=0.02,
    clipped=0,
)


def test_a_failure_says_how_far_it_went():
    said = "CER rose by 0.034 [0.021, 0.048] on 120 prompts, more than the margin of 0.02: failed."
    assert explain(FOUND, AIM, Result.FAILED, CER) == said


def test_what_is_better_higher_falls_when_it_is_worse():
    wording = Wording("Identity", "points", 1, "higher", "the margin of 2 points", scale=100)
    said = "Identity fell by 3.4 points [2.1, 4.8] on 120 prompts, more than the margin of 2 points"
    assert explain(FOUND, AIM, Result.FAILED, wording) == f"{said}: failed."


def test_a_pass_within_the_margin_says_what_is_left_of_it():
    passed = replace(FOUND, mean=0.004, lower=-0.012, upper=0.019)
    said = "CER fell by 0.004 [−0.012, 0.019] on 120 prompts, within the margin of 0.02: passed."
    assert explain(passed, AIM, Result.PASSED, CER) == said


def test_an_open_result_says_what_could_have_been_shown():
    undecided = replace(FOUND, mean=-0.008, plain_mean=-0.008, lower=-0.021, upper=0.004)
    said = (
        "CER could be within or beyond the margin of 0.02: 0.008 worse [−0.004, 0.021]; "
        "120 prompts could have shown a change of 0.020 from there."
    )
    assert explain(undecided, AIM, Result.UNDECIDED, CER) == said


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Result.PASSED, "beyond the target: passed."),
        (Result.FAILED, "short of the target: failed."),
        (Result.UNDECIDED, "above or below the target"),
    ],
)
def test_a_target_is_met_or_not(result, words):
    aim, found = replace(AIM, threshold=0.02), replace(FOUND, mean=0.01, lower=0.0, upper=0.03)
    assert words in explain(found, aim, result, replace(CER, margin_words="the target"))


def test_what_fails_alone_but_not_among_all_is_said_to():
    said = explain(FOUND, AIM, Result.UNDECIDED, CER)
    assert "more than the margin of 0.02 by itself, but not surely so among all criteria" in said


def test_what_was_cut_off_is_said():
    evidence = replace(FOUND, mean=0.01, lower=-0.01, upper=0.03, clipped=3, tail=0.24)
    said = explain(evidence, AIM, Result.UNDECIDED, CER)
    assert "but 3 of them were cut, and in full it could be 0.250 worse: undecided." in said


def test_no_movement_is_not_called_one():
    still = replace(FOUND, mean=-0.0001, lower=-0.01, upper=0.01)
    assert "CER did not move: 0.000 [−0.010, 0.010]" in explain(still, AIM, Result.PASSED, CER)


def test_nothing_measured_is_said_so():
    assert "not measured on any prompt" in explain(replace(FOUND, n=0), AIM, Result.UNDECIDED, CER)
    assert "on 1 prompt," in explain(replace(FOUND, n=1), AIM, Result.FAILED, CER)
