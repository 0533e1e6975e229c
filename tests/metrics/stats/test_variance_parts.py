import numpy as np
import pytest

from metrics.stats.variance_parts import OF_VOTES, Components, estimate_components

TRUTH = Components(prompt=0.04, sample=0.02, vote=0.1)
DIFFERENCES = Components(prompt=0.01, sample=0.01, vote=0.0)


def draw(prompts, pairs, votes, seed=0):
    """Values of that many votes on pairs of new candidates, with their prompts and pairs."""
    rng = np.random.default_rng(seed)
    shape = (prompts, pairs, votes)
    values = (
        np.sqrt(TRUTH.prompt) * rng.standard_normal((prompts, 1, 1))
        + np.sqrt(2 * TRUTH.sample) * rng.standard_normal((prompts, pairs, 1))
        + np.sqrt(TRUTH.vote) * rng.standard_normal(shape)
    )
    return values.ravel(), *(codes.ravel() for codes in np.indices(shape)[:2])


def test_components_are_found_from_unequal_numbers_with_gaps():
    rows = draw(600, 3, 4)
    kept = np.random.default_rng(1).random(len(rows[0])) < 0.5
    found = estimate_components(*(column[kept] for column in rows))
    assert found.assumed == ()
    for name in ("prompt", "sample", "vote"):
        assert getattr(found.components, name) == pytest.approx(getattr(TRUTH, name), rel=0.15)


def test_estimates_are_right_on_average_when_unbalanced():
    rng, found = np.random.default_rng(2), []
    for seed in range(150):
        rows = draw(30, 3, 3, seed)
        kept = rng.random(len(rows[0])) < 0.6
        parts = estimate_components(*(column[kept] for column in rows)).components
        found.append((parts.sample, parts.vote))
    assert np.mean(found, axis=0) == pytest.approx([TRUTH.sample, TRUTH.vote], rel=0.12)


def test_with_one_pair_per_prompt_samples_are_assumed_and_the_rest_is_the_prompts():
    values, prompts, samples = draw(400, 1, 3)
    found = estimate_components(values, prompts, samples)
    assert found.assumed == ("sample",)
    assert found.components.sample == OF_VOTES.sample
    whole = found.components.prompt + 2 * found.components.sample
    assert whole == pytest.approx(TRUTH.prompt + 2 * TRUTH.sample, rel=0.2)


def test_a_measure_has_no_votes():
    values, prompts, samples = draw(400, 3, 1)
    found = estimate_components(values, prompts, samples, defaults=DIFFERENCES)
    assert (found.components.vote, found.assumed) == (0, ("vote",))
    assert 2 * found.components.sample == pytest.approx(2 * TRUTH.sample + TRUTH.vote, rel=0.1)


def test_pairs_that_share_a_baseline_count_one_candidate():
    rows = draw(100, 3, 3)
    both, one = (estimate_components(*rows, sides=sides).components.sample for sides in (2, 1))
    assert one == pytest.approx(2 * both)


@pytest.mark.parametrize("prompts", [0, 1, 3])
def test_too_little_gives_the_defaults(prompts):
    found = estimate_components(*draw(prompts, 1, 1))
    assert (found.components, found.assumed) == (OF_VOTES, ("vote", "sample", "prompt"))


def test_no_component_is_negative():
    rows = draw(40, 3, 2)
    noise = np.random.default_rng(0).permutation(rows[0])
    found = estimate_components(noise, *rows[1:]).components
    assert min(found.prompt, found.sample) >= 0
