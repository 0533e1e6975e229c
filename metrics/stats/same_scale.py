"""Whether votes on pairs and orders of several models put the models on one and the same scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import block_diag, csr_array
from scipy.stats import chi2, f

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray
from metrics.stats.intervals import Covariance, estimate_covariance
from metrics.stats.methods.base import Fit, Influence
from metrics.stats.methods.bradley_terry import Method as BradleyTerry
from metrics.stats.methods.plackett_luce import Method as PlackettLuce
from metrics.stats.rankings import Rankings

# In no direction is the variance believed to be less than this share of what cells alone give:
# with all of it, tests reject too seldom, with none of it too often.
LEAST_SHARE = 0.5
# A scale known less well than to this factor, either way, is no ground for pooling.
WITHIN = 1.5
# Degrees of freedom to be left over by a covariance from clusters, so that it can be inverted.
LEAST_DEGREES = 5
_ANGLES = np.linspace(-np.pi / 2, np.pi / 2, 2001)[1:-1]


@dataclass(frozen=True, slots=True)
class SameScale:
    """How the logits from orders go with those from pairs, over the `models` that both rate.

    `scale` is the factor from pairs to orders, with its interval at `level` (None: unbounded);
    `p_proportional` tests that one factor is all that lies between them (None for two models),
    `p_same` that the factor is 1 as well. `verdict` is `same`, `other scale`, `not
    proportional`, or `too few votes` to say.
    """

    models: tuple[str, ...]
    scale: float | None
    lower: float | None
    upper: float | None
    p_proportional: float | None
    p_same: float | None
    degrees: float | None
    level: float
    verdict: str


def compare_scales(
    pairs: Comparisons, orders: Rankings, *, cluster: Sequence[str] = (), level: float = 0.95
) -> SameScale:
    """Test b = s a, for p contrasts a of Bradley–Terry and b of Plackett–Luce logits.

    Q(s) = (b - s a)ᵀ Var(b - s a)⁻¹ (b - s a) is what minimum distance leaves after fitting the
    common strengths (Rothenberg 1973; Chamberlain 1982, J. Econometrics 18). Were b = s a, its
    minimum over s would be chi-squared with p - 1 degrees, Q(1) with p if s = 1, and Q less its
    minimum with 1, which gives the interval of s (Fieller 1954). With ν degrees from clusters
    they are Hotelling's: (ν - q + 1)/(ν q) Q is F with q and ν - q + 1.

    The variance is the sandwich's of both fits together, as the same raters and prompts are in
    both; `cluster` names at most two clusters of each, whose codes mean the same in both, and
    `models` are alike. The verdict is `same` where nothing is rejected at `level`, and the interval
    of s holds 1 and lies within a factor WITHIN of it. Raises NotConverged.
    """
    fits = BradleyTerry().fit(pairs), PlackettLuce().fit(orders)
    common = _find_common(*fits)
    models = tuple(pairs.models[i] for i in common)
    unknown = SameScale(models, None, None, None, None, None, None, level, "too few votes")
    if len(common) < 2:
        return unknown
    covariance = _estimate_together(pairs, orders, fits, cluster)
    size, p = len(pairs.models), len(common) - 1
    degrees = float(covariance.degrees[[common[0], size + common[0]]].min())
    if degrees < 2 * p + LEAST_DEGREES:
        return unknown
    contrast = np.zeros((p, size))
    contrast[np.arange(p), common[1:]], contrast[:, common[0]] = 1.0, -1.0
    variance = _settle(covariance, np.kron(np.eye(2), contrast).astype(np.float64))
    a, b = (contrast @ fit.logits for fit in fits)
    distances = _measure_distances(a, b, variance, _ANGLES)
    same = float(_measure_distances(a, b, variance, np.array([np.pi / 4]))[0])
    least = int(np.argmin(distances))
    lower, upper = _find_bounds(distances, least, degrees, level)
    proportional = _survive(float(distances[least]), p - 1, degrees) if p > 1 else None
    return SameScale(
        models,
        float(np.tan(_ANGLES[least])),
        lower,
        upper,
        proportional,
        _survive(same, p, degrees),
        degrees if np.isfinite(degrees) else None,
        level,
        _judge(proportional, lower, upper, level),
    )


def pool(pairs: Comparisons, orders: Rankings) -> Rankings:
    """Both as ballots, each pair of two slots; models and codes of clusters must be the same."""
    short = Rankings.of_pairs(pairs)
    missing = ((0, 0), (0, orders.slots.shape[1] - 2))
    return Rankings(
        orders.models,
        np.concatenate([np.pad(short.slots, missing, constant_values=-1), orders.slots]),
        np.concatenate([np.pad(short.tiers, missing), orders.tiers]),
        np.concatenate([short.weight, orders.weight]),
        {
            name: np.concatenate([codes, orders.clusters[name]])
            for name, codes in short.clusters.items()
        },
    )


def _judge(
    proportional: float | None, lower: float | None, upper: float | None, level: float
) -> str:
    if proportional is not None and proportional < 1 - level:
        return "not proportional"
    if (lower is not None and lower > 1) or (upper is not None and upper < 1):
        return "other scale"
    if lower is None or upper is None or lower < 1 / WITHIN or upper > WITHIN:
        return "too few votes"
    return "same"


def _find_common(pairs: Fit, orders: Fit) -> IntArray:
    """The most models that votes connect in both, none of them held by a prior."""
    usable = pairs.voted & orders.voted & ~pairs.separated & ~orders.separated
    both = pairs.components * len(pairs.logits) + orders.components
    if not usable.any():
        return np.zeros(0, dtype=np.int64)
    sets, sizes = np.unique(both[usable], return_counts=True)
    return np.flatnonzero(usable & (both == sets[np.argmax(sizes)]))


def _estimate_together(
    pairs: Comparisons, orders: Rankings, fits: tuple[Fit, Fit], cluster: Sequence[str]
) -> Covariance:
    """The covariance of both fits' logits, as if they were one fit of twice as many models."""
    size = len(pairs.models)
    influences = BradleyTerry().influence(pairs, fits[0]), PlackettLuce().influence(orders, fits[1])
    best = np.argsort(orders.places, axis=1, kind="stable")[:, :2]
    first, second = np.take_along_axis(orders.slots, best, axis=1).T
    rows = Comparisons(
        (*pairs.models, *(f"{name} in orders" for name in pairs.models)),
        np.concatenate([pairs.a, first + size]),
        np.concatenate([pairs.b, second + size]),
        np.zeros(len(pairs.a) + len(first), dtype=np.int64),
        np.concatenate([pairs.weight, orders.weight]),
        {name: np.concatenate([pairs.clusters[name], orders.clusters[name]]) for name in cluster},
    )
    fit = Fit(
        np.concatenate([each.logits for each in fits]),
        np.concatenate([fits[0].components, fits[1].components + size]),
        np.concatenate([each.separated for each in fits]),
    )
    return estimate_covariance(rows, fit, _join(*influences), cluster=cluster)


