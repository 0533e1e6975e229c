"""How often a model's images are usable, whoever they are shown against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, logit

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, Outcome
from metrics.stats.methods._newton import SMALL_STEP, STEPS
from metrics.stats.methods.base import Influence, NotConverged
from metrics.stats.parameters import Estimate, parameter_covariance

# Each model is given this many votes of its own that were bad, and as many that were not.
PRIOR_VOTES = 0.5


@dataclass(frozen=True, slots=True)
class UsableModel:
    """One model's usable rate in 0..1, and what it rests on.

    `usable` is None where the votes leave it open, and `no_rate` says why. `both_bad_share` is
    the raw share of its `votes`, which depends on its opponents. `border` says that all of its
    votes were both-bad, or none: a weak prior holds the rate.
    """

    model: str
    usable: Estimate | None
    no_rate: str
    votes: float
    both_bad_share: float | None
    border: bool


@dataclass(frozen=True, slots=True)
class UsableRates:
    """The rates of all models, in their order, with the settings."""

    rows: tuple[UsableModel, ...]
    cluster: tuple[str, ...]
    level: float
    prior_votes: float


def estimate_usable(
    comparisons: Comparisons, *, cluster: Sequence[str] = (), level: float = 0.95
) -> UsableRates:
    """The usable rate u of each model, from both sides of every vote together.

    P(both bad) = (1 - u_i)(1 - u_j): two sides are bad independently of each other. This is a
    binomial model with a log link (Wacholder 1986, Am. J. Epidemiology 123(1)), fitted by
    maximum likelihood with a weak prior: PRIOR_VOTES votes on each model alone that were bad,
    and as many that were not. Intervals are sandwiches on the logit scale, clustered by
    `cluster`. Where models fall into two camps that met only each other, as a single pair does,
    it stays open which side was bad: they have no rate. Raises NotConverged.
    """
    counts = _count_pairs(comparisons)
    spared = _climb(*counts)
    influence = _influence(comparisons, spared, *counts)
    covariance = parameter_covariance(comparisons, influence, cluster=cluster)
    votes, bad = (count.sum(axis=1) for count in counts)
    border = (bad == 0) | (bad == votes)
    # Where nothing varies, a sandwich would claim certainty.
    least = np.where(border, np.diagonal(influence.inverse), 0.0)
    error = np.sqrt(np.maximum(covariance.standard_errors() ** 2, least))
    usable = -np.expm1(-spared)
    reach = covariance.quantiles(level) * error / usable
    seen, _ = _count_pairs(comparisons, comparisons.count)
    reasons = _find_open(counts[0])
    rows = tuple(
        UsableModel(
            model=model,
            usable=None if reasons[i] else _estimate(usable[i], reach[i]),
            no_rate=reasons[i],
            votes=float(seen[i].sum()),
            both_bad_share=float(bad[i] / votes[i]) if votes[i] else None,
            border=bool(border[i]),
        )
        for i, model in enumerate(comparisons.models)
    )
    return UsableRates(rows, tuple(cluster), level, PRIOR_VOTES)


def _estimate(usable: float, reach: float) -> Estimate:
    """The rate, with an interval of `reach` to either side of its logit."""
    if np.isnan(reach):
        return Estimate(float(usable), None, None)
    middle = logit(usable)
    return Estimate(float(usable), float(expit(middle - reach)), float(expit(middle + reach)))


def _count_pairs(
    comparisons: Comparisons, values: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """[i, j]: the votes on i and j, and those of them that were both-bad; (M, M) each."""
    tallies = comparisons.tallies(values)
    met = tallies + tallies.transpose(0, 2, 1)
    return met.sum(axis=0), met[Outcome.BOTH_BAD]


def _find_open(votes: FloatArray) -> list[str]:
    """Why each model can have no rate; empty where it can.

    A model and its copy in a second world, into which every vote leads, are connected exactly
    where some way round the votes has an odd number of steps.
    """
    nothing = np.zeros_like(votes)
    _, part = connected_components(np.block([[nothing, votes], [votes, nothing]]), directed=False)
    size = len(votes)
    open_sides: BoolArray = part[:size] != part[size:]
    return [
        "no votes" if not met else "it is open which side was bad" if camps else ""
        for met, camps in zip(votes.sum(axis=1), open_sides, strict=True)
    ]


def _climb(votes: FloatArray, bad: FloatArray) -> FloatArray:
    """-log(1 - u) of each model, (M,): the maximum of a log-likelihood that is concave in it."""
    share = (bad.sum() + PRIOR_VOTES) / (votes.sum() + 2 * PRIOR_VOTES)
    spared: FloatArray = np.full(len(votes), -np.log(share) / 2)
    for _ in range(STEPS):
        gradient, information = _derivatives(spared, votes, bad)
        step = np.linalg.solve(information, gradient).astype(np.float64)
        if np.abs(step).max(initial=0.0) <= SMALL_STEP:
            return spared
        spared = _ascend(spared, step, votes, bad)
    raise NotConverged(f"no convergence in {STEPS} Newton steps")


def _ascend(spared: FloatArray, step: FloatArray, votes: FloatArray, bad: FloatArray) -> FloatArray:
    """As far along `step` as the likelihood rises, and all rates stay within 0..1."""
    part = min(1.0, 0.9 / max(float((-step / spared).max()), 0.9))
    before = _likelihood(spared, votes, bad)
    # Rounding may hide the last rise.
    while _likelihood(spared + part * step, votes, bad) < before - 1e-12 * abs(before):
        part /= 2
    return spared + part * step


def _likelihood(spared: FloatArray, votes: FloatArray, bad: FloatArray) -> float:
    both = spared[:, None] + spared[None, :]
    pairs = -bad * both + (votes - bad) * np.log(-np.expm1(-both))
    own = np.log(-np.expm1(-spared)) - spared
    return float(pairs.sum() / 2 + PRIOR_VOTES * own.sum())


def _derivatives(
    spared: FloatArray, votes: FloatArray, bad: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The gradient (M,) and information (M, M), with the prior."""
    odds, own_odds = _odds(spared[:, None] + spared[None, :]), _odds(spared)
    gradient = ((votes - bad) * odds - bad).sum(axis=1) + PRIOR_VOTES * (own_odds - 1)
    curvature = (votes - bad) * odds * (1 + odds)
    own = curvature.sum(axis=1) + PRIOR_VOTES * own_odds * (1 + own_odds)
    return gradient, np.diag(own) + curvature


def _odds(spared: FloatArray) -> FloatArray:
    """The odds of being bad, where its chance is exp(-spared)."""
    return np.asarray(1 / np.expm1(spared))


def _influence(
    comparisons: Comparisons, spared: FloatArray, votes: FloatArray, bad: FloatArray
) -> Influence:
    odds = _odds(spared[comparisons.a] + spared[comparisons.b])
    was_bad = comparisons.outcome == Outcome.BOTH_BAD
    scores, root = (
        _on_both(comparisons, np.where(was_bad, of_bad, of_other))
        for of_bad, of_other in ((-1.0, odds), (0.0, np.sqrt(odds * (1 + odds))))
    )
    _, information = _derivatives(spared, votes, bad)
    return Influence(scores, np.linalg.inv(information).astype(np.float64), (root,))


def _on_both(comparisons: Comparisons, values: FloatArray) -> csr_array:
    """The sparse (R, M) array with `values` (R,) at the columns of both sides."""
    rows = np.arange(len(values))
    return csr_array(
        (np.tile(values, 2), (np.tile(rows, 2), np.append(comparisons.a, comparisons.b))),
        shape=(len(values), len(comparisons.models)),
    )
