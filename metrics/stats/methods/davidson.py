"""Bradley–Terry with ties as an outcome of their own."""

import numpy as np
from scipy.linalg import inv
from scipy.sparse import coo_array, hstack
from scipy.sparse.csgraph import NegativeCycleError, bellman_ford
from scipy.special import expit, softmax

from metrics.stats.comparisons import Comparisons, FloatArray, Outcome
from metrics.stats.components import find_components, find_separated, same_component
from metrics.stats.methods._newton import climb
from metrics.stats.methods._prior import PRIOR_TIES, prior_derivatives
from metrics.stats.methods.base import BaseMethod, Fit, Influence
from metrics.stats.methods.bradley_terry import opposed


class Method(BaseMethod):
    """P(i wins) : P(j wins) : P(tie) = exp(g/2) : exp(-g/2) : nu, with the gap g = x_i - x_j.

    Davidson 1970, JASA 65(329). One nu for all pairs, given as the parameter `nu`: ties are
    then likelier between equals. Where no finite maximum exists, the logits x have the weak
    prior of Bradley–Terry here; log nu has its like, and always, as it moves nu by less than
    a vote does.
    """

    def fit(self, comparisons: Comparisons) -> Fit:
        wins, ties = _wins_and_ties(comparisons)
        connected = wins + ties / 2
        components = find_components(connected)
        separated = find_separated(connected, components) | _ties_separate(wins, ties)
        same = same_component(components)
        position, steps = climb(
            np.zeros(len(wins) + 1),
            lambda position: _derivatives(position, wins, ties, separated * PRIOR_TIES, same),
        )
        parameters = {"nu": float(np.exp(position[-1]))}
        return Fit(position[:-1], components, separated, parameters, steps)
