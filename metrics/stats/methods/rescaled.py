"""Bradley–Terry ratings of adaptively chosen votes, as uniform pairs would give them."""

import numpy as np
from scipy.sparse import diags_array, hstack

from metrics.stats.comparisons import Comparisons
from metrics.stats.methods.base import BaseMethod, Fit, Influence
from metrics.stats.rescale import rescale


class Method(BaseMethod):
    """All votes for the order, the weighted ones for the scale: see `rescale`.

    On votes that all weigh the same it is Bradley–Terry.
    """

    def fit(self, comparisons: Comparisons) -> Fit:
        """The ratings. Raises NotConverged."""
        return rescale(comparisons).fit

    def influence(self, comparisons: Comparisons, fit: Fit) -> Influence:
        """Scores of the unweighted fit beside those along the curve, (R, M + 2)."""
        rescaled = rescale(comparisons)
        # A row adds `weight` times its scores; those of the unweighted fit go by its votes.
        known = np.where(comparisons.weight > 0, comparisons.weight, 1.0)
        plain = diags_array(comparisons.count / known) @ rescaled.plain
        moves = np.zeros((rescaled.bread.shape[1],) * 2)
        moves[: len(fit.logits)] = rescaled.bread
        return Influence(hstack([plain, rescaled.along], format="csr"), moves)
