"""The increments of criteria: one for each prompt, positive where the challenger is better."""

from decimal import Decimal

import numpy as np
import pytest

from arenas.candidates.models import Candidate
from metrics.checks.base import make_check
from metrics.court.decide import Trust
from metrics.regressions.gather import gather
from metrics.regressions.measure import (
    aim_at_people,
    collect,
    judge_trust,
    list_criteria,
    word,
)
from metrics.regressions.shape import CriterionShape
from metrics.results.models import CheckResult
from metrics.results.summarise import find_headline
from metrics.stats.betting import Bounds
from metrics.stats.court_rule import State
from tests.metrics.regressions.nights import (
    CRITERION,
    answer,
    begin,
    make_night,
    prove,
    shift,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("brightness")]
RATES = [
    {"measure": "refusal_rate", "margin": 2.0},
    {"measure": "failure_rate", "margin": 2.0},
    {"measure": "seconds", "margin": 10.0},
    {"measure": "cost_usd", "margin": 10.0},
]


def test_an_increment_is_the_difference_of_the_samples_means(tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    answer(run, lambda n, who, sample: 100 + 3.0 * sample if who == "house-v3" else 110 + n)
    found = collect(run)[0]
    assert dict(zip([each.key for each in found.prompts], found.plain, strict=True)) == {
        "p0": 110 - 103, "p1": 111 - 103,
    }  # fmt: skip


def test_prompts_count_one_by_one_in_an_order_that_differs_from_run_to_run(tmp_path):
    evaluation = make_night(tmp_path, prompts=12)
    first, second = begin(evaluation), begin(evaluation)
    orders = [[each.key for each in gather(run).prompts] for run in (first, second, first)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(f"p{n}" for n in range(12))


def test_what_either_side_lacks_is_missing_and_said(tmp_path):
    run = begin(make_night(tmp_path, prompts=4))
    answer(run, lambda n, who, sample: None if n == 0 and who == "house-v4" else 100.0)
    Candidate.objects.filter(prompt__key="p1", competitor__name="house-v3").update(status="failed")
    CheckResult.objects.filter(candidate__prompt__key="p1").delete()
    found = collect(run)[0]
    assert sorted(each.key for each in found.prompts) == ["p2", "p3"]
    assert found.missing == 2
    assert found.notes[0].startswith(
        "brightness.mean has nothing of the challenger on 2 of 4 prompts"
    )


def test_results_of_an_older_version_are_not_looked_at(tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    answer(run, shift(0))
    CheckResult.objects.update(version="0")
    assert len(collect(run)[0].increments) == 0


def test_no_prompt_counts_for_more_than_most(tmp_path):
    run = begin(make_night(tmp_path, prompts=3))
    answer(run, lambda n, who, sample: 5.0 if n == 0 and who == "house-v4" else 100.0)
    found = collect(run)[0]
    assert sorted(found.increments) == [-24, 0, 0]
    assert sorted(found.plain) == [-95, 0, 0]


def test_rates_seconds_and_usd_need_no_check(tmp_path):
    run = begin(make_night(tmp_path, prompts=4, criteria=RATES))
    answer(run, shift(0), seconds=2.0, cost_usd=Decimal("0.04"))
    of = Candidate.objects.filter(competitor__name="house-v4")
    of.filter(prompt__key="p0").update(status="refused_prompt")
    of.filter(prompt__key="p1").update(status="failed")
    of.filter(prompt__key="p2").update(seconds=4.0, cost_usd=Decimal("0.02"))
    refused, failed, seconds, usd = (
        dict(zip([each.key for each in found.prompts], found.plain.round(6), strict=True))
        for found in collect(run)
    )
    assert refused == {"p0": -100, "p1": 0, "p2": 0, "p3": 0}
    assert failed == {"p0": 0, "p1": -100, "p2": 0, "p3": 0}
    assert seconds == pytest.approx({"p2": -200 / 3, "p3": 0}, abs=1e-5)
    assert usd == pytest.approx({"p2": 200 / 3, "p3": 0}, abs=1e-5)


def test_a_measure_that_is_better_low_is_turned_round(tmp_path, brightness, monkeypatch):
    measure = brightness.measures[0]
    object.__setattr__(measure, "better", -1)
    try:
        run = begin(make_night(tmp_path, prompts=2))
        answer(run, shift(10))
        assert collect(run)[0].plain.tolist() == [-10, -10]
    finally:
        object.__setattr__(measure, "better", 1)


def test_a_check_that_may_gate_decides_and_another_advises(tmp_path):
    run = begin(make_night(tmp_path, prompts=2))
    answer(run, shift(0))
    before = collect(run)[0]
    assert (before.decides, before.trust) == (False, "unproven")
    assert "decisive vote" in before.trust_reason
    prove()
    after = collect(run)[0]
    assert (after.decides, after.trust, after.trust_reason) == (True, "may_gate", "")


def test_trust_in_one_category_is_not_trust_in_all(tmp_path):
    criteria = [CRITERION, {**CRITERION, "category": "fancy"}]
    run = begin(make_night(tmp_path, prompts=2, criteria=criteria))
    answer(run, shift(0))
    prove(category="fancy")
    assert [each.decides for each in collect(run)[:2]] == [False, True]


def test_votes_on_a_headline_prove_no_other_measure(tmp_path, brightness, monkeypatch):
    described = brightness.measures[1]
    object.__setattr__(described, "better", 1)
    try:
        criterion = {"measure": "brightness.images", "margin": 1.0}
        run = begin(make_night(tmp_path, prompts=2, criteria=[criterion]))
        answer(run, shift(0))
        prove()
        found = collect(run)[0]
    finally:
        object.__setattr__(described, "better", 0)
    assert (found.decides, found.trust) == (False, "may_gate")
    assert "brightness.mean may gate" in found.trust_reason


def test_what_is_the_headline_turned_round_decides_as_the_headline_does():
    trust = Trust(State.MAY_GATE, (), None)
    headline = find_headline(make_check("text"))
    decides = {
        name: judge_trust(CriterionShape(measure=f"text.{name}", margin=0.02), trust, headline)[0]
        for name in ("similarity", "cer", "wer")
    }
    assert decides == {"similarity": True, "cer": True, "wer": False}


def test_people_decide_in_the_categories_of_the_checks(tmp_path):
    checks = [{**CRITERION, "category": "fancy"}]
    run = begin(make_night(tmp_path, prompts=2, criteria=checks))
    assert [each.name for each in list_criteria(run)] == [
        "brightness.mean in fancy",
        "human in fancy",
    ]
    own = [*checks, {"measure": "human", "margin": 3.0}]
    run = begin(make_night(tmp_path, prompts=2, criteria=own))
    assert [each.margin for each in list_criteria(run)] == [8, 3]


def test_people_s_margin_in_elo_is_one_in_points():
    elo = CriterionShape(measure="human", margin=35, unit="elo")
    aim = aim_at_people(elo, Bounds(-50, 50))
    assert aim.threshold == pytest.approx(-5.02, abs=0.01)
    assert word(elo).margin_words == "the margin of 35 Elo"


def test_a_hosted_model_is_compared_with_its_own_past(tmp_path):
    evaluation = make_night(tmp_path, prompts=2, challenger="house-v3")
    first = begin(evaluation)
    answer(first, lambda n, who, sample: 100.0 + sample)
    assert (first.first_sample, collect(first)[0].plain.tolist()) == (3, [2.0, 2.0])
    second = begin(evaluation)
    assert Candidate.objects.filter(status="planned").count() == 2
    answer(second, lambda n, who, sample: 90.0)
    assert (second.first_sample, collect(second)[0].plain.tolist()) == (4, [-11.0, -11.0])
    assert np.isfinite(collect(first)[0].plain).all()
