import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.judge_assisted import (
    HEADER,
    WORLDS,
    describe,
    draw_judged,
    draw_truth,
    run_world,
)
from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.judge import assist
from metrics.stats.judged_votes import JudgedVotes
from metrics.stats.rate import rate

GOLDEN = Path(__file__).parents[3] / "fixtures/golden/judge/one_pair.json"
MIRROR = np.array([1, 0, 2, 3, -1])  # by Outcome, and -1 for none


def judged(world="gloss", seed=0):
    rng = np.random.default_rng(seed)
    return draw_judged(WORLDS[world], draw_truth(WORLDS[world], rng), rng)


def people_of(votes):
    chosen = votes.voted
    return Comparisons.from_codes(
        votes.models, votes.a[chosen], votes.b[chosen], votes.outcome[chosen]
    )


def test_the_golden_case_is_what_its_derivation_says():
    case = json.loads(GOLDEN.read_text(encoding="utf-8"))
    kinds = [kind for kind in case["kinds"] for _ in range(case["of_each"])]
    codes = {outcome.name.lower(): int(outcome) for outcome in Outcome} | {None: -1}
    result = assist(
        JudgedVotes.from_codes(
            ["x", "y"],
            [0] * len(kinds),
            [1] * len(kinds),
            [codes[kind["people"]] for kind in kinds],
            judge=[codes[kind["judge"]] for kind in kinds],
        )
    )
    expected, close = case["expected"], {"abs": case["tolerance"]}
    assert result.shrinkage == pytest.approx(expected["shrinkage"], **close)
    assert result.fit.logits[0] - result.fit.logits[1] == pytest.approx(expected["gap"], **close)
    for covariance, name in (
        (result.covariance, "variance"),
        (result.people_covariance, "people_variance"),
    ):
        variance = covariance.gap_standard_errors()[0, 1] ** 2
        assert variance == pytest.approx(expected[name], **close)


def test_judges_votes_are_counted_nowhere():
    votes = judged()
    result = assist(votes)
    assert result.votes.sum() == 2 * votes.voted.sum()
    assert result.alone == (~votes.voted).sum()
    assert result.effective_votes == pytest.approx(result.votes * result.gain)


def test_without_an_answer_of_the_judge_people_decide_alone():
    votes = judged()
    silent = replace(votes, judge=np.where(votes.voted, -1, votes.judge))
    result = assist(silent)
    plain = rate(people_of(votes), cluster=())
    assert result.fit.logits == pytest.approx(result.people_fit.logits, abs=1e-12)
    assert result.people_fit.logits == pytest.approx(plain.fit.logits, abs=1e-9)
    count = votes.voted.sum()
    assert result.people_covariance.standard_errors() == pytest.approx(
        plain.covariance.standard_errors() * np.sqrt(count / (count - 1)), rel=1e-6
    )
    assert result.gain == pytest.approx(1)


def test_an_adversary_is_not_listened_to():
    result = assist(judged("adversary"))
    assert (result.shrinkage == 0).all()
    assert result.correlation < 0
    assert result.fit.logits == pytest.approx(result.people_fit.logits, abs=1e-12)


@pytest.mark.parametrize("world", ["strength", "useless"])
def test_a_judge_that_knows_nothing_of_the_pictures_neither_helps_nor_hurts(world):
    gains = [assist(judged(world, seed)).median_gain for seed in range(10)]
    assert np.mean(gains) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("world", ["gloss", "unequal"])
def test_the_gain_is_nearly_the_most_there_is_and_intervals_cover(world):
    tallies = run_world(WORLDS[world], runs=30, truths=3, seed=5)
    reported, oracle, covered = (
        np.mean([getattr(tally, name) for tally in tallies])
        for name in ("reported", "oracle", "covered")
    )
    assert oracle > 1.15
    assert reported > 0.95 * oracle
    # 240 intervals that hang together within a run: two standard errors are about 0.04.
    assert covered == pytest.approx(0.95, abs=0.04)


def test_intervals_clustered_by_prompt_and_rater_cover():
    tallies = run_world(WORLDS["clustered"], runs=30, truths=3, seed=5)
    assert np.mean([tally.covered for tally in tallies]) == pytest.approx(0.95, abs=0.04)
    assert np.mean([tally.width for tally in tallies]) < 0.9


