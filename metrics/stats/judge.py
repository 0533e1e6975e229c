"""Ratings of people's votes, sharpened by the answers of a judge model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit

from metrics.stats.comparisons import (
    BoolArray,
    Comparisons,
    FloatArray,
    IntArray,
    distinct,
)
from metrics.stats.components import centre, same_component
from metrics.stats.intervals import Covariance, centre_both, model_floor
from metrics.stats.judged_votes import JudgedVotes
from metrics.stats.methods._newton import climb
from metrics.stats.methods.base import Fit, Influence, make_method
from metrics.stats.methods.bradley_terry import opposed

_POINTS = np.array([1.0, 0.0, 0.5, 0.5])  # of model_a, by Outcome, for people and judge alike
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class AssistedSettings:
    """All that a result depends on besides the votes."""

    cluster: tuple[str, ...]
    level: float
    folds: int = _FOLDS
    method: str = "bradley_terry"
    tie: str = "half"
    both_bad: str = "tie"


@dataclass(frozen=True, slots=True, eq=False)
class AssistedRatings:
    """Ratings of M models in logits with the judge (`fit`), and of people's votes alone.

    Both estimate what people's votes converge to. `votes` (M,) are people's only; `alone`
    counts the battles that only the judge saw. `gain` (M,) is the variance without the judge
    over that with it, NaN without an interval. `shrinkage` (K,) is each fold's lambda, 0..1,
    and `correlation` that of what people and judge say beyond the models' strength, -1..1.
    """

    models: tuple[str, ...]
    fit: Fit
    covariance: Covariance
    people_fit: Fit
    people_covariance: Covariance
    votes: FloatArray
    alone: int
    gain: FloatArray
    shrinkage: FloatArray
    correlation: float
    settings: AssistedSettings

    @property
    def reach(self) -> FloatArray:
        """Half the width of each rating's interval in logits, (M,); NaN where there is none."""
        return np.where(self.fit.voted, self.covariance.reach(self.settings.level), np.nan)

    @property
    def people_reach(self) -> FloatArray:
        """The same of people's votes alone."""
        own = self.people_covariance.reach(self.settings.level)
        return np.where(self.fit.voted, own, np.nan)

    @property
    def effective_votes(self) -> FloatArray:
        """How many votes of people alone would be as precise, (M,)."""
        return self.votes * self.gain

    @property
    def median_gain(self) -> float:
        """The gain of the model in the middle; NaN where none has an interval."""
        known = self.gain[np.isfinite(self.gain)]
        return float(np.median(known)) if len(known) else float("nan")


def assist(
    judged: JudgedVotes, *, cluster: Sequence[str] | None = None, level: float = 0.95
) -> AssistedRatings:
    """Bradley–Terry ratings of people's votes with the judge's answers as control variate.

    The logits x solve  sum_v w_v (y_v - p_v(x) - lambda c_v) e_v + lambda (W/N) sum_i c_i e_i
    = 0: PPI++ (Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453) on the Bradley–Terry score.
    v runs over votes of people and i over all N battles the judge answered; e is 1 at a and -1
    at b; y is 1, 0 or, undecided, 1/2; w = 1 / (probability x votes on the battle), W their
    sum. c = f - q is the judge's answer f, coded like y, less what its own ratings and its
    taste for the first side expect: so a judge that knows no more than who is stronger adds
    nothing. One lambda in [0, 1] makes the summed variance of the ratings least; each vote's
    is tuned without its fold of prompts (of battles where prompts are no cluster).

    Right, whatever the judge is like, where its battles are those that people's were drawn
    from, or were drawn alike; where their pairs differ, still right if Bradley–Terry describes
    the judge. `cluster` is at most prompt and rater (None: those that tell votes apart); prompts
    count as a sample when named, and votes on one battle always belong together. Components
    that votes separate stay as people alone have them. Raises ValueError without votes of
    people or for an unknown cluster, NotConverged where too few votes leave the corrected
    score no root.
    """
    if not judged.voted.any():
        raise ValueError("no votes of people to rate")
    settings = AssistedSettings(_chosen(judged, cluster), level)
    weight, method = judged.weights(), make_method("bradley_terry")
    people = _comparisons(judged, judged.outcome, weight)
    plain = method.fit(people)
    inverse = method.influence(people, plain).inverse
    share = judged.shares() * _usable(judged, plain)
    control = _control(judged, share)
    pooled = _pool(control, share, weight, plain.components[judged.a])
    residual = weight * _surprise(judged, plain)
    groups = judged.codes("prompt" if "prompt" in settings.cluster else None)
    shrinkage = _tune(judged, groups, residual, weight * control - pooled, inverse)
    own = shrinkage[groups % _FOLDS]
    correction = own * weight * control - np.average(own, weights=weight) * pooled
    total = _sum_groups(judged, correction, np.zeros_like(groups), len(judged.models))
    fit = _solve(people, plain, total.toarray()[0])
    assisted = weight * _surprise(judged, fit) - correction
    counted = (judged, groups, settings)
    people_covariance = _estimate(plain, inverse, residual, *counted)
    covariance = _estimate(fit, method.influence(people, fit).inverse, assisted, *counted)
    return AssistedRatings(
        models=judged.models,
        fit=fit,
        covariance=covariance,
        people_fit=plain,
        people_covariance=people_covariance,
        votes=_seats(judged),
        alone=len(np.unique(judged.battle[~judged.voted])),
        gain=_gain(fit, people_covariance, covariance),
        shrinkage=shrinkage,
        correlation=_correlate(residual, weight * control),
        settings=settings,
    )


