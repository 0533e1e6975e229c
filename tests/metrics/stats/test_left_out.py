import numpy as np
import pytest
from scipy.special import expit

from metrics.stats.comparisons import Comparisons
from metrics.stats.left_out import leave_one_out
from metrics.stats.methods.base import make_method
from metrics.stats.ratings import POINTS_PER_LOGIT

STRENGTHS = np.array([1.0, 0.9, 0.1, -0.8, -1.2])
NAMES = tuple("vwxyz")


def log(seed=0, *, votes=2000, raters=40, zealot=0):
    """Votes of raters; the last `zealot` of them are one rater's, all against the best model."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 5, votes)
    b = (a + rng.integers(1, 5, votes)) % 5
    outcome = np.where(rng.random(votes) < expit(STRENGTHS[a] - STRENGTHS[b]), 0, 1)
    rater = rng.integers(0, raters, votes)
    if zealot:
        a[-zealot:], b[-zealot:], outcome[-zealot:], rater[-zealot:] = 0, 1, 1, raters
    return Comparisons.from_codes(NAMES, a, b, outcome, clusters={"rater": rater}, in_order=True)


def refit_without(comparisons, code):
    kept = comparisons.select(comparisons.clusters["rater"] != code)
    return make_method("bradley_terry").fit(kept).logits


def test_the_one_rater_who_decides_the_first_place_is_found():
    comparisons = log(zealot=120)
    with_all = make_method("bradley_terry").fit(comparisons).logits
    assert np.argmax(with_all) == 1
    result = leave_one_out(comparisons, "rater")
    zealot = result.changing[0]
    assert (zealot.code, zealot.votes, zealot.first) == (40, 120, "v")
    assert ("w", "v") in zealot.reversed
    assert result.largest.code == 40


@pytest.mark.parametrize("seed", range(4))
def test_screening_misses_no_rater_that_changes_an_order(seed):
    comparisons = log(seed, votes=600, raters=15)
    full = make_method("bradley_terry").fit(comparisons).logits
    order = np.argsort(-full)
    changing = {
        code for code in range(15) if (np.diff(refit_without(comparisons, code)[order]) > 0).any()
    }
    result = leave_one_out(comparisons, "rater")
    assert {left.code for left in result.changing} == changing
    assert result.clusters == 15


def test_the_largest_move_is_that_of_a_refit():
    comparisons = log(raters=15)
    full = make_method("bradley_terry").fit(comparisons).logits
    moves = np.array([refit_without(comparisons, code) - full for code in range(15)])
    largest = leave_one_out(comparisons, "rater").largest
    assert abs(largest.points) == pytest.approx(POINTS_PER_LOGIT * np.abs(moves).max())
    code, model = np.unravel_index(np.abs(moves).argmax(), moves.shape)
    assert (largest.code, largest.moved) == (code, NAMES[model])


def test_leaving_out_the_only_rater_is_refused():
    with pytest.raises(ValueError, match="rater"):
        leave_one_out(log(raters=1), "rater")