def _join(first: Influence, second: Influence) -> Influence:
    """Of two fits side by side; either's votes say nothing about the other's parameters."""
    number = max(len(first.roots), len(second.roots))
    roots = (
        [*each.roots, *[csr_array(each.scores.shape)] * (number - len(each.roots))]
        for each in (first, second)
    )
    inverse = block_diag([first.inverse, second.inverse]).toarray()
    return Influence(
        block_diag([first.scores, second.scores], format="csr"),
        inverse,
        tuple(block_diag(both, format="csr") for both in zip(*roots, strict=True)),
    )


def _settle(covariance: Covariance, contrasts: FloatArray) -> FloatArray:
    """That of the contrasts (2p, 2M), in no direction far below that by cells of both clusters.

    Clustered two ways, V1 + V2 - V12 may be too small or negative in some direction; V12, from
    the intersections, is what votes would have without either cluster.
    """
    matrix = contrasts @ covariance.matrix @ contrasts.T
    if not covariance.one_way:
        return matrix
    cells = contrasts @ sum(covariance.one_way) @ contrasts.T - matrix
    root = np.linalg.cholesky(cells)
    inverse = np.linalg.inv(root)
    values, vectors = np.linalg.eigh(inverse @ matrix @ inverse.T)
    raised = root @ vectors
    settled: FloatArray = (raised * np.maximum(values, LEAST_SHARE)) @ raised.T
    return settled


def _measure_distances(
    a: FloatArray, b: FloatArray, variance: FloatArray, angles: FloatArray
) -> FloatArray:
    """Q(s) at s = tan(angle), (T,): there s has neither an end nor a largest step."""
    turn = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    left = turn @ np.stack([a, b])
    parts = variance.reshape(2, len(a), 2, len(a))
    spread = np.einsum("ti,ipjq,tj->tpq", turn, parts, turn)
    solved = np.linalg.solve(spread, left[:, :, None])[:, :, 0]
    distances: FloatArray = (left * solved).sum(axis=1)
    return distances


def _find_bounds(
    distances: FloatArray, least: int, degrees: float, level: float
) -> tuple[float | None, float | None]:
    """Where Q first rises too far on either side of its minimum; None where it never does."""
    far = np.flatnonzero(distances - distances[least] > _quantile(level, degrees))
    below, above = far[far < least], far[far > least]
    return (
        float(np.tan(_ANGLES[below[-1] + 1])) if len(below) else None,
        float(np.tan(_ANGLES[above[0] - 1])) if len(above) else None,
    )


def _quantile(level: float, degrees: float) -> float:
    return float(chi2.ppf(level, 1) if np.isinf(degrees) else f.ppf(level, 1, degrees))


def _survive(distance: float, dimensions: int, degrees: float) -> float:
    """The chance of at least this distance (Hotelling 1931, Annals of Mathematical Statistics)."""
    if np.isinf(degrees):
        return float(chi2.sf(distance, dimensions))
    left = degrees - dimensions + 1
    return float(f.sf(distance * left / (degrees * dimensions), dimensions, left))
