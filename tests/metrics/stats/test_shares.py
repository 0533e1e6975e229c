import numpy as np
import pytest

from metrics.stats.shares import Share, estimate_share


def estimate(values: list[float], clusters: list[int], weight: list[float] | None = None) -> Share:
    counted = np.ones(len(values)) if weight is None else np.array(weight)
    return estimate_share(np.array(values), counted, np.array(clusters))


def width(share: Share) -> float:
    assert share.lower is not None
    assert share.upper is not None
    return share.upper - share.lower


def test_no_votes_have_no_share() -> None:
    nothing = estimate([], [])
    assert (nothing.share, nothing.lower, nothing.upper, nothing.votes) == (None, None, None, 0)


def test_undecided_votes_count_half() -> None:
    assert estimate([1, 0, 0.5, 0.5, 1, 1], [-1] * 6).share == pytest.approx(4 / 6)


def test_votes_that_all_agree_are_not_certain() -> None:
    # Wilson's interval for 10 of 10.
    agreed = estimate([1] * 10, [-1] * 10)
    assert agreed.upper == pytest.approx(1)
    assert agreed.lower == pytest.approx(0.7225, abs=1e-4)


def test_one_cluster_says_no_more_than_one_vote() -> None:
    alone = estimate([1, 0, 1, 1], [7, 7, 7, 7])
    assert (alone.clusters, width(alone) > 0.75) == (1, True)


def test_a_row_of_n_votes_is_n_rows() -> None:
    values, clusters = [1.0, 0.0, 0.5, 1.0], [0, 0, 1, -1]
    repeated = estimate([1, 1, 1, 0, 0, 0.5, 1, 1], [0, 0, 0, 0, 0, 1, -1, -1])
    weighted = estimate(values, clusters, [3, 2, 1, 2])
    assert (weighted.share, weighted.lower, weighted.clusters) == pytest.approx(
        (repeated.share, repeated.lower, repeated.clusters)
    )


def test_an_interval_knows_that_votes_on_a_prompt_are_alike() -> None:
    alike = [1.0] * 10 + [0.0] * 10
    prompts = [n // 5 for n in range(20)]
    free, clustered = estimate(alike, [-1] * 20), estimate(alike, prompts)
    assert width(clustered) > 1.8 * width(free)


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_intervals_cover_the_share_of_all_prompts(spread: float) -> None:
    rng = np.random.default_rng(5)
    prompts, votes = 30, 8
    clusters = np.tile(np.arange(prompts), 2)
    truth = np.clip(0.6 + spread * np.random.default_rng(1).normal(size=100_000), 0, 1).mean()
    hits = 0
    for _ in range(500):
        won = rng.binomial(votes, np.clip(0.6 + spread * rng.normal(size=prompts), 0, 1))
        value = np.repeat([1.0, 0.0], prompts)
        found = estimate_share(value, np.concatenate([won, votes - won]).astype(float), clusters)
        hits += found.lower <= truth <= found.upper
    # Three standard errors of 500 runs.
    assert 0.92 <= hits / 500 <= 0.985