def _chosen(judged: JudgedVotes, cluster: Sequence[str] | None) -> tuple[str, ...]:
    if cluster is None:
        usual = (name for name in ("prompt", "rater") if name in judged.clusters)
        return tuple(name for name in usual if len(distinct(judged.codes(name)[judged.voted])) > 1)
    for name in cluster:
        if name not in ("prompt", "rater") or name not in judged.clusters:
            raise ValueError(
                f"no clusters {name!r} (known: {', '.join(judged.clusters) or 'none'})"
            )
    return tuple(sorted(set(cluster)))


def _comparisons(judged: JudgedVotes, outcome: IntArray, weight: FloatArray) -> Comparisons:
    rows = (outcome >= 0) & (weight > 0)
    columns = (column[rows] for column in (judged.a, judged.b, outcome))
    return Comparisons.from_codes(judged.models, *columns, weight=weight[rows])


def _surprise(judged: JudgedVotes, fit: Fit) -> FloatArray:
    """y - p of each vote, 0 for rows without one; (R,)."""
    gap = fit.logits[judged.a] - fit.logits[judged.b]
    return np.where(judged.voted, _POINTS[judged.outcome] - expit(gap), 0.0)


def _usable(judged: JudgedVotes, plain: Fit) -> BoolArray:
    """Whether the judge answered, on two models that people's votes can be corrected for; (R,)."""
    together = plain.components[judged.a] == plain.components[judged.b]
    usable: BoolArray = judged.answered & together & ~plain.separated[judged.a]
    return usable


def _control(judged: JudgedVotes, share: FloatArray) -> FloatArray:
    """c of each row: what the judge says beyond its own ratings and its taste for a side; (R,)."""
    if not share.any():
        return np.zeros_like(share)
    own = make_method("bradley_terry").fit(_comparisons(judged, judged.judge, share))
    beyond = _POINTS[judged.judge] - expit(own.logits[judged.a] - own.logits[judged.b])
    return np.where(share > 0, beyond - np.average(beyond, weights=share), 0.0)


def _pool(
    control: FloatArray, share: FloatArray, weight: FloatArray, component: IntArray
) -> FloatArray:
    """(W/N) c of each row, a battle counting once, W and N those of the row's component; (R,)."""
    votes, battles = (np.bincount(component, by) for by in (weight * (share > 0), share))
    ratio = np.divide(votes, battles, out=np.zeros_like(battles), where=battles > 0)
    pooled: FloatArray = ratio[component] * share * control
    return pooled


def _tune(
    judged: JudgedVotes,
    groups: IntArray,
    residual: FloatArray,
    correction: FloatArray,
    inverse: FloatArray,
) -> FloatArray:
    """Each fold's lambda, found on the groups of all other folds; (K,).

    The variance of sums R - lambda C over groups is least at <R, C> / <C, C>, where <., .> is the
    metric of the ratings' summed variance.
    """
    size = len(inverse)
    own, control = (_sum_groups(judged, pull, groups, size) for pull in (residual, correction))
    metric = inverse @ inverse
    fold = np.arange(own.shape[0]) % _FOLDS
    products = np.zeros((_FOLDS, 2))
    for k in range(_FOLDS):
        here = control[fold == k]
        products[k] = [((here.T @ side[fold == k]) * metric).sum() for side in (own, control)]
    covariance, variance = (products.sum(axis=0) - products).T
    ratio = np.divide(covariance, variance, out=np.zeros(_FOLDS), where=variance > 0)
    return np.asarray(np.clip(ratio, 0.0, 1.0), dtype=np.float64)


