"""From comparisons to a rated, ranked list with intervals: the one way ratings are made."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import numpy as np

from metrics.stats.bootstrap import bootstrap_bounds
from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.intervals import Bounds, sandwich_bounds
from metrics.stats.methods.base import BaseMethod, Fit, make_method
from metrics.stats.ranks import RankRule, rank_models
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT, RatedModel, Ratings, Settings

INTERVALS = ("sandwich", "bootstrap", "none")
CLUSTERS = ("prompt", "rater")


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
) -> Ratings:
    """Rate and rank the models of `comparisons`, each connected component by itself.

    `ci` is sandwich, bootstrap or none (None: what the method has); `tie` half or drop,
    `both_bad` tie or drop; `cluster` names at most two of the clusters, and None means
    prompt and rater, each where the votes have more than one. `rounds` and `seed` are the
    bootstrap's. Raises ValueError for an unknown setting or no votes, and NotConverged.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    fitter = make_method(method)
    settings = Settings(
        method=method,
        ci=_one_of("ci", ci or fitter.default_ci, INTERVALS),
        tie=_one_of("tie", tie, ("half", "drop")),
        both_bad=_one_of("both_bad", both_bad, ("tie", "drop")),
        cluster=_informative(comparisons) if cluster is None else tuple(dict.fromkeys(cluster)),
        level=level,
        rounds=rounds,
        seed=seed,
        rule=rule or RankRule(),
    )
    counted = _settle_outcomes(comparisons.clustered_by(settings.cluster), settings)
    if not len(counted.a):
        raise ValueError("no votes to rate")
    if fitter.needs_order and not counted.in_order:
        raise ValueError(f"{method} needs the votes in their order")
    start = perf_counter()
    fit = fitter.fit(counted)
    fitted = perf_counter()
    bounds = _estimate_bounds(counted, fit, fitter, settings)
    seconds = {"fit": fitted - start, "ci": perf_counter() - fitted}
    rows = _rows(comparisons, counted, fit, bounds, settings)
    covariance = bounds.covariance if bounds else None
    return Ratings(rows, comparisons.models, fit, covariance, settings, seconds)


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"unknown {name} {value!r} (known: {', '.join(known)})")
    return value


def _informative(comparisons: Comparisons) -> tuple[str, ...]:
    """The usual clusters that tell votes apart: one prompt or one rater alone cannot."""
    return tuple(
        name
        for name in CLUSTERS
        if name in comparisons.clusters and _differ(comparisons.clusters[name])
    )


def _differ(codes: IntArray) -> bool:
    return bool((codes != codes[:1]).any())


def _settle_outcomes(comparisons: Comparisons, settings: Settings) -> Comparisons:
    """The votes that count, with what counts as a tie called one."""
    if settings.both_bad == "drop":
        comparisons = comparisons.select(comparisons.outcome != Outcome.BOTH_BAD)
    outcome = np.minimum(comparisons.outcome, Outcome.TIE)
    comparisons = replace(comparisons, outcome=outcome)
    if settings.tie == "drop":
        comparisons = comparisons.select(outcome != Outcome.TIE)
    return comparisons if comparisons.in_order else comparisons.aggregated()


def _estimate_bounds(
    comparisons: Comparisons, fit: Fit, fitter: BaseMethod, settings: Settings
) -> Bounds | None:
    if settings.ci == "none":
        return None
    if settings.ci == "sandwich":
        influence = fitter.influence(comparisons, fit)
        return sandwich_bounds(
            comparisons, fit, influence, cluster=settings.cluster, level=settings.level
        )
    return bootstrap_bounds(
        comparisons,
        fit,
        fitter,
        cluster=settings.cluster,
        level=settings.level,
        rounds=settings.rounds,
        rng=np.random.default_rng(settings.seed),
    )


def _rows(
    comparisons: Comparisons,
    counted: Comparisons,
    fit: Fit,
    bounds: Bounds | None,
    settings: Settings,
) -> tuple[RatedModel, ...]:
    """One row for each model, best first, and by name where ratings are equal."""
    reasons = _reasons(comparisons, counted, fit, bounds, settings)
    rating, lower, upper = (
        MEAN + POINTS_PER_LOGIT * logits
        for logits in ((fit.logits, bounds.lower, bounds.upper) if bounds else (fit.logits,) * 3)
    )
    ranks = rank_models(lower, upper, bounds.better if bounds else None, fit.components)
    wins, losses, ties, both_bad = _record(comparisons)
    rows = [
        RatedModel(
            model=model,
            rating=float(rating[i]),
            rating_lower=_known(lower[i]) if bounds else None,
            rating_upper=_known(upper[i]) if bounds else None,
            rank=None if reasons[i] else int(ranks.rank[i]),
            rank_lower=int(ranks.lower[i]) if bounds else None,
            rank_upper=int(ranks.upper[i]) if bounds else None,
            votes=float(wins[i] + losses[i] + ties[i] + both_bad[i]),
            wins=float(wins[i]),
            losses=float(losses[i]),
            ties=float(ties[i]),
            both_bad=float(both_bad[i]),
            component=int(fit.components[i]),
            separated=bool(fit.separated[i]),
            no_rank=reasons[i],
        )
        for i, model in enumerate(comparisons.models)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.rating, row.model)))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _reasons(
    comparisons: Comparisons,
    counted: Comparisons,
    fit: Fit,
    bounds: Bounds | None,
    settings: Settings,
) -> list[str]:
    """Why each model has no rank; empty where it has one."""
    wins = counted.wins()
    votes = wins.sum(axis=0) + wins.sum(axis=1)
    prompts = comparisons.seen("prompt") if "prompt" in comparisons.clusters else None
    width = POINTS_PER_LOGIT * (bounds.upper - bounds.lower) / 2 if bounds else None
    return [
        settings.rule.reason(
            component=int(fit.components[i]),
            votes=float(votes[i]),
            prompts=None if prompts is None else int(prompts[i]),
            half_width=None if width is None else float(width[i]),
        )
        for i in range(len(votes))
    ]


def _record(comparisons: Comparisons) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Wins, losses, ties and both_bad of each model, (M,) each."""
    as_a, as_b = (comparisons.tallies().sum(axis=axis) for axis in (2, 1))
    return (
        as_a[Outcome.MODEL_A] + as_b[Outcome.MODEL_B],
        as_a[Outcome.MODEL_B] + as_b[Outcome.MODEL_A],
        as_a[Outcome.TIE] + as_b[Outcome.TIE],
        as_a[Outcome.BOTH_BAD] + as_b[Outcome.BOTH_BAD],
    )
