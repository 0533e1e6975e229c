"""All votes for the order, the weighted ones for the scale: ratings under uniform pairs.

Where pairs are chosen by what votes have said, two estimates are at hand. The unweighted fit
uses every vote fully, but with ties as halves what it tends to depends on which pairs were
shown; the fit weighted by importance tends to what uniform pairs give, but there a vote on a
pair that was shown often counts little. This one stretches the ratings of the first along a
smooth curve until they solve the second's equations in the directions of that curve.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray
from metrics.stats.components import centre
from metrics.stats.methods.base import Fit, NotConverged
from metrics.stats.methods.bradley_terry import POINTS, Method

# The curve: a stretch, and a bend that treats both ends alike.
DEGREES = np.array([1, 3])
STEPS = 50
# Singular values below this share of the largest are none: few models may leave no bend open.
RANK_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Rescaled:
    """A rescaled fit, mean 0 in each component, and how the votes pull at its logits.

    `plain` (R, M) has the scores of one vote in the unweighted fit, `along` (R, 2) those of a
    vote of weight 1 along the curve, both sparse; `bread` (M, M + 2) turns sums of both, side
    by side, into movements of the logits. `coefficients` (2,) are the curve's.
    """

    fit: Fit
    coefficients: FloatArray
    plain: csr_array
    along: csr_array
    bread: FloatArray

    def covariance(self, comparisons: Comparisons) -> FloatArray:
        """The sandwich covariance of the logits (M, M), every vote taken as independent.

        The pull of a cluster of votes would be the sum over its rows of `plain` times count
        and `along` times weight.
        """
        sums = (comparisons.count, comparisons.weight, comparisons.squares)
        count, weight, squares = (diags_array(values) for values in sums)
        across = (self.plain.T @ weight @ self.along).toarray()
        meat = np.block(
            [
                [(self.plain.T @ count @ self.plain).toarray(), across],
                [across.T, (self.along.T @ squares @ self.along).toarray()],
            ]
        )
        return np.asarray(self.bread @ meat @ self.bread.T, dtype=np.float64)


def rescale(comparisons: Comparisons) -> Rescaled:
    """Bradley–Terry ratings of adaptively chosen votes, of the quantity under uniform pairs.

    With x the unweighted maximum-likelihood logits and z = x / sd(x), the ratings are
    f(x) = sd(x) · (c₁ z + c₂ z³), centred, where c solves, over votes of weight w,
    Σ w (y − σ(f(x_a) − f(x_b))) (∂f(x_a)/∂c − ∂f(x_b)/∂c) = 0. A two-step M-estimator (Newey &
    McFadden 1994, Handbook of Econometrics 4, §6): its influence adds what x moves f, what the
    weighted scores move c, and what x moves c. It assumes that expected results depend on
    the gap alone, by a curve that need not be logistic. Votes between models of which one
    never lost to the other's set, or never won, say nothing of the scale and are left out of
    the second step. Takes the outcomes that `BaseMethod.fit` takes. Raises NotConverged.
    """
    unweighted = replace(comparisons, weight=comparisons.count, importance=None)
    fit = Method().fit(unweighted)
    influence = Method().influence(unweighted, fit)
    size = len(fit.logits)
    strong, held = find_held(unweighted.wins())
    # Without any difference there is nothing to stretch.
    spread = max(float(np.std(fit.logits)), 1e-9)
    powers = (fit.logits / spread)[:, None]
    # Beyond those whom votes place, the curve goes on straight.
    placed = powers[~held] if not held.all() else powers
    bent = np.clip(powers, placed.min(), placed.max())
    slopes = DEGREES * bent ** (DEGREES - 1)
    basis = spread * centre(bent**DEGREES + slopes * (powers - bent), fit.components)
    along = basis[comparisons.a] - basis[comparisons.b]
    points = POINTS[comparisons.outcome]
    weight = np.where(strong[comparisons.a] == strong[comparisons.b], comparisons.weight, 0.0)
    coefficients, inverse = np.array([1.0, 0.0]), np.zeros((len(DEGREES),) * 2)
    if weight.any():
        coefficients, inverse = _solve(along, points, weight)

    chance = expit(along @ coefficients)
    pull = weight * (points - chance)
    curvature = weight * chance * (1 - chance)
    stretch = slopes @ coefficients
    moved = np.zeros((size, len(DEGREES)))
    for sign, side in ((1, comparisons.a), (-1, comparisons.b)):
        # A model's x moves the curve's equations by its directions, and by its gaps.
        each = pull[:, None] * slopes[side] - (curvature * stretch[side])[:, None] * along
        np.add.at(moved, side, sign * each)
    onto = np.diag(stretch) + basis @ inverse @ moved.T
    bread = np.hstack([onto @ influence.inverse[:size, :size], basis @ inverse])
    return Rescaled(
        replace(fit, logits=basis @ coefficients),
        coefficients,
        influence.scores,
        csr_array(along * np.where(weight > 0, points - chance, 0.0)[:, None]),
        centre(bread, fit.components),
    )


def find_held(wins: FloatArray) -> tuple[IntArray, BoolArray]:
    """The strongly connected set of each model, (M,), and whether it is alone there, (M,)."""
    _, strong = connected_components(wins, directed=True, connection="strong")
    return strong, np.bincount(strong)[strong] == 1


def _solve(along: FloatArray, points: FloatArray, weight: FloatArray) -> tuple[FloatArray, ...]:
    """The curve's coefficients (2,) by Newton's method, and the inverse information (2, 2)."""
    coefficients = np.array([1.0, 0.0])
    for _ in range(STEPS):
        chance = expit(along @ coefficients)
        information = along.T @ (along * (weight * chance * (1 - chance))[:, None])
        inverse = np.linalg.pinv(information, rcond=RANK_TOLERANCE, hermitian=True)
        step = inverse @ (along.T @ (weight * (points - chance)))
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-9:
            return coefficients, inverse
    raise NotConverged(f"no curve found in {STEPS} Newton steps")