def test_unequal_probabilities_matter():
    votes = judged("unequal")
    even = replace(votes, probability=np.ones(len(votes.a)))
    ours, theirs = assist(votes).fit.logits, assist(even).fit.logits
    assert np.abs(ours - theirs).max() > 0.1


def test_turning_every_battle_round_changes_nothing():
    votes = judged()
    turned = replace(
        votes, a=votes.b, b=votes.a, outcome=MIRROR[votes.outcome], judge=MIRROR[votes.judge]
    )
    ours, theirs = assist(votes), assist(turned)
    assert ours.fit.logits == pytest.approx(theirs.fit.logits, abs=1e-9)
    assert ours.reach == pytest.approx(theirs.reach, abs=1e-9)


def test_a_judge_with_a_taste_for_the_first_side_counts_as_much_as_one_without():
    fair, biased = (
        np.mean([assist(draw(first, seed)).median_gain for seed in range(6)])
        for first in (0.0, 0.8)
    )
    assert biased > 0.97 * fair


def draw(first, seed):
    world = replace(WORLDS["plain"], first=first)
    rng = np.random.default_rng(seed)
    return draw_judged(world, draw_truth(world, rng), rng)


def test_votes_on_one_battle_are_no_independent_evidence():
    votes = judged("plain")
    people = votes.voted
    twice = {
        name: np.concatenate([getattr(votes, name), getattr(votes, name)[people]])
        for name in ("a", "b", "outcome", "judge", "battle", "probability")
    }
    doubled = replace(votes, **twice)
    ours, theirs = assist(votes), assist(doubled)
    assert theirs.fit.logits == pytest.approx(ours.fit.logits, abs=1e-6)
    assert theirs.reach == pytest.approx(ours.reach, rel=1e-3)


def test_a_component_that_votes_separate_stays_as_people_have_it():
    votes = judged()
    best = votes.voted & ((votes.a == 7) | (votes.b == 7))
    never_lost = np.where(best, np.where(votes.a == 7, 0, 1), votes.outcome)
    result = assist(replace(votes, outcome=never_lost))
    assert result.fit.separated.all()
    assert result.fit.logits == pytest.approx(result.people_fit.logits, abs=1e-9)


def test_extra_prompts_of_the_judge_do_not_add_degrees_of_freedom():
    votes = judged("clustered")
    seen = len(np.unique(votes.clusters["prompt"][votes.voted]))
    raters = len(np.unique(votes.clusters["rater"][votes.voted]))
    assert seen < len(np.unique(votes.clusters["prompt"]))
    assert (assist(votes).covariance.degrees == min(seen, raters) - 1).all()


def test_a_single_prompt_or_rater_is_no_cluster_of_its_own_accord():
    votes = judged("plain")
    one = np.zeros(len(votes.a), dtype=np.int64)
    result = assist(replace(votes, clusters={"prompt": one, "rater": one}))
    assert result.settings.cluster == ()
    assert np.isfinite(result.reach).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": [4]}, "row 0: outcome out of range"),
        ({"judge": [-2]}, "row 0: judge out of range"),
        ({"outcome": [-1], "judge": [-1]}, "row 0: a battle nobody answered"),
        ({"b": [0]}, "row 0: a model against itself"),
        ({"probability": [0.0]}, "row 0: no probability"),
        ({"judge": [0, 1]}, "judge: 2 rows"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(change, message):
    sound = {"a": [0], "b": [1], "outcome": [0], "judge": [0]}
    with pytest.raises(ValueError, match=message):
        JudgedVotes.from_codes(["x", "y"], **(sound | change))


def test_a_judge_alone_rates_nobody():
    alone = JudgedVotes.from_codes(["x", "y"], [0], [1], [-1], judge=[0])
    with pytest.raises(ValueError, match="no votes of people"):
        assist(alone)


def test_unknown_clusters_are_refused():
    with pytest.raises(ValueError, match="no clusters 'prompt'"):
        assist(judged("plain"), cluster=["prompt"])


def test_the_benchmark_prints_a_row_as_wide_as_its_heading():
    tallies = run_world(WORLDS["clustered"], runs=2, truths=1, seed=0)
    assert describe("clustered", tallies, 2).count("|") == HEADER.splitlines()[0].count("|")
