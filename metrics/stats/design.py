"""Which pairs the next votes should be about: rules from counts alone, and from ratings.

All rules give the probabilities of pairs as a symmetric (M, M) array with an empty diagonal,
whose upper triangle adds up to 1.
"""

import numpy as np
from scipy.special import expit

from metrics.stats.comparisons import BoolArray, FloatArray, IntArray
from metrics.stats.ratings import POINTS_PER_LOGIT

# A competitor is new until it has half the median's votes, or as many as give ±20 points even
# near the ends of a ranking.
NEWCOMER_VOTES = 1500.0
# Below this median everybody is new, and nobody more than the rest.
ESTABLISHED_VOTES = 100.0

# A rule that looks at outcomes leaves this share of pairs to chance, or intervals lose coverage.
LEAST_RANDOM_SHARE = 0.25

# Gaps below this many points are not chased: no number of votes would settle them all.
RESOLUTION = 20.0
# The exponent of the soft maximum over neighbours: high enough that the hardest gap leads.
SHARPNESS = 8.0
DRAWS = 64
ROUNDS = 30


def find_newcomers(votes: FloatArray) -> BoolArray:
    """Who has few of the `votes` (M,), by counts alone: never by how they ended; (M,)."""
    median = float(np.median(votes)) if len(votes) else 0.0
    if median < ESTABLISHED_VOTES:
        return np.zeros(len(votes), dtype=bool)
    new: BoolArray = votes < min(NEWCOMER_VOTES, median / 2)
    return new


def newcomer_pairs(new: BoolArray) -> FloatArray:
    """Every newcomer against every established opponent, all alike; (M, M), `new` is (M,).

    A newcomer's variance is about 1/n for its own n votes, however many others there are, so
    that all votes are best spent on it. Raises ValueError where one of both kinds is missing.
    """
    return _normalise((new[:, None] != new[None, :]).astype(np.float64))


def adjacent_pairs(
    logits: FloatArray, covariance: FloatArray, *, rng: np.random.Generator
) -> FloatArray:
    """Probable neighbours, the likelier the less is known of their gap; (M, M).

    A pair's weight is the posterior mean of [neighbours] · se(gap) / max(gap, RESOLUTION),
    from draws of all ratings (Thompson 1933, Biometrika 25). `logits` (M,) and their
    `covariance` (M, M) are of one component.
    """
    upper, lower, gaps = _draw_neighbours(logits, covariance, rng)
    error = np.sqrt(_gap_variances(covariance)[upper, lower])
    need = error / np.maximum(gaps, RESOLUTION / POINTS_PER_LOGIT)
    return _normalise(_add_up(upper, lower, need, len(logits)))


def informative_pairs(
    logits: FloatArray,
    covariance: FloatArray,
    votes: FloatArray,
    *,
    random_share: float,
    rng: np.random.Generator,
) -> FloatArray:
    """The pairs that, beside `random_share` of uniform ones, settle the neighbours soonest.

    Minimises the posterior mean of (Σ_k r_k^q)^(1/q), r_k = var(gap_k) / gap_k² over the
    neighbours k that lie RESOLUTION apart or more, q = SHARPNESS: nearly the largest r, which
    says how many votes are still needed until every neighbour is told apart. The variance is
    that of the fit to `votes` (M, M) so far and as many again, by the information p(1 − p)
    of each; multiplicative updates of the design (Silvey, Titterington & Torsney 1978,
    Comm. Stat. A7). `logits` (M,) and `covariance` (M, M) are of one component.
    """
    needs = _find_needs(logits, covariance, rng)
    size = len(logits)
    uniform = _normalise(1 - np.eye(size))
    if not needs.any():
        return uniform
    chance = expit(logits[:, None] - logits[None, :])
    curvature = chance * chance.T
    ahead = votes.sum() / 2
    pairs = uniform
    for _ in range(ROUNDS):
        mixed = random_share * uniform + (1 - random_share) * pairs
        inverse = _invert(_laplacian((votes + ahead * mixed) * curvature))
        gain = _gap_variances(inverse @ _laplacian(needs) @ inverse) * curvature
        pairs = _normalise(pairs * np.sqrt(np.maximum(gain, 0)))
    return pairs


def _find_needs(logits: FloatArray, covariance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """How much a smaller variance of each gap would help: the objective's gradient, (M, M)."""
    upper, lower, gaps = _draw_neighbours(logits, covariance, rng)
    wide = gaps >= RESOLUTION / POINTS_PER_LOGIT
    precision = np.divide(1, gaps**2, out=np.zeros_like(gaps), where=wide)
    ratio = _gap_variances(covariance)[upper, lower] * precision
    largest = ratio.max(axis=1, keepdims=True)
    ratio = np.divide(ratio, largest, out=np.zeros_like(ratio), where=largest > 0)
    total = np.maximum((ratio**SHARPNESS).sum(axis=1, keepdims=True), 1)
    gradient = precision * ratio ** (SHARPNESS - 1) * total ** (1 / SHARPNESS - 1)
    return _add_up(upper, lower, gradient, len(logits))


def _draw_neighbours(
    logits: FloatArray, covariance: FloatArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray, FloatArray]:
    """Who stands above whom and by how much in draws of the posterior, (DRAWS, M − 1) each.

    Ratings are shrunk towards their mean as their own spread says (a normal prior whose
    variance is what sampling does not explain), so that luck is not chased.
    """
    size = len(logits)
    spread = max(float(np.mean(logits**2 - np.diagonal(covariance))), 1e-6)
    shrink = spread * np.linalg.inv(covariance + spread * np.eye(size))
    values, vectors = np.linalg.eigh(shrink @ covariance)
    noise = rng.standard_normal((DRAWS, size)) * np.sqrt(np.maximum(values, 0))
    drawn = shrink @ logits + noise @ vectors.T
    order = np.argsort(-drawn, axis=1)
    gaps = -np.diff(np.take_along_axis(drawn, order, axis=1), axis=1)
    return order[:, :-1], order[:, 1:], gaps


def _add_up(upper: IntArray, lower: IntArray, weight: FloatArray, size: int) -> FloatArray:
    """The weights of each pair, both ways round, (size, size)."""
    cell = (upper * size + lower).ravel()
    summed = np.bincount(cell, weight.ravel(), minlength=size * size).reshape(size, size)
    return np.asarray(summed + summed.T, dtype=np.float64)


def _normalise(weights: FloatArray) -> FloatArray:
    total = weights.sum() / 2
    if not total > 0:
        raise ValueError("no pair has any weight")
    normalised: FloatArray = weights / total
    return normalised


def _laplacian(weights: FloatArray) -> FloatArray:
    return np.asarray(np.diag(weights.sum(axis=1)) - weights, dtype=np.float64)


def _invert(laplacian: FloatArray) -> FloatArray:
    """The pseudo-inverse of a connected graph's Laplacian, but for a constant in all cells."""
    shift = np.trace(laplacian) / len(laplacian) ** 2
    return np.asarray(np.linalg.inv(laplacian + shift), dtype=np.float64)


def _gap_variances(matrix: FloatArray) -> FloatArray:
    own = np.diagonal(matrix)
    return np.asarray(own[:, None] + own[None, :] - matrix - matrix.T, dtype=np.float64)
