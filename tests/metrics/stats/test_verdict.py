from dataclasses import replace

import numpy as np
import pytest

from metrics.stats.betting import Aim, Bounds, bet
from metrics.stats.verdict import (
    NO_CRITERION,
    Evidence,
    Outcome,
    Result,
    Standing,
    clip,
    judge,
    passes,
    weigh,
)

AIM = Aim(-0.05, 0.05, 0.3, Bounds(-0.5, 0.5))
OPEN = Evidence(
    n=100,
    mean=-0.02,
    plain_mean=-0.02,
    lower=-0.1,
    upper=0.06,
    p_pass=1.0,
    p_fail=1.0,
    decided_at=None,
    detectable=0.05,
    clipped=0,
)


def good(p=0.001):
    return replace(OPEN, p_pass=p, mean=0.1, plain_mean=0.1)


def bad(p):
    return replace(OPEN, p_fail=p)


def stand(*evidence, decides=True):
    return [Standing(f"c{i}", each, decides, AIM) for i, each in enumerate(evidence)]


def draw(mean, n=200, seed=0):
    chances = [0.4 - mean, 0.2, 0.4 + mean]
    return np.random.default_rng(seed).choice([-0.5, 0.0, 0.5], n, p=chances)


def test_a_run_passes_when_all_its_criteria_do_uncorrected():
    verdict = judge(stand(*[good(0.049)] * 5), alpha=0.05)
    assert verdict.outcome == Outcome.PASS
    assert verdict.results == (Result.PASSED,) * 5


def test_one_open_criterion_leaves_the_run_to_people():
    verdict = judge(stand(good(), OPEN), alpha=0.05)
    assert (verdict.outcome, verdict.results[1]) == (Outcome.NEEDS_HUMANS, Result.UNDECIDED)
    assert verdict.reasons == ("c1 is not decided after 100 prompts",)


def test_one_failure_fails_the_run_whatever_passed():
    verdict = judge(stand(good(), bad(0.001), OPEN), alpha=0.05)
    assert verdict.outcome == Outcome.FAIL
    assert verdict.results == (Result.PASSED, Result.FAILED, Result.UNDECIDED)
    assert verdict.reasons == ("c1 failed",)


def test_a_failure_is_corrected_over_the_criteria_that_decide():
    five = judge(stand(bad(0.02), *[good()] * 4), alpha=0.05)
    assert (five.outcome, five.results[0]) == (Outcome.NEEDS_HUMANS, Result.UNDECIDED)
    assert "not among all" in five.reasons[0]
    two = judge(stand(bad(0.02), good()), alpha=0.05)
    assert two.outcome == Outcome.FAIL


def test_holm_steps_on_to_the_next_failure():
    results = judge(stand(bad(0.02), bad(0.04), bad(0.01)), alpha=0.05).results
    assert results == (Result.FAILED, Result.FAILED, Result.FAILED)
    results = judge(stand(bad(0.03), bad(0.04), bad(0.01)), alpha=0.05).results
    assert results == (Result.UNDECIDED, Result.UNDECIDED, Result.FAILED)


def test_advice_neither_fails_nor_passes_a_run_nor_corrects_it():
    standings = [*stand(good()), *stand(*[bad(1e-9)] * 9, decides=False)]
    verdict = judge(standings, alpha=0.05)
    assert verdict.outcome == Outcome.PASS
    assert verdict.results[1] == Result.FAILED


def test_with_advice_alone_people_must_decide():
    verdict = judge(stand(good(), decides=False), alpha=0.05)
    assert (verdict.outcome, verdict.reasons) == (Outcome.NEEDS_HUMANS, (NO_CRITERION,))
    assert judge([], alpha=0.05).outcome == Outcome.NEEDS_HUMANS


def test_evidence_says_when_it_was_decided_and_how_sure_it_is():
    evidence = weigh(draw(0.15), AIM, alpha=0.05)
    assert evidence.decided_at is not None
    before = weigh(draw(0.15)[: evidence.decided_at - 1], AIM, alpha=0.05)
    assert evidence.p_pass <= 0.05 < before.p_pass
    assert evidence.lower > AIM.threshold >= before.lower


def test_what_was_decided_once_stays_so():
    increments = np.concatenate([draw(0.2, 100), draw(-0.07, 200)])
    first, later = (weigh(increments[:n], AIM, alpha=0.05) for n in (100, 300))
    assert later.p_pass <= first.p_pass <= 0.05
    assert later.decided_at == first.decided_at
    assert later.lower >= first.lower


def test_looks_give_the_number_of_increments_of_the_look_that_decided():
    looks = np.array([50, 100, 150, 200])
    every, seldom = (weigh(draw(0.15), AIM, alpha=0.05, looks=each) for each in (None, looks))
    assert every.decided_at is not None
    assert seldom.decided_at == looks[looks >= every.decided_at][0]


def test_rare_catastrophes_that_were_clipped_away_stop_a_pass():
    plain = np.where(np.arange(200) % 20 == 0, -8.0, draw(0.2))
    evidence = weigh(clip(plain, AIM), AIM, alpha=0.05, plain=plain)
    assert evidence.p_pass <= 0.05
    assert (evidence.clipped, passes(evidence, AIM, alpha=0.05)) == (10, False)
    (reason,) = judge(stand(evidence), alpha=0.05).reasons
    assert "but for what was cut off of 10 prompts" in reason


def test_what_was_cut_off_may_stop_a_pass_though_the_plain_mean_is_good_enough():
    plain = np.where(np.arange(200) % 70 == 0, -8.0, draw(0.2))
    evidence = weigh(clip(plain, AIM), AIM, alpha=0.05, plain=plain)
    assert evidence.plain_mean > AIM.threshold > evidence.lower - evidence.tail
    assert not passes(evidence, AIM, alpha=0.05)


def test_nothing_is_cut_off_where_bounds_are_what_can_be():
    assert weigh(draw(0.2), AIM, alpha=0.05).tail == 0


def test_nothing_measured_is_not_decided():
    evidence = weigh(np.zeros(0), AIM, alpha=0.05)
    assert (evidence.n, evidence.p_pass, evidence.p_fail) == (0, 1, 1)
    assert np.isnan(evidence.mean)
    assert judge(stand(evidence), alpha=0.05).reasons == ("c0: nothing is measured yet",)


def test_increments_all_alike_are_weighed_too():
    assert weigh(np.zeros(200), AIM, alpha=0.05).p_pass < 0.05


def test_what_is_detectable_is_what_is_decided_four_times_in_five():
    detectable = weigh(draw(0.0, 250), AIM, alpha=0.05).detectable
    runs = draw(AIM.threshold + detectable, (400, 250), 1)
    decided = bet(runs, AIM).passing.max(axis=1) >= -np.log(0.05)
    assert decided.mean() == pytest.approx(0.8, abs=0.06)


def test_more_prompts_detect_less():
    few, many = (weigh(draw(0.0, n), AIM, alpha=0.05).detectable for n in (50, 800))
    assert few > 2 * many
