"""The e-value of a share: its formula, and that it holds however often one looks."""

import numpy as np
import pytest
from scipy.integrate import quad

from arenas.quality.weigh import weigh_share


@pytest.mark.parametrize(("times", "cases", "honest"), [(5, 6, 0.2), (18, 20, 0.6), (0, 4, 0.5)])
def test_it_is_the_average_likelihood_by_the_honest_one(
    times: int, cases: int, honest: float
) -> None:
    def ratio(share: float) -> float:
        right = (share / honest) ** times
        return float(right * ((1 - share) / (1 - honest)) ** (cases - times))

    average = quad(ratio, honest, 1)[0] / (1 - honest)
    assert weigh_share(times, cases, honest) == pytest.approx(average)


def test_no_cases_say_nothing() -> None:
    assert weigh_share(0, 0, 0.3) == pytest.approx(1)


def test_many_cases_do_not_overflow() -> None:
    assert weigh_share(10**6, 10**6, 0.2) == float("inf")
    assert weigh_share(0, 10**6, 0.2) == 0


@pytest.mark.parametrize(("times", "cases", "honest"), [(3, 2, 0.5), (-1, 2, 0.5), (1, 2, 1.0)])
def test_impossible_numbers_are_errors(times: int, cases: int, honest: float) -> None:
    with pytest.raises(ValueError, match="cases against"):
        weigh_share(times, cases, honest)


def test_honest_raters_pass_a_bar_of_20_at_any_look_in_1_of_20_at_most() -> None:
    rng = np.random.default_rng(1)
    votes = rng.random((800, 150)) < 0.2
    sums = votes.cumsum(axis=1)
    crossed = [
        any(weigh_share(int(k), n + 1, 0.2) >= 20 for n, k in enumerate(row)) for row in sums
    ]
    assert np.mean(crossed) <= 0.05
