import json
from pathlib import Path

import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons, Outcome
from metrics.stats.usable import estimate_usable

GOLDEN = Path(__file__).parents[3] / "fixtures/golden/usable.json"
USABLE = np.linspace(0.2, 0.95, 8)


def shown_votes(seed, *, votes=2000, usable=USABLE, prompts=0):
    """Votes in which models mostly meet neighbours, as adaptive pairing has it."""
    rng = np.random.default_rng(seed)
    size = len(usable)
    a = rng.integers(0, size, votes)
    away = rng.choice([1, 2, 3], votes, p=[0.6, 0.25, 0.15]) * rng.choice([-1, 1], votes)
    b = np.where((a + away < 0) | (a + away >= size), a - away, a + away)
    bad = (rng.random((2, votes)) > usable[[a, b]]).all(axis=0)
    outcome = np.where(bad, Outcome.BOTH_BAD, rng.integers(0, 3, votes))
    clusters = {"prompt": rng.integers(0, prompts, votes)} if prompts else None
    return Comparisons.from_codes(
        [f"m{code}" for code in range(size)], a, b, outcome, clusters=clusters
    )


def covers(interval, value):
    return interval.lower <= value <= interval.upper


def raw_share(row):
    return 1 - row.both_bad_share


def test_the_golden_case_is_what_its_derivation_says():
    case = json.loads(GOLDEN.read_text("utf-8"))
    models = [*"xyz"]
    a, b, outcome, weight = zip(*case["votes"], strict=True)
    comparisons = Comparisons.from_codes(
        models,
        [models.index(name) for name in a],
        [models.index(name) for name in b],
        [Outcome[name.upper()] for name in outcome],
        weight=weight,
    )
    found = {row.model: row.usable.value for row in estimate_usable(comparisons).rows}
    assert found == pytest.approx(case["expected"]["usable"], abs=case["tolerance"])


def test_rates_are_recovered_where_raw_shares_depend_on_the_opponents():
    hits, values, raw = [], [], []
    for seed in range(150):
        rows = estimate_usable(shown_votes(seed)).rows
        hits += [covers(row.usable, truth) for row, truth in zip(rows, USABLE, strict=True)]
        values.append([row.usable.value for row in rows])
        raw.append([raw_share(row) for row in rows])
    assert np.abs(np.mean(values, axis=0) - USABLE).max() < 0.01
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02)
    assert np.abs(np.mean(raw, axis=0) - USABLE).max() > 0.2


def test_intervals_can_be_clustered_by_prompt():
    comparisons = shown_votes(0, prompts=10)
    plain, clustered = (estimate_usable(comparisons, cluster=by) for by in ((), ("prompt",)))
    assert clustered.cluster == ("prompt",)
    for row, other in zip(plain.rows, clustered.rows, strict=True):
        assert row.usable.value == other.usable.value
        assert row.usable.upper != other.usable.upper


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0, 0], [1, 1]),
        ([0, 1, 2, 3], [1, 2, 3, 0]),
        ([0, 0, 1, 1], [2, 3, 2, 3]),
    ],
)
def test_two_camps_that_met_only_each_other_leave_the_rate_open(a, b):
    outcome = ([3, 0] * 2)[: len(a)]
    rows = estimate_usable(Comparisons.from_codes([*"wxyz"], a, b, outcome)).rows
    met = [row for row in rows if row.votes]
    assert all(row.usable is None for row in rows)
    assert {row.no_rate for row in met} == {"it is open which side was bad"}


def test_an_open_pair_does_not_hide_the_rates_of_others():
    comparisons = Comparisons.from_codes(
        [*"vwxyz!"], [0, 1, 2, 3], [1, 2, 0, 4], [3, 0, 3, 3], weight=[10, 10, 10, 10]
    )
    rows = estimate_usable(comparisons).rows
    assert [row.no_rate for row in rows] == [
        "",
        "",
        "",
        *["it is open which side was bad"] * 2,
        "no votes",
    ]


def test_a_model_without_a_bad_vote_is_not_called_certain():
    comparisons = Comparisons.from_codes([*"xyz"], [0, 1, 2], [1, 2, 0], [0, 1, 3], weight=[30] * 3)
    best = estimate_usable(comparisons).rows[1]
    assert best.border
    assert 0.8 < best.usable.value < 1
    assert covers(best.usable, 0.9)


@pytest.mark.parametrize("outcome", [Outcome.BOTH_BAD, Outcome.TIE])
def test_votes_that_all_agree_have_rates_inside_0_to_1(outcome):
    comparisons = Comparisons.from_codes(
        [*"xyz"], [0, 1, 2], [1, 2, 0], [outcome] * 3, weight=[1e6] * 3
    )
    for row in estimate_usable(comparisons).rows:
        assert 0 < row.usable.value < 1
        assert covers(row.usable, row.usable.value)


def test_swapped_sides_and_repeated_votes_change_nothing():
    comparisons = shown_votes(3, votes=300)
    back = Comparisons.from_codes(
        comparisons.models,
        np.append(comparisons.b, comparisons.b),
        np.append(comparisons.a, comparisons.a),
        np.tile(comparisons.outcome, 2),
        weight=np.tile(comparisons.weight / 2, 2),
    )
    for row, other in zip(
        estimate_usable(comparisons).rows, estimate_usable(back).rows, strict=True
    ):
        assert row.usable.value == pytest.approx(other.usable.value)
        assert row.usable.lower == pytest.approx(other.usable.lower)
