"""Bradley–Terry with covariates of each showing."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack
from scipy.special import expit

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.components import find_components, find_separated, same_component
from metrics.stats.methods._newton import climb
from metrics.stats.methods._prior import PRIOR_TIES, prior_derivatives
from metrics.stats.methods.base import Fit, Influence
from metrics.stats.methods.bradley_terry import POINTS, opposed

# A covariate of whose variance no more than this is left beside the others says nothing.
COLLINEAR = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class CovariateFit:
    """Ratings beside K coefficients `beta` (K,), in logits per unit; `influence` has M + K."""

    fit: Fit
    beta: FloatArray
    influence: Influence


def fit_covariates(comparisons: Comparisons, columns: FloatArray) -> CovariateFit:
    """logit P(a beats b) = x_a - x_b + z·beta, z being the row of `columns` (R, K).

    Bradley–Terry as a logistic regression (Agresti 2013, Categorical Data Analysis, 11.6), a
    tie being half a win for each. The logits x have the weak prior of Bradley–Terry here where
    their component is separated; each beta always has that of half a tie at z = 1, since
    votes may leave it no finite value. Raises NotConverged.
    """
    wins = comparisons.wins()
    components = find_components(wins)
    separated = find_separated(wins, components)
    problem = _Problem(
        comparisons,
        columns,
        weight=np.where(separated, PRIOR_TIES, 0.0),
        same=same_component(components),
    )
    size = len(wins)
    found, steps = climb(
        np.zeros(size + columns.shape[1]),
        problem.derivatives,
        reach=2.0 + float(np.abs(columns).sum(axis=1).max(initial=0.0)),
    )
    fit = Fit(found[:size], components, separated, iterations=steps)
    return CovariateFit(fit, found[size:], problem.influence(found))


def standardise_differences(features: FloatArray, a: IntArray, b: IntArray) -> FloatArray:
    """What candidate a[r] has more than b[r], in standard deviations over candidates, (R, K).

    `features` (C, K) are of C candidates, NaN where unknown; `a` and `b` (R,) index them. A
    feature that is the same for all candidates, or known of none, has differences of 0.
    """
    known = ~np.isnan(features)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, features, 0.0)
    mean = filled.sum(axis=0) / count
    deviation = np.sqrt((np.where(known, features - mean, 0.0) ** 2).sum(axis=0) / count)
    constant = deviation <= 1e-12 * np.abs(mean)
    scaled = np.where(constant, 0.0, features / np.where(constant, 1.0, deviation))
    return np.asarray(scaled[a] - scaled[b], dtype=np.float64)


def explain_dropped(comparisons: Comparisons, columns: FloatArray) -> list[str]:
    """Why each column of (R, K) cannot have a coefficient; empty where it can.

    A column counts only by what models, and the columns before it, leave over.
    """
    weighted = columns * comparisons.weight[:, None]
    total = (columns * weighted).sum(axis=0)
    beside = columns.T @ weighted
    sides = opposed(comparisons.a, comparisons.b, np.ones(len(columns)), len(comparisons.models))
    models = (sides.T @ (sides * comparisons.weight[:, None])).toarray()
    shared = sides.T @ weighted
    own = beside - shared.T @ np.linalg.pinv(models, hermitian=True) @ shared
    reasons = []
    left = own.copy()
    for k in range(columns.shape[1]):
        reason = _reason(total[k], own[k, k], left[k, k])
        reasons.append(reason)
        if not reason:
            left = left - np.outer(left[:, k], left[k]) / left[k, k]
    return reasons


def _reason(total: float, beside_models: float, beside_all: float) -> str:
    if total == 0:
        return "the same on both sides of every vote"
    if beside_models <= COLLINEAR * total:
        return "cannot be told from the models themselves"
    if beside_all <= COLLINEAR * total:
        return "follows from the other covariates"
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """The votes and columns of one fit; `weight` (M,) and `same` (M, M) are the prior's."""

    comparisons: Comparisons
    columns: FloatArray
    weight: FloatArray
    same: FloatArray

    def gaps(self, parameters: FloatArray) -> FloatArray:
        logits, beta = np.split(parameters, [len(self.weight)])
        votes = self.comparisons
        gaps: FloatArray = logits[votes.a] - logits[votes.b] + self.columns @ beta
        return gaps

    def derivatives(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The log-likelihood's gradient (M + K,) and information, with the priors."""
        size, gaps = len(self.weight), self.gaps(parameters)
        points, votes = POINTS[self.comparisons.outcome], self.comparisons.weight
        chance, other = expit(gaps), expit(-gaps)
        # Written without 1 - chance, which would lose all digits of a rare event.
        pull = votes * (points * other - (1 - points) * chance)
        curvature = votes * chance * other
        logits, beta = np.split(parameters, [size])
        gradient, information = prior_derivatives(logits, self.weight, self.same)
        gradient = gradient + self._net(pull)
        information = information + self._between(curvature)
        across = np.array([self._net(curvature * column) for column in self.columns.T])
        across = across.reshape(len(beta), size)
        of_beta = self.columns.T @ (curvature[:, None] * self.columns)
        of_beta += np.diag(PRIOR_TIES * expit(beta) * expit(-beta))
        return (
            np.append(gradient, self.columns.T @ pull + PRIOR_TIES * (0.5 - expit(beta))),
            np.block([[information, across.T], [across, of_beta]]),
        )

    def influence(self, parameters: FloatArray) -> Influence:
        votes, gaps = self.comparisons, self.gaps(parameters)
        _, information = self.derivatives(parameters)
        scores, root = (
            self._rows(values)
            for values in (POINTS[votes.outcome] - expit(gaps), np.sqrt(expit(gaps) * expit(-gaps)))
        )
        return Influence(scores, np.linalg.inv(information).astype(np.float64), (root,))

    def _rows(self, values: FloatArray) -> csr_array:
        sides = opposed(self.comparisons.a, self.comparisons.b, values, len(self.weight))
        return hstack([sides, csr_array(values[:, None] * self.columns)], format="csr")

    def _net(self, values: FloatArray) -> FloatArray:
        """Each model's sum of `values` (R,) as the first, less that as the second; (M,)."""
        size = len(self.weight)
        first, second = (
            np.bincount(side, values, minlength=size)
            for side in (self.comparisons.a, self.comparisons.b)
        )
        return np.asarray(first - second)

    def _between(self, values: FloatArray) -> FloatArray:
        """The information (M, M) of gaps that have `values` (R,) each."""
        size = len(self.weight)
        cell = self.comparisons.a * size + self.comparisons.b
        shown = np.bincount(cell, values, minlength=size * size).reshape(size, size)
        met = shown + shown.T
        return np.asarray(np.diag(met.sum(axis=1)) - met)
