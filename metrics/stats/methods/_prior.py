"""The weak prior that holds ratings which the votes alone would let run away."""

import numpy as np
from scipy.special import expit

from metrics.stats.comparisons import FloatArray

# Each model of a separated component is given this many ties against a virtual opponent of
# the component's average strength.
PRIOR_TIES = 0.5


def prior_derivatives(
    logits: FloatArray, weight: FloatArray, same: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The gradient (M,) and information (M, M) that the prior adds at `logits`.

    `weight` (M,) is PRIOR_TIES where the prior is on and 0 elsewhere, `same` as by
    same_component. On the components' means, which ratings do not depend on, the
    information is 1, so that it can be inverted whether the prior is on or not.
    """
    centring = np.eye(len(logits)) - same
    chance = expit(centring @ logits)
    gradient = centring @ (weight * (0.5 - chance))
    return gradient, centring @ np.diag(weight * chance * (1 - chance)) @ centring + same