def _sum_groups(judged: JudgedVotes, pull: FloatArray, groups: IntArray, size: int) -> csr_array:
    """The scores, `pull` at a and -pull at b, summed within groups: sparse (G, M)."""
    rows = np.arange(len(groups))
    members = csr_array(
        (np.ones(len(rows)), (groups, rows)), shape=(int(groups.max()) + 1, len(rows))
    )
    return members @ opposed(judged.a, judged.b, pull, size)


def _solve(people: Comparisons, plain: Fit, correction: FloatArray) -> Fit:
    """The root of people's score less `correction` (M,), by Newton from people's ratings."""
    wins = people.wins()
    met = wins + wins.T
    same = same_component(plain.components)

    def derivatives(logits: FloatArray) -> tuple[FloatArray, FloatArray]:
        chance = expit(logits[:, None] - logits[None, :])
        curvature = met * chance * chance.T
        # The score moved from people's root, where it is 0 with the prior that may hold it.
        score = (met * (before - chance)).sum(axis=1) - correction
        return score, np.diag(curvature.sum(axis=1)) - curvature + same

    before = expit(plain.logits[:, None] - plain.logits[None, :])
    logits, steps = climb(plain.logits, derivatives)
    return replace(plain, logits=centre(logits, plain.components), iterations=steps)


def _estimate(
    fit: Fit,
    inverse: FloatArray,
    pull: FloatArray,
    judged: JudgedVotes,
    groups: IntArray,
    settings: AssistedSettings,
) -> Covariance:
    """Of the scores `pull` (R,): prompts or battles, and with raters V1 + V2 - V12."""
    matrix, counts = _sandwich(fit, inverse, pull, judged, groups)
    ways: tuple[FloatArray, ...] = (matrix,)
    if "rater" in settings.cluster:
        raters = judged.codes("rater")
        both = np.unique(groups * (raters.max() + 1) + raters, return_inverse=True)[1]
        by_rater, of_raters = _sandwich(fit, inverse, pull, judged, raters)
        ways = (matrix, by_rater)
        matrix = matrix + by_rater - _sandwich(fit, inverse, pull, judged, both)[0]
        counts = np.minimum(counts, of_raters)
    largest = np.maximum.reduce([np.diagonal(way) for way in ways])
    floor = model_floor(fit, Influence(None, inverse), largest)
    degrees = counts - 1 if settings.cluster else np.full(len(matrix), np.inf)
    return Covariance(matrix, floor, degrees, ways)


def _sandwich(
    fit: Fit, inverse: FloatArray, pull: FloatArray, judged: JudgedVotes, groups: IntArray
) -> tuple[FloatArray, FloatArray]:
    """H⁻¹ S H⁻¹ of centred ratings times G/(G - 1), (M, M), and the G voted in, (M,)."""
    summed = _sum_groups(judged, pull, groups, len(inverse))
    matrix = centre_both(inverse @ (summed.T @ summed).toarray() @ inverse, fit)
    span = int(fit.components.max()) + 1
    voted = distinct((groups * span + fit.components[judged.a])[judged.voted])
    count = np.bincount(voted % span, minlength=span)[fit.components].astype(np.float64)
    factor = np.sqrt(count / np.maximum(count - 1, 1))
    return matrix * factor[:, None] * factor[None, :], count


def _seats(judged: JudgedVotes) -> FloatArray:
    """How many votes of people each model has, (M,)."""
    both = np.concatenate([side[judged.voted] for side in (judged.a, judged.b)])
    return np.bincount(both, minlength=len(judged.models)).astype(np.float64)


def _gain(fit: Fit, people: Covariance, assisted: Covariance) -> FloatArray:
    """Variance without over variance with the judge, (M,); NaN without an estimate."""
    alone, together = (given.standard_errors() ** 2 for given in (people, assisted))
    known = fit.voted & (together > 0)
    gain: FloatArray = np.divide(alone, together, out=np.full_like(alone, np.nan), where=known)
    return gain


def _correlate(residual: FloatArray, control: FloatArray) -> float:
    """The correlation of two arrays of mean about 0, (R,); 0 where one of them is 0 throughout."""
    scale = np.sqrt((residual @ residual) * (control @ control))
    return float(residual @ control / scale) if scale > 0 else 0.0
