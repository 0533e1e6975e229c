"""Rules for the next pairs, on ratings where the right choice is known."""

import numpy as np
import pytest

from metrics.stats.design import (
    adjacent_pairs,
    find_newcomers,
    informative_pairs,
    newcomer_pairs,
)
from metrics.stats.ratings import POINTS_PER_LOGIT

SIZE = 6


def ladder(*points):
    """Logits of models at these points."""
    logits = np.array(points) / POINTS_PER_LOGIT
    return logits - logits.mean()


def known_to(error, size=SIZE):
    """The covariance of ratings with this standard error each, in points."""
    return np.eye(size) * (error / POINTS_PER_LOGIT) ** 2


def met_evenly(votes, size=SIZE):
    return votes * (1 - np.eye(size))


def informative(logits, covariance, **changed):
    settings = {"random_share": 0.25, "rng": np.random.default_rng(1), **changed}
    return informative_pairs(logits, covariance, met_evenly(100, len(logits)), **settings)


EVEN = ladder(0, 100, 200, 300, 400, 500)
# Third and fourth are 30 points apart, all other neighbours 200 or more.
CLOSE = ladder(0, 200, 400, 430, 630, 830)


@pytest.mark.parametrize("logits", [EVEN, CLOSE, ladder(0, 0, 0, 0, 0, 0)])
def test_pairs_have_probabilities_that_add_up_to_one(logits):
    for pairs in (
        adjacent_pairs(logits, known_to(20), rng=np.random.default_rng(1)),
        informative(logits, known_to(20)),
    ):
        assert np.triu(pairs).sum() == pytest.approx(1)
        assert (pairs >= 0).all()
        assert (np.diagonal(pairs) == 0).all()
        assert pairs == pytest.approx(pairs.T)


def test_adjacent_pairs_are_the_neighbours_where_the_order_is_known():
    pairs = adjacent_pairs(EVEN, known_to(2), rng=np.random.default_rng(1))
    assert np.diagonal(pairs, 1).sum() == pytest.approx(1)


def test_of_neighbours_the_closer_ones_meet_more_often():
    pairs = adjacent_pairs(CLOSE, known_to(2), rng=np.random.default_rng(1))
    assert pairs[2, 3] / pairs[0, 1] == pytest.approx(200 / 30, rel=0.2)


def test_where_the_order_is_open_others_may_be_neighbours():
    pairs = adjacent_pairs(ladder(0, 0, 0, 0, 0, 0), known_to(50), rng=np.random.default_rng(1))
    assert pairs[np.triu_indices(SIZE, 1)].min() > 0.02


def test_informative_pairs_are_about_the_hardest_gap():
    pairs = informative(CLOSE, known_to(5))
    assert pairs[2, 3] > 0.9


def test_gaps_below_the_resolution_are_not_chased():
    pairs = informative(ladder(0, 200, 400, 405, 605, 655), known_to(1))
    assert pairs[4, 5] > 10 * pairs[2, 3]


def test_without_any_gap_to_settle_informative_pairs_are_uniform():
    pairs = informative(ladder(0, 1, 2, 3, 4, 5), known_to(0.1))
    assert pairs[np.triu_indices(SIZE, 1)] == pytest.approx(1 / 15)


def test_informative_pairs_lower_the_largest_need_for_votes():
    """The aim itself, worked out for known ratings: the hardest gap's variance per squared gap."""

    def hardest(pairs):
        chance = 1 / (1 + np.exp(-(CLOSE[:, None] - CLOSE[None, :])))
        weights = (0.25 * met_evenly(1 / 15) + 0.75 * pairs) * chance * chance.T
        inverse = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
        contrasts = np.diff(np.eye(SIZE), axis=0)
        variances = np.diagonal(contrasts @ inverse @ contrasts.T)
        return (variances / np.diff(CLOSE) ** 2).max()

    assert hardest(informative(CLOSE, known_to(5))) < 0.45 * hardest(met_evenly(1 / 15))


def test_the_rules_do_not_care_how_models_are_numbered():
    turned = [3, 0, 5, 1, 4, 2]
    pairs = informative(CLOSE, known_to(3))
    again = informative(CLOSE[turned], known_to(3))
    assert again == pytest.approx(pairs[np.ix_(turned, turned)], abs=0.02)


def test_the_same_seed_gives_the_same_pairs():
    first, second = (informative(EVEN, known_to(30)) for _ in range(2))
    assert np.array_equal(first, second)


def test_who_has_less_than_half_the_median_is_new():
    assert find_newcomers(np.array([400.0, 400, 400, 199, 200])).tolist() == [False] * 3 + [
        True,
        False,
    ]


def test_nobody_stays_new_beyond_fifteen_hundred_votes():
    assert find_newcomers(np.array([9e5, 9e5, 9e5, 1499, 1500])).tolist() == [False] * 3 + [
        True,
        False,
    ]


def test_at_the_start_everybody_is_new_and_nobody_first():
    assert not find_newcomers(np.array([60.0, 60, 0])).any()
    assert not find_newcomers(np.array([5000.0, 5000, 0, 0, 0])).any()
    assert not find_newcomers(np.array([])).any()


def test_newcomers_meet_established_opponents_only_and_share_the_votes():
    pairs = newcomer_pairs(np.array([False, True, False, True, False]))
    assert pairs[1, 3] == pairs[0, 2] == 0
    assert pairs[1].sum() == pytest.approx(0.5)
    assert pairs[3].sum() == pytest.approx(0.5)
    assert np.triu(pairs).sum() == pytest.approx(1)


def test_newcomers_among_themselves_are_refused():
    with pytest.raises(ValueError, match="no pair has any weight"):
        newcomer_pairs(np.array([True, True]))
