"""How well ratings foretell votes that they have not seen."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, distinct
from metrics.stats.methods.base import BaseMethod
from metrics.stats.methods.bradley_terry import POINTS
from metrics.stats.shares import Share, estimate_share

FOLDS = 5
BINS = 10
# Chances closer to 0 and 1 than this are taken for it: no loss is infinite.
LEAST_CHANCE = 1e-9


@dataclass(frozen=True, slots=True)
class HeldOutLoss:
    """Mean log-loss per vote that was left out, in nats: 0 is perfect, ln 2 a tossed coin.

    Each is None where no vote could be left out. `constant` always foretells the first side's
    average result, `empirical` the pair's own, of which a model of strength should need less.
    `left_out` says what went into a fold together: prompt or vote. `skipped` votes were on
    models that the rest did not connect.
    """

    log_loss: float | None
    constant: float | None
    empirical: float | None
    votes: float
    skipped: float
    folds: int
    left_out: str


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Votes whose favourite had a chance in `lower` to `upper`, and what it won of them."""

    lower: float
    upper: float
    votes: float
    foretold: float
    observed: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """Foretold against observed results of the favourites, a tie being half.

    `expected_error` is the mean over votes of |foretold - observed| of their bin (Naeini,
    Cooper & Hauskrecht 2015, AAAI 29); it is above 0 by luck alone where votes are few.
    """

    bins: tuple[CalibrationBin, ...]
    expected_error: float


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """N held-out rows: the `chance` foretold for the first side, its `result`, the `weight`.

    `constant` and `empirical` are the baselines' chances, `group` the prompt or -1. All have
    shape (N,).
    """

    chance: FloatArray
    constant: FloatArray
    empirical: FloatArray
    result: FloatArray
    weight: FloatArray
    group: IntArray


_NOTHING = (*(np.empty(0) for _ in range(5)), np.empty(0, dtype=np.int64))


def foretell(
    comparisons: Comparisons,
    method: BaseMethod,
    *,
    folds: int = FOLDS,
    rng: np.random.Generator,
) -> Foretold:
    """What `method`, fitted to the other folds, expects of the votes of each fold.

    K-fold cross-validation (Stone 1974, JRSSB 36(2)). The votes of a prompt go into one fold;
    votes without a prompt, or of one prompt alone, go singly. Votes on models that the other
    folds do not connect are left out. Raises ValueError for fewer than 2 folds.
    """
    if folds < 2:
        raise ValueError(f"{folds} folds, where 2 are the fewest")
    groups = _groups(comparisons)
    shares = _assign_folds(comparisons, groups, folds=folds, rng=rng)
    parts = [
        _foretell_fold(comparisons, method, share, groups)
        for share in shares.T
        if (share > 0).any() and (share < 1).any()
    ]
    chance, constant, empirical, result, weight, group = (
        np.concatenate(column) for column in zip(_NOTHING, *parts, strict=True)
    )
    return Foretold(chance, constant, empirical, result, weight, group.astype(np.int64))


def held_out_loss(comparisons: Comparisons, foretold: Foretold, *, folds: int) -> HeldOutLoss:
    """The mean log-loss of what was foretold, -[s ln p + (1 - s) ln(1 - p)] for the result s."""
    votes = float(foretold.weight.sum())
    return HeldOutLoss(
        log_loss=_mean_loss(foretold.chance, foretold),
        constant=_mean_loss(foretold.constant, foretold),
        empirical=_mean_loss(foretold.empirical, foretold),
        votes=votes,
        skipped=max(float(comparisons.weight.sum()) - votes, 0.0),
        folds=folds,
        left_out="prompt" if (_groups(comparisons) >= 0).any() else "vote",
    )


def calibrate(foretold: Foretold, *, level: float = 0.95) -> Calibration:
    """What favourites won, by the chance they had; intervals know which votes share a prompt."""
    away = foretold.chance < 0.5
    chance = np.where(away, 1 - foretold.chance, foretold.chance)
    result = np.where(away, 1 - foretold.result, foretold.result)
    edges = np.linspace(0.5, 1, BINS + 1)
    place = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, BINS - 1)
    bins = []
    for k in distinct(place):
        rows = place == k
        weight = foretold.weight[rows]
        bins.append(
            CalibrationBin(
                lower=float(edges[k]),
                upper=float(edges[k + 1]),
                votes=float(weight.sum()),
                foretold=float(np.average(chance[rows], weights=weight)),
                observed=estimate_share(result[rows], weight, foretold.group[rows], level=level),
            )
        )
    off = sum(part.votes * abs(part.foretold - (part.observed.share or 0.0)) for part in bins)
    return Calibration(tuple(bins), off / max(sum(part.votes for part in bins), 1.0))


def _groups(comparisons: Comparisons) -> IntArray:
    """The prompt of each row; -1 where votes go singly."""
    codes = comparisons.clusters.get("prompt", np.full(len(comparisons.a), -1))
    return codes if len(distinct(codes)) > 1 else np.full(len(codes), -1)


def _assign_folds(
    comparisons: Comparisons, groups: IntArray, *, folds: int, rng: np.random.Generator
) -> FloatArray:
    """How much of each row's votes each fold leaves out, (R, folds); rows sum to 1."""
    fold = rng.permutation(int(groups.max(initial=-1)) + 1) % folds
    shares = np.zeros((len(groups), folds))
    named = groups >= 0
    shares[named, fold[groups[named]]] = 1.0
    votes = np.rint(comparisons.count[~named]).astype(np.int64)
    drawn = rng.multinomial(votes, np.full(folds, 1 / folds))
    shares[~named] = drawn / np.maximum(votes, 1)[:, None]
    return shares


def _foretell_fold(
    comparisons: Comparisons, method: BaseMethod, share: FloatArray, groups: IntArray
) -> tuple[FloatArray | IntArray, ...]:
    """The columns of Foretold for one fold, of which `share` (R,) of each row is left out."""
    kept = comparisons.select(share < 1)
    kept = kept.reweighted(kept.weight * (1 - share[share < 1]))
    fit = method.fit(kept)
    linked = fit.components[comparisons.a] == fit.components[comparisons.b]
    rows = (share > 0) & linked
    asked = comparisons.select(rows)
    wins, results = kept.wins(), POINTS[asked.outcome]
    met = wins + wins.T
    own = (wins[asked.a, asked.b] + 0.5) / (met[asked.a, asked.b] + 1)
    average = np.average(POINTS[kept.outcome], weights=kept.weight)
    return (
        method.expected_share(fit, asked),
        np.full(len(results), average),
        own,
        results,
        asked.weight * share[rows],
        groups[rows],
    )


def _mean_loss(chance: FloatArray, foretold: Foretold) -> float | None:
    if not foretold.weight.size:
        return None
    sure = np.clip(chance, LEAST_CHANCE, 1 - LEAST_CHANCE)
    loss = -foretold.result * np.log(sure) - (1 - foretold.result) * np.log1p(-sure)
    return float(np.average(loss, weights=foretold.weight))
