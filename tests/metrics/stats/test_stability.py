import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.methods.base import make_method
from metrics.stats.stability import find_fragility

GOLDEN = Path(__file__).parents[3] / "fixtures/golden/stability/one_pair.json"
SHARED = Path(__file__).parents[4] / "shared/data/votes/genai_arena_clean_battle_20240220.json"
HISTORIC = {"model_a": 0, "model_b": 1, "tie": 2, "tie (bothbad)": 3}


def simulated(seed, *, models=8, votes=3000, spread=0.6):
    rng = np.random.default_rng(seed)
    strengths = rng.normal(0, spread, models)
    a = rng.integers(0, models, votes)
    b = (a + rng.integers(1, models, votes)) % models
    won = rng.random(votes) < expit(strengths[a] - strengths[b])
    outcome = np.where(rng.random(votes) < 0.25, rng.integers(2, 4, votes), np.where(won, 0, 1))
    return log_of([f"m{model}" for model in range(models)], a, b, outcome)


def log_of(models, a, b, outcome):
    return Comparisons.from_codes(models, a, b, outcome, in_order=True)


def real():
    if not SHARED.exists():
        pytest.skip("GenAI-Arena's votes are not beside the project")
    votes = [
        vote
        for vote in json.loads(SHARED.read_text(encoding="utf-8"))
        if vote["model_a"].endswith("_generation") and vote["model_a"] != vote["model_b"]
    ]
    models = sorted({vote[side] for vote in votes for side in ("model_a", "model_b")})
    a, b = ([models.index(vote[side]) for vote in votes] for side in ("model_a", "model_b"))
    return log_of(models, a, b, [HISTORIC[vote["winner"]] for vote in votes])


LOGS = pytest.mark.parametrize("read", [real, lambda: simulated(0)], ids=["real", "simulated"])


def gap_without(comparisons, rows, upper, lower):
    """Refitted from the single votes that are left, by nothing that found them."""
    kept = np.setdiff1d(np.arange(len(comparisons.a)), rows)
    logits = make_method("bradley_terry").fit(comparisons.select(kept)).logits
    names = comparisons.models
    return logits[names.index(upper)] - logits[names.index(lower)]


@LOGS
def test_the_first_place_changes_without_the_named_votes(read):
    comparisons = read()
    first = find_fragility(comparisons).first
    fit = make_method("bradley_terry").fit(comparisons)
    assert comparisons.models[np.argmax(fit.logits)] == first.upper
    assert gap_without(comparisons, first.rows, first.upper, first.lower) < 0
    assert len(set(first.rows.tolist())) == len(first.rows)


@LOGS
def test_every_order_of_neighbours_turns_without_the_named_votes(read):
    comparisons = read()
    found = find_fragility(comparisons).neighbours
    assert len(found) == len(comparisons.models) - 1
    for removal in found:
        assert gap_without(comparisons, [], removal.upper, removal.lower) > 0
        assert gap_without(comparisons, removal.rows, removal.upper, removal.lower) < 0


@LOGS
def test_no_order_turns_without_all_but_one_of_the_named_votes(read):
    comparisons = read()
    for removal in find_fragility(comparisons).neighbours:
        for left_in in range(len(removal.rows)):
            fewer = np.delete(removal.rows, left_in)
            assert gap_without(comparisons, fewer, removal.upper, removal.lower) >= 0


@pytest.mark.parametrize("seed", range(6))
def test_a_removal_called_least_is_what_trying_everything_finds(seed):
    comparisons = simulated(seed, models=3, votes=24, spread=0.4)
    for removal in find_fragility(comparisons).neighbours:
        if removal is None or not removal.least or len(removal.rows) > 3:
            continue
        for fewer in range(len(removal.rows)):
            for rows in combinations(range(24), fewer):
                assert gap_without(comparisons, rows, removal.upper, removal.lower) >= 0


def test_the_golden_case_takes_as_many_votes_as_derived():
    case = json.loads(GOLDEN.read_text(encoding="utf-8"))
    rows = [vote[:3] for vote in case["votes"] for _ in range(vote[3])]
    a, b = (["xy".index(row[side]) for row in rows] for side in (0, 1))
    first = find_fragility(log_of("xy", a, b, [Outcome[row[2].upper()] for row in rows])).first
    expected = case["expected"]
    assert (first.upper, first.lower) == (expected["upper"], expected["lower"])
    assert (len(first.rows), first.least) == (expected["votes"], expected["least"])


def test_an_order_that_no_removal_turns_is_none():
    # Without the last of x's wins the two no longer meet at all.
    fragility = find_fragility(log_of("xy", [0, 0, 0], [1, 1, 1], [0, 0, 0]))
    assert fragility.first is None
    assert fragility.neighbours == (None,)


def test_without_votes_there_is_no_order_to_turn():
    nothing = np.array([], dtype=np.int64)
    assert find_fragility(log_of("xy", nothing, nothing, nothing)).first is None


def test_unequal_weights_are_heeded():
    comparisons = simulated(1, votes=600)
    heavy = comparisons.reweighted(np.where(comparisons.outcome == 0, 3.0, 1.0))
    first = find_fragility(heavy).first
    assert gap_without(heavy, first.rows, first.upper, first.lower) < 0


def test_davidsons_order_turns_too():
    comparisons = simulated(2, votes=800)
    first = find_fragility(comparisons, method="davidson").first
    kept = comparisons.select(np.setdiff1d(np.arange(800), first.rows))
    logits = make_method("davidson").fit(kept).logits
    assert logits[comparisons.models.index(first.upper)] < logits.max()
