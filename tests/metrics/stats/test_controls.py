import numpy as np
import pytest
from scipy.special import expit

from metrics.stats.comparisons import Comparisons
from metrics.stats.controls import control_ratings
from metrics.stats.covariates import fit_covariates, standardise_differences
from metrics.stats.methods.bradley_terry import Method as BradleyTerry

STRENGTHS = np.linspace(-0.6, 0.6, 5)
POINTS = 400 / np.log(10)


def styled_votes(seed, *, votes=1500, beta=0.4, gamma=0.15, spread=0.0):
    """Votes on candidates of which the better models' are also brighter, which raters like.

    With `spread` raters differ in how much, by that standard deviation.
    """
    rng = np.random.default_rng(seed)
    model = rng.integers(0, len(STRENGTHS), 300)
    features = np.stack([rng.normal(1.5 * STRENGTHS[model], 1), rng.normal(size=300)], axis=1)
    first, second = rng.integers(0, 300, (2, votes))
    unlike = model[first] != model[second]
    first, second = first[unlike], second[unlike]
    style = standardise_differences(features, first, second)
    rater = rng.integers(0, 40, len(first))
    liking = rng.normal(beta, spread, 40)[rater]
    gap = STRENGTHS[model[first]] - STRENGTHS[model[second]] + gamma + liking * style[:, 0]
    won = rng.random(len(gap)) < expit(gap)
    comparisons = Comparisons.from_codes(
        [*"vwxyz"],
        model[first],
        model[second],
        np.where(won, 0, 1),
        clusters={"rater": rater},
        in_order=True,
    )
    return comparisons, style


def test_style_is_taken_out_of_the_ratings():
    comparisons, style = styled_votes(0, votes=60_000)
    found = control_ratings(comparisons, style, ["brightness", "sharpness"])
    position, brightness, sharpness = found.coefficients
    assert np.abs(found.plain.logits - STRENGTHS).max() > 0.15
    assert np.abs(found.controlled.logits - STRENGTHS).max() < 0.06
    assert brightness.points.value == pytest.approx(0.4 * POINTS, abs=4)
    assert position.points.value == pytest.approx(0.15 * POINTS, abs=4)
    assert sharpness.points.value == pytest.approx(0, abs=4)


def test_without_covariates_ratings_are_bradley_terrys():
    comparisons, _ = styled_votes(1)
    found = fit_covariates(comparisons, np.empty((len(comparisons.a), 0)))
    assert np.allclose(found.fit.logits, BradleyTerry().fit(comparisons).logits, atol=1e-9)


@pytest.mark.parametrize(("cluster", "spread"), [((), 0.0), (("rater",), 0.6)])
def test_intervals_of_coefficients_cover_the_truth(cluster, spread):
    hits: dict[tuple[str, ...], list[bool]] = {by: [] for by in (cluster, ())}
    # Averaging over raters draws a coefficient towards 0, by a factor near this.
    target = 0.4 / np.sqrt(1 + 0.346 * (2 * spread**2)) * POINTS
    for seed in range(80):
        comparisons, style = styled_votes(seed, votes=600, spread=spread)
        for by, found in hits.items():
            result = control_ratings(comparisons, style, ["brightness", "sharpness"], cluster=by)
            bright = result.coefficients[1].points
            found.append(bright.lower <= target <= bright.upper)
    assert np.mean(hits[cluster]) > 0.88
    if cluster:
        assert np.mean(hits[()]) < np.mean(hits[cluster])


def test_what_says_nothing_of_its_own_is_dropped_and_named():
    comparisons, style = styled_votes(2)
    per_model = STRENGTHS[comparisons.a] - STRENGTHS[comparisons.b]
    columns = np.column_stack([style, np.zeros(len(style)), per_model, style @ [1, 2]])
    names = ["brightness", "sharpness", "frames", "licence", "sum"]
    found = control_ratings(comparisons, columns, names)
    assert [part.name for part in found.coefficients] == ["position", "brightness", "sharpness"]
    assert {part.name: part.reason for part in found.dropped} == {
        "frames": "the same on both sides of every vote",
        "licence": "cannot be told from the models themselves",
        "sum": "follows from the other covariates",
    }


def test_votes_with_an_unknown_covariate_are_counted_and_left_out():
    comparisons, style = styled_votes(3)
    style[:100, 1] = np.nan
    found = control_ratings(comparisons, style, ["brightness", "sharpness"])
    assert (found.votes, found.unknown) == (len(style) - 100, 100)
    rest = comparisons.select(np.arange(len(style)) >= 100)
    assert np.allclose(found.plain.logits, BradleyTerry().fit(rest).logits, atol=1e-9)


def test_a_covariate_that_foretells_every_vote_has_a_finite_coefficient():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 200)
    style = rng.normal(size=(200, 1))
    comparisons = Comparisons.from_codes(
        [*"xyz"], a, (a + 1) % 3, np.where(style[:, 0] > 0, 0, 1), in_order=True
    )
    found = control_ratings(comparisons, style, ["brightness"])
    assert 100 < found.coefficients[1].points.value < 10_000
    assert np.isfinite(found.controlled.logits).all()


def test_a_coefficient_solves_the_two_by_two_table():
    # Of 1000 votes each, the brighter side won 800 against y and 500 against itself at a tie of
    # brightness: logit(.8) = x + beta, logit(.5) = x; prior far below the tolerance.
    comparisons = Comparisons.from_codes(
        [*"xy"], [0] * 4, [1] * 4, [0, 1, 0, 1], weight=[8e5, 2e5, 5e5, 5e5], in_order=True
    )
    found = control_ratings(
        comparisons, np.array([[1.0], [1.0], [0.0], [0.0]]), ["brightness"], position=False
    )
    assert found.coefficients[0].points.value == pytest.approx(POINTS * np.log(4), abs=0.01)
    assert np.allclose(found.controlled.logits, 0, atol=1e-4)


def test_differences_are_in_standard_deviations_over_candidates():
    features = np.array([[1.0, 5.0, np.nan], [3.0, 5.0, 2.0], [np.nan, 5.0, 4.0]])
    found = standardise_differences(features, np.array([0, 1]), np.array([1, 2]))
    assert np.allclose(found, [[-2, 0, np.nan], [np.nan, 0, -2]], equal_nan=True)


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        (np.zeros((1, 1)), "covariates: shape"),
        (np.full((2, 1), np.inf), "infinite"),
        (np.full((2, 1), np.nan), "no votes with all covariates known"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(covariates, message):
    comparisons = Comparisons.from_codes([*"xy"], [0, 0], [1, 1], [0, 1], in_order=True)
    with pytest.raises(ValueError, match=message):
        control_ratings(comparisons, covariates, ["brightness"])
