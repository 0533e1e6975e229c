import json
from pathlib import Path

import evalica
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from metrics.stats.agreement import krippendorff_alpha, measure_agreement, wilson

GOLDEN = Path(__file__).parents[3] / "fixtures/golden/agreement/krippendorff_2011.json"
MIRROR = np.array([1, 0, 2, 3])


def seed():
    return np.random.default_rng(0)


def counts_of(observers):
    """How many observers gave each unit each value; None is no rating."""
    values = sorted({value for row in observers for value in row if value is not None})
    return [[column.count(value) for value in values] for column in zip(*observers, strict=True)]


def votes_of(rng, *, battles=200, raters=5, noise=0.3):
    """Each rater on each battle once, sides at random: what most say, or anything."""
    battle, rater = np.divmod(np.arange(battles * raters), raters)
    a = rng.integers(0, 6, battles)
    b = (a + rng.integers(1, 6, battles)) % 6
    said = rng.integers(0, 4, battles)[battle]
    said = np.where(rng.random(len(said)) < noise, rng.integers(0, 4, len(said)), said)
    turned = rng.random(len(said)) < 0.5
    sides = np.where(turned, b[battle], a[battle]), np.where(turned, a[battle], b[battle])
    return battle, rater, *sides, np.where(turned, MIRROR[said], said)


def test_alpha_of_krippendorffs_own_example_is_as_printed():
    case = json.loads(GOLDEN.read_text(encoding="utf-8"))
    alpha = krippendorff_alpha(counts_of(case["observers"]), rng=seed())
    assert alpha.alpha == pytest.approx(case["expected"]["alpha"], abs=case["tolerance"])
    assert (alpha.units, alpha.values) == (case["expected"]["units"], case["expected"]["values"])


@pytest.mark.parametrize("number", range(4))
def test_alpha_agrees_with_evalica(number):
    rng = np.random.default_rng(number)
    truth = rng.integers(0, 4, 80)
    table = np.where(rng.random((6, 80)) < 0.4, rng.integers(0, 4, (6, 80)), truth).astype(float)
    table[rng.random(table.shape) < 0.3] = np.nan
    observers = [[None if np.isnan(value) else int(value) for value in row] for row in table]
    ours = krippendorff_alpha(counts_of(observers), rng=seed()).alpha
    assert ours == pytest.approx(evalica.alpha(pd.DataFrame(table)).alpha, abs=1e-9)


def test_alpha_is_one_where_all_agree_and_undefined_without_a_choice():
    assert krippendorff_alpha([[3, 0], [0, 2]], rng=seed()).alpha == 1
    assert krippendorff_alpha([[3, 0], [2, 0]], rng=seed()).alpha is None
    assert krippendorff_alpha([[1, 0], [0, 1]], rng=seed()).units == 0


def test_alphas_interval_covers_what_very_many_battles_give():
    rng = np.random.default_rng(1)
    truth = measure_agreement(*votes_of(rng, battles=40_000), rounds=1, rng=rng).alpha.alpha
    found = [measure_agreement(*votes_of(rng), rounds=200, rng=rng).alpha for _ in range(200)]
    lower, upper = np.array([(alpha.lower, alpha.upper) for alpha in found], dtype=float).T
    covered = np.mean((lower <= truth) & (truth <= upper))
    assert covered == pytest.approx(0.95, abs=0.03)


def test_turning_every_showing_round_changes_nothing():
    battle, rater, a, b, outcome = votes_of(seed())
    turned = measure_agreement(battle, rater, b, a, MIRROR[outcome], rng=seed())
    assert turned == measure_agreement(battle, rater, a, b, outcome, rng=seed())


def test_naming_the_models_otherwise_does_not_change_alpha():
    battle, rater, a, b, outcome = votes_of(seed())
    other = measure_agreement(battle, rater, 5 - a, 5 - b, outcome, rng=seed()).alpha
    same = measure_agreement(battle, rater, a, b, outcome, rng=seed()).alpha
    assert other.alpha == pytest.approx(same.alpha, abs=1e-12)


def test_a_rater_is_compared_with_the_others_of_the_same_battles():
    # Rater 0 says what one of the two others says on the first battle, and both on the second.
    agreement = measure_agreement(
        [0, 0, 0, 1, 1, 1, 2],
        [0, 1, 2, 0, 1, 2, 0],
        [0] * 7,
        [1] * 7,
        [0, 0, 1, 2, 2, 2, 3],
        rng=seed(),
    )
    others = agreement.raters[0].others
    assert (others.count, others.of, others.share) == (1.5, 2, 0.75)
    assert agreement.raters[0].votes == 3


def test_repeats_are_compared_with_the_vote_before_and_split_by_side():
    # One rater, one battle four times: the same, mirrored the same, mirrored the other way.
    agreement = measure_agreement(
        [7] * 4, [3] * 4, [0, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 1], rng=seed()
    )
    (rater,) = agreement.raters
    assert (rater.repeats.count, rater.repeats.of) == (2, 3)
    assert (rater.mirrored.count, rater.mirrored.of) == (1, 2)
    assert (rater.unmirrored.count, rater.unmirrored.of) == (1, 1)
    assert (agreement.repeats.count, agreement.repeats.of) == (2, 3)


def test_repeats_do_not_count_as_other_raters():
    agreement = measure_agreement([1] * 3, [4] * 3, [0] * 3, [1] * 3, [0, 0, 0], rng=seed())
    assert agreement.alpha.units == 0
    assert agreement.raters[0].others.share is None


def test_votes_without_a_rater_count_nowhere():
    agreement = measure_agreement([1, 1], [-1, 4], [0, 0], [1, 1], [0, 0], rng=seed())
    assert agreement.alpha.units == 0
    assert [rater.rater for rater in agreement.raters] == [4]


def test_wilsons_interval_is_that_of_a_textbook():
    # 81 of 263 (Newcombe 1998, Statistics in Medicine 17): 0.2553 to 0.3662.
    share = wilson(81, 263)
    assert (share.lower, share.upper) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilsons_interval_ends_at_nothing_and_all():
    assert wilson(0, 9).lower == pytest.approx(0, abs=1e-12)
    assert wilson(9, 9).upper == pytest.approx(1, abs=1e-12)


def test_arrays_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="length"):
        measure_agreement([1], [1, 2], [0], [1], [0], rng=seed())
