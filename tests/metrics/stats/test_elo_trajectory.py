import numpy as np
import pytest

from metrics.stats.comparisons import Comparisons
from metrics.stats.methods.elo import Method, trajectory


def ordered_votes(votes=200, size=4):
    rng = np.random.default_rng(0)
    a = rng.integers(0, size, votes)
    b = (a + rng.integers(1, size, votes)) % size
    names = [f"m{code}" for code in range(size)]
    return Comparisons.from_codes(names, a, b, rng.integers(0, 4, votes), in_order=True)


def test_each_moment_is_the_rating_of_the_votes_so_far():
    comparisons = ordered_votes()
    at = [0, 1, 50, 50, 200]
    for votes, logits in zip(at, trajectory(comparisons, at), strict=True):
        so_far = comparisons.select(np.arange(200) < votes)
        assert np.allclose(logits, Method().fit(so_far).logits)


def test_a_weight_is_split_where_a_moment_falls_within_it():
    heavy = Comparisons.from_codes([*"xy"], [0], [1], [0], weight=[5], in_order=True)
    single = Comparisons.from_codes([*"xy"], [0] * 5, [1] * 5, [0] * 5, in_order=True)
    assert np.array_equal(trajectory(heavy, [2, 4]), trajectory(single, [2, 4]))


@pytest.mark.parametrize("at", [[3, 2], [-1], [201]])
def test_moments_that_no_vote_stands_for_are_refused(at):
    with pytest.raises(ValueError, match="at must rise from 0 to at most 200 votes"):
        trajectory(ordered_votes(), at)
