import numpy as np
import pytest

from metrics.stats.crossed_shares import estimate_crossed_share
from metrics.stats.shares import estimate_share

ALONE = np.full(200, -1)


def draw(seed: int, by_prompt: float, by_rater: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """400 answers on 20 prompts by 20 raters, both of which lean."""
    rng = np.random.default_rng(seed)
    prompt, rater = np.divmod(np.arange(400), 20)
    lean = by_prompt * rng.normal(size=20)[prompt] + by_rater * rng.normal(size=20)[rater]
    return (lean + rng.logistic(size=400) > 0).astype(float), [prompt, rater]


def test_one_way_is_the_usual_share() -> None:
    value, (prompt, _) = draw(1, 1, 0)
    assert estimate_crossed_share(value, [prompt]) == estimate_share(value, np.ones(400), prompt)


def test_two_ways_are_never_narrower_than_one() -> None:
    value, ways = draw(2, 1, 1)
    both = estimate_crossed_share(value, ways)
    for codes in ways:
        one = estimate_share(value, np.ones(400), codes)
        assert both.lower <= one.lower  # type: ignore[operator]
        assert both.upper >= one.upper  # type: ignore[operator]


def test_the_interval_holds_what_both_ways_add() -> None:
    """The share of all prompts and raters is a half; plain intervals would miss it often."""
    found = [estimate_crossed_share(*draw(seed, 1.5, 1.5)) for seed in range(200)]
    held = [each.lower <= 0.5 <= each.upper for each in found]  # type: ignore[operator]
    assert np.mean(held) > 0.9


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_what_everybody_says_does_not_look_certain(value: float) -> None:
    found = estimate_crossed_share(np.full(200, value), [np.arange(200) % 10, np.arange(200) % 7])
    assert found.clusters == 7
    assert found.upper - found.lower > 0.3  # type: ignore[operator]


def test_without_votes_there_is_no_share() -> None:
    found = estimate_crossed_share(np.zeros(0), [np.zeros(0, dtype=int)] * 2)
    assert (found.share, found.lower, found.votes) == (None, None, 0)
