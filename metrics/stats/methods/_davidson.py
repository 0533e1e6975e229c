"""Davidson's likelihood, with or without a term for the side shown first."""

import numpy as np
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import NegativeCycleError, bellman_ford
from scipy.special import expit, softmax

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, Outcome
from metrics.stats.components import find_components, find_separated, same_component
from metrics.stats.methods._newton import climb
from metrics.stats.methods._prior import PRIOR_TIES, prior_derivatives
from metrics.stats.methods.base import Fit, Influence
from metrics.stats.methods.bradley_terry import opposed


def fit_davidson(comparisons: Comparisons, *, position: bool) -> Fit:
    """The maximum over logits, log nu and, with `position`, gamma. Raises NotConverged."""
    outcomes = _as_shown(comparisons)
    wins, ties = _wins_and_ties(outcomes)
    connected = wins + ties / 2
    components = find_components(connected)
    separated = find_separated(connected, components) | _ties_separate(wins, ties)
    same = same_component(components)
    weight = _prior_weights(separated, wins, ties)
    found, steps = climb(
        np.zeros(len(weight) + position),
        lambda parameters: _derivatives(parameters, outcomes, weight, same),
        reach=2.0 + position,
    )
    size = len(separated)
    parameters = {"nu": float(np.exp(found[size]))}
    if position:
        parameters["gamma"] = float(found[size + 1])
    return Fit(found[:size], components, separated, parameters, steps)


def davidson_influence(comparisons: Comparisons, fit: Fit) -> Influence:
    """The scores and information of logits, log nu and, where the fit has it, gamma."""
    outcomes = _as_shown(comparisons)
    weight = _prior_weights(fit.separated, *_wins_and_ties(outcomes))
    same = same_component(fit.components)
    gamma = [fit.parameters["gamma"]] if "gamma" in fit.parameters else []
    parameters = np.concatenate([fit.logits, [np.log(fit.parameters["nu"])], gamma])
    _, information = _derivatives(parameters, outcomes, weight, same)
    gap = fit.logits[comparisons.a] - fit.logits[comparisons.b] + sum(gamma)
    first, second, tie = davidson_chances(gap, fit.parameters["nu"])

    def columns(of_gap: FloatArray, of_nu: FloatArray) -> csr_array:
        sides = opposed(comparisons.a, comparisons.b, of_gap, len(fit.logits))
        return hstack([sides, _column(of_nu), *(_column(of_gap) for _ in gamma)], format="csr")

    won = comparisons.outcome == Outcome.MODEL_A
    lost = comparisons.outcome == Outcome.MODEL_B
    scores = columns(((won - first) - (lost - second)) / 2, (~won & ~lost) - tie)
    own, across, of_nu = _curvature(first, second, tie)
    root = np.sqrt(own)
    rest = np.sqrt(np.maximum(of_nu - across**2 / own, 0.0))
    return Influence(
        scores,
        np.linalg.inv(information).astype(np.float64),
        (columns(root, across / root), columns(np.zeros_like(rest), rest)),
    )


def _curvature(
    first: FloatArray, second: FloatArray, tie: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The information of one vote: of its gap, of gap and log nu together, of log nu."""
    return (
        first * second + tie * (first + second) / 4,
        -(first - second) * tie / 2,
        tie * (first + second),
    )


def davidson_chances(gap: FloatArray, nu: float) -> FloatArray:
    """P(first wins), P(second wins), P(tie) for each gap, stacked in front."""
    return np.asarray(softmax([gap / 2, -gap / 2, np.full_like(gap, np.log(nu))], axis=0))


def _column(values: FloatArray) -> csr_array:
    return coo_array(values)[None, :].T


def _as_shown(comparisons: Comparisons) -> FloatArray:
    """First wins, second wins and ties of i shown first and j second, [k, i, j]; (3, M, M)."""
    first, second, tie, bad = comparisons.tallies()
    return np.stack([first, second, tie + bad])


def _wins_and_ties(outcomes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """[i, j]: how often i beat j, and how often the two tied, on either side; (M, M) each."""
    first, second, tie = outcomes
    return first + second.T, tie + tie.T


def _derivatives(
    parameters: FloatArray, outcomes: FloatArray, weight: FloatArray, same: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The log-likelihood's gradient and information at logits, log nu and perhaps gamma."""
    size = len(same)
    logits, log_nu, gamma = parameters[:size], parameters[size], parameters[size + 1 :]
    won, lost, tied = outcomes
    votes = won + lost + tied
    gap = logits[:, None] - logits[None, :] + gamma.sum()
    first, second, tie = davidson_chances(gap, np.exp(log_nu))
    # Written without 1 - chance, which would lose all digits of a rare event.
    pull = won * (second + tie / 2) - lost * (first + tie / 2) - tied * (first - second) / 2
    curvature, across, own_of_nu = (votes * one for one in _curvature(first, second, tie))
    of_nu = (tied * (first + second) - (won + lost) * tie).sum()

    gradient = np.zeros(len(parameters))
    information = np.zeros((len(parameters), len(parameters)))
    gradient[:size], information[:size, :size] = prior_derivatives(logits, weight[:-1], same)
    gradient[:size] += _net(pull)
    information[:size, :size] += np.diag(_both(curvature)) - curvature - curvature.T
    gradient[size] = of_nu + weight[-1] * (0.5 - expit(log_nu))
    information[size, size] = own_of_nu.sum() + weight[-1] * expit(log_nu) * expit(-log_nu)
    _fill(information, size, _net(across))
    for own in range(size + 1, len(parameters)):
        chance = expit(gamma[0])
        gradient[own] = pull.sum() + PRIOR_TIES * (0.5 - chance)
        information[own, own] = curvature.sum() + PRIOR_TIES * chance * (1 - chance)
        _fill(information, own, np.append(_net(curvature), across.sum()))
    return gradient, information


def _net(cells: FloatArray) -> FloatArray:
    """What each model has as the first, less what it has as the second, (M,)."""
    return np.asarray(cells.sum(axis=1) - cells.sum(axis=0))


def _both(cells: FloatArray) -> FloatArray:
    return np.asarray(cells.sum(axis=1) + cells.sum(axis=0))


def _fill(information: FloatArray, own: int, values: FloatArray) -> None:
    information[own, : len(values)] = information[: len(values), own] = values


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
