"""Ratings with and without what else is known of each showing: position and image style."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray
from metrics.stats.covariates import explain_dropped, fit_covariates
from metrics.stats.intervals import Covariance, estimate_covariance
from metrics.stats.methods.base import Fit
from metrics.stats.parameters import Estimate, estimate_parameters, to_points

POSITION = "position"


@dataclass(frozen=True, slots=True)
class Coefficient:
    """What one standard deviation more of a covariate goes with, in rating points.

    Of the position: what being shown first does.
    """

    name: str
    points: Estimate


@dataclass(frozen=True, slots=True)
class Dropped:
    """A covariate without a coefficient, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Controlled:
    """Ratings without (`plain`) and with covariates, from the same votes, in model order.

    `votes` count; `unknown` are left out of both, as they lack a covariate. Covariances are
    in logits squared and centred.
    """

    models: tuple[str, ...]
    plain: Fit
    plain_covariance: Covariance
    controlled: Fit
    covariance: Covariance
    coefficients: tuple[Coefficient, ...]
    dropped: tuple[Dropped, ...]
    votes: float
    unknown: float
    cluster: tuple[str, ...]
    level: float


def control_ratings(
    comparisons: Comparisons,
    covariates: FloatArray,
    names: Sequence[str],
    *,
    position: bool = True,
    cluster: Sequence[str] = (),
    level: float = 0.95,
) -> Controlled:
    """Bradley–Terry ratings with and without covariates, and each covariate's coefficient.

    Row r of `covariates` (R, K) belongs to row r of `comparisons`: differences a - b in standard
    deviations, as by `standardise_differences`, NaN where unknown. `position` adds what the
    first side gains. The model and its priors are those of `fit_covariates`, intervals are
    sandwiches clustered by `cluster`. A coefficient says what goes together in these votes, not
    what would happen if the style were changed. Raises ValueError for a wrong shape, an
    infinite covariate, or no votes with all covariates known; and NotConverged.
    """
    known = _find_known(comparisons, covariates, names)
    used = comparisons.select(known)
    columns = np.hstack([np.ones((len(used.a), int(position))), covariates[known]])
    labels = [POSITION] * position + list(names)
    reasons = explain_dropped(used, columns)
    kept = np.array([not reason for reason in reasons], dtype=bool)
    plain = fit_covariates(used, columns[:, :0])
    controlled = fit_covariates(used, columns[:, kept])
    estimates = estimate_parameters(
        used,
        np.append(controlled.fit.logits, controlled.beta),
        controlled.influence,
        cluster=cluster,
        level=level,
    )[len(used.models) :]
    found = [label for label, keep in zip(labels, kept, strict=True) if keep]
    return Controlled(
        models=used.models,
        plain=plain.fit,
        plain_covariance=estimate_covariance(used, plain.fit, plain.influence, cluster=cluster),
        controlled=controlled.fit,
        covariance=estimate_covariance(used, controlled.fit, controlled.influence, cluster=cluster),
        coefficients=tuple(
            Coefficient(name, estimate.through(to_points))
            for name, estimate in zip(found, estimates, strict=True)
        ),
        dropped=tuple(
            Dropped(label, reason) for label, reason in zip(labels, reasons, strict=True) if reason
        ),
        votes=used.votes,
        unknown=comparisons.votes - used.votes,
        cluster=tuple(cluster),
        level=level,
    )


def _find_known(
    comparisons: Comparisons, covariates: FloatArray, names: Sequence[str]
) -> BoolArray:
    shape = (len(comparisons.a), len(names))
    if covariates.shape != shape:
        raise ValueError(f"covariates: shape {covariates.shape}, where votes and names ask {shape}")
    if np.isinf(covariates).any():
        raise ValueError("covariates: an infinite value")
    known: BoolArray = np.logical_not(np.isnan(covariates).any(axis=1))
    if not known.any():
        raise ValueError("no votes with all covariates known")
    return known
