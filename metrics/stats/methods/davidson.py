"""Bradley–Terry with ties as an outcome of their own."""

import numpy as np
from scipy.sparse import coo_array, hstack
from scipy.sparse.csgraph import NegativeCycleError, bellman_ford
from scipy.special import expit, softmax

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, Outcome
from metrics.stats.components import find_components, find_separated, same_component
from metrics.stats.methods._newton import climb
from metrics.stats.methods._prior import PRIOR_TIES, prior_derivatives
from metrics.stats.methods.base import BaseMethod, Fit, Influence
from metrics.stats.methods.bradley_terry import opposed


class Method(BaseMethod):
    """P(i wins) : P(j wins) : P(tie) = exp(g/2) : exp(-g/2) : nu, with the gap g = x_i - x_j.

    Davidson 1970, JASA 65(329). One nu for all pairs, given as the parameter `nu`: ties are
    then likelier between equals. Where no finite maximum exists, the logits x, or log nu, or
    both have the weak prior of Bradley–Terry here.
    """

    def fit(self, comparisons: Comparisons) -> Fit:
        wins, ties = _wins_and_ties(comparisons)
        connected = wins + ties / 2
        components = find_components(connected)
        separated = find_separated(connected, components) | _ties_separate(wins, ties)
        same = same_component(components)
        weight = _prior_weights(separated, wins, ties)
        position, steps = climb(
            np.zeros(len(weight)),
            lambda position: _derivatives(position, wins, ties, weight, same),
        )
        parameters = {"nu": float(np.exp(position[-1]))}
        return Fit(position[:-1], components, separated, parameters, steps)

    def influence(self, comparisons: Comparisons, fit: Fit) -> Influence:
        wins, ties = _wins_and_ties(comparisons)
        position = np.append(fit.logits, np.log(fit.parameters["nu"]))
        weight = _prior_weights(fit.separated, wins, ties)
        same = same_component(fit.components)
        _, information = _derivatives(position, wins, ties, weight, same)
        gap = fit.logits[comparisons.a] - fit.logits[comparisons.b]
        first, second, tie = _chances(gap, position[-1])
        won = comparisons.outcome == Outcome.MODEL_A
        lost = comparisons.outcome == Outcome.MODEL_B
        pull = ((won - first) - (lost - second)) / 2
        scores = opposed(comparisons.a, comparisons.b, pull, len(fit.logits))
        of_nu = coo_array((~won & ~lost) - tie)[None, :].T
        return Influence(
            hstack([scores, of_nu], format="csr"), np.linalg.inv(information).astype(np.float64)
        )


def _wins_and_ties(comparisons: Comparisons) -> tuple[FloatArray, FloatArray]:
    """[i, j]: how often i beat j, and how often the two tied; (M, M) each."""
    first, second, tie, bad = comparisons.tallies()
    return first + second.T, tie + tie.T + bad + bad.T


def _chances(gap: FloatArray, log_nu: float) -> FloatArray:
    """P(first wins), P(second wins), P(tie) for each gap, stacked in front."""
    return np.asarray(softmax([gap / 2, -gap / 2, np.full_like(gap, log_nu)], axis=0))


def _derivatives(
    position: FloatArray, wins: FloatArray, ties: FloatArray, weight: FloatArray, same: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The log-likelihood's gradient (M + 1,) and information at the logits and log nu."""
    logits, log_nu = position[:-1], position[-1]
    decided = wins + wins.T
    first, second, tie = _chances(logits[:, None] - logits[None, :], log_nu)
    # Written without 1 - chance, which would lose all digits of a rare event.
    pull = wins * (second + tie / 2) - wins.T * (first + tie / 2) - ties * (first - second) / 2
    of_nu = (ties * (first + second) - decided * tie).sum() / 2
    curvature = (decided + ties) * (first * second + tie * (first + second) / 4)
    across = -((decided + ties) * (first - second) * tie).sum(axis=1) / 2
    own_of_nu = ((decided + ties) * tie * (first + second)).sum() / 2

    gradient, information = prior_derivatives(logits, weight[:-1], same)
    gradient += pull.sum(axis=1)
    information += np.diag(curvature.sum(axis=1)) - curvature
    of_nu += weight[-1] * (0.5 - expit(log_nu))
    own_of_nu += weight[-1] * expit(log_nu) * expit(-log_nu)
    corner = np.array([[own_of_nu]])
    return np.append(gradient, of_nu), np.block(
        [[information, across[:, None]], [across[None, :], corner]]
    )


def _prior_weights(separated: BoolArray, wins: FloatArray, ties: FloatArray) -> FloatArray:
    """The prior's weight on each logit and on log nu, (M + 1,)."""
    nu_runs_away = not ties.any() or not wins.any() or _ties_separate(wins, ties)
    return PRIOR_TIES * np.append(separated, nu_runs_away)


def _ties_separate(wins: FloatArray, ties: FloatArray) -> bool:
    """Whether gaps and nu can grow together for ever without a vote speaking against it.

    That is so where logits exist that put 2 or more between every winner and loser, and 2
    or less between all that tied: where such differences make no negative cycle.
    """
    size = len(wins)
    graph = np.zeros((size + 1, size + 1))
    # By how much j may exceed i at most; 0 is no edge.
    graph[:size, :size] = np.where(wins > 0, -2.0, np.where(ties > 0, 2.0, 0.0))
    graph[size, :size] = 1.0  # a start that reaches all
    try:
        bellman_ford(graph, indices=size)
    except NegativeCycleError:
        return False
    return True
