"""What being shown first is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import exp

import numpy as np
from scipy.sparse import csr_array

from metrics.stats.comparisons import Comparisons, FloatArray
from metrics.stats.covariates import fit_covariates
from metrics.stats.methods.base import Influence, make_method
from metrics.stats.methods.bradley_terry import POINTS
from metrics.stats.parameters import Estimate, estimate_parameters, to_points


@dataclass(frozen=True, slots=True)
class PositionEffect:
    """How the side shown first (a) fares, each number with its interval at `level`.

    `share` in 0..1 is what it won, a tie being half; 0.5 is no effect where sides are drawn by
    lot. `bradley_terry` and `davidson` are gamma in rating points, which allow for who was shown
    first; `nu` is Davidson's for ties beside it. Both-bad counts as a tie.
    """

    share: Estimate
    bradley_terry: Estimate
    davidson: Estimate
    nu: Estimate
    votes: float
    cluster: tuple[str, ...]
    level: float


def estimate_position(
    comparisons: Comparisons, *, cluster: Sequence[str] = (), level: float = 0.95
) -> PositionEffect:
    """The position effect, from rows whose a was shown first; sandwich intervals by `cluster`.

    Raises ValueError without votes, and NotConverged.
    """
    if not len(comparisons.a):
        raise ValueError("no votes to see a position effect in")
    estimate = partial(estimate_parameters, comparisons, cluster=cluster, level=level)
    plain = fit_covariates(comparisons, np.ones((len(comparisons.a), 1)))
    method = make_method("davidson_position")
    fit = method.fit(comparisons)
    log_nu, gamma = np.log(fit.parameters["nu"]), fit.parameters["gamma"]
    with_ties = np.append(fit.logits, [log_nu, gamma])
    *_, nu, davidson = estimate(with_ties, method.influence(comparisons, fit))
    return PositionEffect(
        share=estimate(*_share(comparisons))[0],
        bradley_terry=estimate(np.append(plain.fit.logits, plain.beta), plain.influence)[
            -1
        ].through(to_points),
        davidson=davidson.through(to_points),
        nu=nu.through(exp),
        votes=comparisons.votes,
        cluster=tuple(cluster),
        level=level,
    )


def _share(comparisons: Comparisons) -> tuple[FloatArray, Influence]:
    """The mean result of the first side as the one parameter of a least-squares fit."""
    result, weight = POINTS[comparisons.outcome], comparisons.weight
    share = float(result @ weight) / float(weight.sum())
    ones = np.ones((len(result), 1))
    scores = csr_array((result - share)[:, None])
    return np.array([share]), Influence(scores, np.array([[1 / weight.sum()]]), (csr_array(ones),))
