"""Bradley–Terry with ties as an outcome of their own."""

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray
from metrics.stats.methods._davidson import davidson_chances, davidson_influence, fit_davidson
from metrics.stats.methods.base import BaseMethod, Fit, Influence


class Method(BaseMethod):
    """P(i wins) : P(j wins) : P(tie) = exp(g/2) : exp(-g/2) : nu, with the gap g = x_i - x_j.

    Davidson 1970, JASA 65(329). One nu for all pairs, given as the parameter `nu`: ties are
    then likelier between equals. Where no finite maximum exists, the logits x, or log nu, or
    both have the weak prior of Bradley–Terry here.
    """

    def fit(self, comparisons: Comparisons) -> Fit:
        return fit_davidson(comparisons, position=False)

    def influence(self, comparisons: Comparisons, fit: Fit) -> Influence:
        return davidson_influence(comparisons, fit)

    def expected_share(self, fit: Fit, comparisons: Comparisons) -> FloatArray:
        gap = fit.logits[comparisons.a] - fit.logits[comparisons.b]
        gap = gap + fit.parameters.get("gamma", 0.0)
        first, _, tie = davidson_chances(gap, fit.parameters["nu"])
        return np.asarray(first + tie / 2)
