"""From a fit and its covariance to the rows of a board."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, Outcome
from metrics.stats.intervals import Covariance
from metrics.stats.methods.base import Fit
from metrics.stats.ranks import Ranks, rank_models
from metrics.stats.ratings import MEAN, POINTS_PER_LOGIT, RatedModel, Settings
from metrics.stats.sequential import band_gap_reach, band_reach
from metrics.stats.simultaneous import joint_quantiles, letter_groups


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """What the covariance says: half-widths in points (M,), and which models are told apart."""

    interval: FloatArray
    band: FloatArray
    ranks: Ranks
    band_ranks: Ranks
    groups: list[str]
    band_groups: list[str]


def make_rows(
    comparisons: Comparisons,
    counted: Comparisons,
    fit: Fit,
    covariance: Covariance | None,
    settings: Settings,
) -> tuple[RatedModel, ...]:
    """One row for each model, best first, and by name where ratings are equal.

    `comparisons` are all votes, which the record counts, and `counted` those that were fitted.
    """
    rating = MEAN + POINTS_PER_LOGIT * fit.logits
    spread = _measure_spread(fit, covariance, settings)
    reasons = _reasons(comparisons, counted, fit, spread, settings)
    wins, losses, ties, both_bad = _record(comparisons)
    known = covariance is not None
    rows = [
        RatedModel(
            model=model,
            rating=float(rating[i]),
            rating_lower=_known(rating[i] - spread.interval[i]),
            rating_upper=_known(rating[i] + spread.interval[i]),
            rank=None if reasons[i] else int(spread.ranks.rank[i]),
            rank_lower=int(spread.ranks.lower[i]) if known else None,
            rank_upper=int(spread.ranks.upper[i]) if known else None,
            votes=float(wins[i] + losses[i] + ties[i] + both_bad[i]),
            wins=float(wins[i]),
            losses=float(losses[i]),
            ties=float(ties[i]),
            both_bad=float(both_bad[i]),
            component=int(fit.components[i]),
            separated=bool(fit.separated[i]),
            no_rank=reasons[i],
            band_lower=_known(rating[i] - spread.band[i]),
            band_upper=_known(rating[i] + spread.band[i]),
            band_rank_lower=int(spread.band_ranks.lower[i]) if known else None,
            band_rank_upper=int(spread.band_ranks.upper[i]) if known else None,
            groups=spread.groups[i],
            band_groups=spread.band_groups[i],
        )
        for i, model in enumerate(comparisons.models)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.rating, row.model)))


def _measure_spread(fit: Fit, covariance: Covariance | None, settings: Settings) -> _Spread:
    components, level = fit.components, settings.level
    gaps = fit.logits[None, :] - fit.logits[:, None]  # by how much j is better than i
    if covariance is None:
        unknown = np.full(len(gaps), np.nan)
        ranks = rank_models(gaps > 0, gaps > 0, components)
        alone = [""] * len(gaps)
        return _Spread(unknown, unknown, ranks, ranks, alone, alone)
    joint = joint_quantiles(covariance, components, level)
    surely = gaps > joint[:, None] * covariance.gap_standard_errors()
    better = gaps > covariance.gap_reach(level)
    planned = settings.planned_half_width / POINTS_PER_LOGIT
    always = gaps > band_gap_reach(covariance, level=level, planned=planned, components=components)
    order = np.argsort(-fit.logits, kind="stable")
    others = components[:, None] != components[None, :]
    # A model without votes has no variance because it has no estimate.
    points = np.where(fit.voted, POINTS_PER_LOGIT, np.nan)
    return _Spread(
        points * covariance.reach(level),
        points * band_reach(covariance, level=level, planned=planned),
        rank_models(better, surely, components),
        rank_models(always, always, components),
        letter_groups(surely | surely.T | others, order),
        letter_groups(always | always.T | others, order),
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _reasons(
    comparisons: Comparisons,
    counted: Comparisons,
    fit: Fit,
    spread: _Spread,
    settings: Settings,
) -> list[str]:
    """Why each model has no rank; empty where it has one."""
    wins = counted.wins(counted.count)
    votes = (wins.sum(axis=0) + wins.sum(axis=1)).tolist()
    named = (
        (comparisons.clusters["prompt"] >= 0).any() if "prompt" in comparisons.clusters else False
    )
    sampled = settings.prompts == "sample" and named
    prompts = comparisons.seen("prompt").tolist() if sampled else [None] * len(votes)
    widths = [None] * len(votes) if settings.ci == "none" else spread.interval.tolist()
    return [
        settings.rule.reason(
            component=int(fit.components[i]),
            votes=votes[i],
            prompts=prompts[i],
            half_width=widths[i],
        )
        for i in range(len(votes))
    ]


def _record(comparisons: Comparisons) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Wins, losses, ties and both_bad of each model, (M,) each."""
    tallies = comparisons.tallies(comparisons.count)
    as_a, as_b = (tallies.sum(axis=axis) for axis in (2, 1))
    return (
        as_a[Outcome.MODEL_A] + as_b[Outcome.MODEL_B],
        as_a[Outcome.MODEL_B] + as_b[Outcome.MODEL_A],
        as_a[Outcome.TIE] + as_b[Outcome.TIE],
        as_a[Outcome.BOTH_BAD] + as_b[Outcome.BOTH_BAD],
    )
