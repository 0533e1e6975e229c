"""From comparisons to a rated, ranked list with intervals: the one way ratings are made."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from metrics.stats.bootstrap import bootstrap_covariance
from metrics.stats.comparisons import Comparisons, IntArray, Outcome
from metrics.stats.components import centre_on
from metrics.stats.intervals import Covariance, estimate_covariance
from metrics.stats.methods.base import BaseMethod, Fit, make_method
from metrics.stats.ranks import RankRule
from metrics.stats.ratings import Ratings, Settings
from metrics.stats.rows import make_rows

INTERVALS = ("sandwich", "bootstrap", "none")
CLUSTERS = ("prompt", "rater")
# Of the interval at which anytime bands are narrowest, in points: about 700 votes for a model.
PLANNED_HALF_WIDTH = 30.0


def rate(
    comparisons: Comparisons,
    *,
    method: str = "bradley_terry",
    ci: str | None = None,
    tie: str = "half",
    both_bad: str = "tie",
    cluster: Sequence[str] | None = None,
    level: float = 0.95,
    rounds: int = 1000,
    seed: int = 0,
    rule: RankRule | None = None,
    prompts: str = "sample",
    mean: str = "all",
    planned_half_width: float = PLANNED_HALF_WIDTH,
) -> Ratings:
    """Rate and rank the models of `comparisons`, each connected component by itself.


    `ci` is sandwich, bootstrap or none (None: what the method has); `tie` half or drop,
    `both_bad` tie or drop; `cluster` names at most two of the clusters, and None means
    prompt and rater, each where the votes have more than one. `prompts` says whether those
    of the votes are a sample of more, or fixed: then they are no default cluster, and may be
    few. `mean` is of all models of a component, or of those established: with votes enough
    for a rank (`rule.min_votes`), so that a newcomer moves nobody. `rounds` and `seed` are
    the bootstrap's, `planned_half_width` (points) that of `band_reach`. Raises ValueError for
    an unknown setting or no votes, and NotConverged.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    fitter = make_method(method)
    ci = _one_of("ci", ci or fitter.default_ci, INTERVALS)
    settings = Settings(
        method=method,
        ci=ci,
        tie=_one_of("tie", tie, ("half", "drop")),
        both_bad=_one_of("both_bad", both_bad, ("tie", "drop")),
        cluster=_choose_clusters(comparisons, cluster, ci, prompts),
        level=level,
        rounds=rounds,
        seed=seed,
        rule=rule or RankRule(),
        prompts=_one_of("prompts", prompts, ("sample", "fixed")),
        mean=_one_of("mean", mean, ("all", "established")),
        weighted=comparisons.importance is not None,
        planned_half_width=planned_half_width,
    )
    clustered = comparisons.clustered_by(settings.cluster)
    counted = _settle_outcomes(clustered, settings, sided=fitter.sided)
    if not len(counted.a):
        raise ValueError("no votes to rate")
    if fitter.needs_order and not counted.in_order:
        raise ValueError(f"{method} needs the votes in their order")
    start = perf_counter()
    fit = fitter.fit(counted)
    fitted = perf_counter()
    covariance = _estimate_covariance(counted, fit, fitter, settings)
    if settings.mean == "established":
        fit, covariance = _centre_on_established(counted, fit, covariance, settings.rule)
    seconds = {"fit": fitted - start, "ci": perf_counter() - fitted}
    rows = make_rows(comparisons, counted, fit, covariance, settings)
    return Ratings(rows, comparisons.models, fit, covariance, settings, seconds)


def _centre_on_established(
    counted: Comparisons, fit: Fit, covariance: Covariance | None, rule: RankRule
) -> tuple[Fit, Covariance | None]:
    """On the mean of the models with votes enough for a rank.

    The first votes on a newcomer, which leave it anywhere, would move everybody's rating.
    """
    wins = counted.wins(counted.count)
    moves = centre_on(fit.components, wins.sum(axis=0) + wins.sum(axis=1) >= rule.min_votes)
    return replace(fit, logits=moves @ fit.logits), covariance and covariance.moved(moves)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"unknown {name} {value!r} (known: {', '.join(known)})")
    return value


def informative_clusters(comparisons: Comparisons, prompts: str = "sample") -> tuple[str, ...]:
    """The usual clusters that tell votes apart: at most prompt and rater.

    One prompt or one rater alone cannot; and `prompts` that are fixed stand for themselves
    alone, so that they are no sample to be drawn again.
    """
    usual = CLUSTERS if prompts == "sample" else ("rater",)
    known = comparisons.clusters
    return tuple(name for name in usual if name in known and _differ(known[name]))


def _choose_clusters(
    comparisons: Comparisons, named: Sequence[str] | None, ci: str, prompts: str
) -> tuple[str, ...]:
    """Those named, each once; else the usual ones, where an interval is to be made of them."""
    if named is not None:
        return tuple(dict.fromkeys(named))
    return () if ci == "none" else informative_clusters(comparisons, prompts)


def _differ(codes: IntArray) -> bool:
    return bool((codes != codes[:1]).any())


def _settle_outcomes(comparisons: Comparisons, settings: Settings, *, sided: bool) -> Comparisons:
    """The votes that count, with what counts as a tie called one, in as few rows as can be."""
    if settings.both_bad == "drop":
        comparisons = comparisons.select(comparisons.outcome != Outcome.BOTH_BAD)
    outcome = np.minimum(comparisons.outcome, Outcome.TIE)
    comparisons = replace(comparisons, outcome=outcome)
    if settings.tie == "drop":
        comparisons = comparisons.select(outcome != Outcome.TIE)
    if comparisons.in_order:
        return comparisons
    return comparisons.aggregated() if sided else comparisons.canonical()


def _estimate_covariance(
    comparisons: Comparisons, fit: Fit, fitter: BaseMethod, settings: Settings
) -> Covariance | None:
    if settings.ci == "none":
        return None
    if settings.ci == "sandwich":
        influence = fitter.influence(comparisons, fit)
        return estimate_covariance(comparisons, fit, influence, cluster=settings.cluster)
    return bootstrap_covariance(
        comparisons,
        fit,
        fitter,
        cluster=settings.cluster,
        rounds=settings.rounds,
        rng=np.random.default_rng(settings.seed),
    )
