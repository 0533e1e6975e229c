"""Bradley–Terry ratings by maximum likelihood."""

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.components import find_components, find_separated, same_component
from metrics.stats.methods._newton import climb
from metrics.stats.methods._prior import PRIOR_TIES, prior_derivatives
from metrics.stats.methods.base import BaseMethod, Fit, Influence

POINTS = np.array([1.0, 0.0, 0.5, 0.5])  # of model_a, by Outcome


class Method(BaseMethod):
    """P(i beats j) = 1 / (1 + exp(-(x_i - x_j))), a tie being half a win for each.

    Bradley & Terry 1952, Biometrika 39. Logits x by Newton's method on the counts, mean 0
    in each connected component. The data decide alone wherever they can; in a component
    where some group never lost to the rest, and so no finite maximum exists (Ford 1957), a
    weak prior of half a tie against an average opponent is put on every model.
    """

    def fit(self, comparisons: Comparisons) -> Fit:
        wins = comparisons.wins()
        components = find_components(wins)
        separated = find_separated(wins, components)
        same = same_component(components)
        weight = np.where(separated, PRIOR_TIES, 0.0)
        logits, steps = climb(
            np.zeros(len(wins)),
            lambda logits: _derivatives(logits, wins, weight, same),
        )
        return Fit(logits, components, separated, iterations=steps)

    def influence(self, comparisons: Comparisons, fit: Fit) -> Influence:
        same = same_component(fit.components)
        weight = np.where(fit.separated, PRIOR_TIES, 0.0)
        _, information = _derivatives(fit.logits, comparisons.wins(), weight, same)
        gap = fit.logits[comparisons.a] - fit.logits[comparisons.b]
        chance = expit(gap)
        scores, root = (
            opposed(comparisons.a, comparisons.b, pull, len(fit.logits))
            for pull in (POINTS[comparisons.outcome] - chance, np.sqrt(chance * expit(-gap)))
        )
        return Influence(scores, np.linalg.inv(information).astype(np.float64), (root,))


def opposed(a: IntArray, b: IntArray, pull: FloatArray, size: int) -> csr_array:
    """The sparse (R, size) array with `pull` (R,) at column a and -pull at column b."""
    columns = np.stack([a, b], axis=1).ravel()
    values = np.stack([pull, -pull], axis=1).ravel()
    return csr_array((values, columns, np.arange(0, 2 * len(a) + 1, 2)), shape=(len(a), size))


def _derivatives(
    logits: FloatArray, wins: FloatArray, weight: FloatArray, same: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The log-likelihood's gradient (M,) and information (M, M) at `logits`, with the prior."""
    gradient, information = prior_derivatives(logits, weight, same)
    chance = expit(logits[:, None] - logits[None, :])
    # With chance.T for 1 - chance, as the difference would lose all digits of a rare event.
    gradient += (wins * chance.T - wins.T * chance).sum(axis=1)
    curvature = (wins + wins.T) * chance * chance.T
    return gradient, information + np.diag(curvature.sum(axis=1)) - curvature
