"""What honest raters may like: how likely their votes are under tastes of several kinds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.methods.base import make_method

# The classes, in this order: most raters, those of the opposite taste, those without one, and
# those of another taste, which is fitted.
MOST, OPPOSITE, NONE, OTHER = range(4)
# Each class has this many votes more on each model, half of them won: it may be a small one.
_PRIOR_VOTES = 10.0
_ROUNDS = 20
# Of a taste that is one rater's own: strengths are N(0, OWN_SPREAD²), in logits.
OWN_SPREAD = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class RaterVotes:
    """Votes of K raters on M models, added up: entry e is one rater's on the pair i < j.

    `rater` (E,) numbers `codes` (K,); `won` (E,) is how often i won, `lost` (E,) how often j.
    `undecided` (K, M) are ties and both_bad by model, `cast` (K, M) all votes by model, so that
    either counts a vote twice.
    """

    models: tuple[str, ...]
    codes: IntArray
    rater: IntArray
    i: IntArray
    j: IntArray
    won: FloatArray
    lost: FloatArray
    undecided: FloatArray
    cast: FloatArray

    def sum_up(self, values: FloatArray | BoolArray) -> FloatArray:
        """The sums of `values` (E,) by rater, (K,)."""
        return add_up(self.rater, values, len(self.codes))

    def against(self, model: int) -> tuple[FloatArray, FloatArray]:
        """How often `model` beat each other, and lost to it, by rater; (K, M) each."""
        wins, losses = np.zeros((2, len(self.codes), len(self.models)))
        for own, other, gained, given in (
            (self.i, self.j, self.won, self.lost),
            (self.j, self.i, self.lost, self.won),
        ):
            rows = np.flatnonzero(own == model)
            wins[self.rater[rows], other[rows]] = gained[rows]
            losses[self.rater[rows], other[rows]] = given[rows]
        return wins, losses

    def wins_of(self, share: FloatArray, *, opposite: FloatArray | None = None) -> FloatArray:
        """[i, j]: how often i beat j, each rater counting `share` (K,), or turned round; (M, M).

        Nobody's votes on a model count for more than twice the median rater's.
        """
        heed = self._heed()
        ours = share[self.rater] * heed
        theirs = 0.0 if opposite is None else opposite[self.rater] * heed
        won, lost = self.won * ours + self.lost * theirs, self.lost * ours + self.won * theirs
        size = len(self.models)
        cells = np.concatenate([self.i * size + self.j, self.j * size + self.i])
        return add_up(cells, np.concatenate([won, lost]), size**2).reshape(size, size)

    def _heed(self) -> FloatArray:
        usual = np.array([np.median(cast[cast > 0]) if cast.any() else 1.0 for cast in self.cast.T])
        counts = np.minimum(1.0, 2 * usual / np.maximum(self.cast, 1.0))
        return np.minimum(counts[self.rater, self.i], counts[self.rater, self.j])


def add_up(codes: IntArray, values: FloatArray | BoolArray, size: int) -> FloatArray:
    """The sums of `values` by code, (size,)."""
    return np.bincount(codes, values, minlength=size).astype(np.float64, copy=False)


def tally_raters(comparisons: Comparisons, *, cluster: str = "rater") -> RaterVotes:
    """The votes whose rater is known; their order plays no part."""
    known = comparisons.select(comparisons.clusters[cluster] >= 0)
    codes, rater = np.unique(known.clusters[cluster], return_inverse=True)
    size, count = len(known.models), known.count
    decided = known.outcome <= Outcome.MODEL_B
    first, second = np.minimum(known.a, known.b), np.maximum(known.a, known.b)
    keys = ((rater * size + first) * size + second)[decided]
    pairs, entry = np.unique(keys, return_inverse=True)
    upper = ((known.outcome == Outcome.MODEL_A) == (known.a == first))[decided]
    won, lost = (add_up(entry, count[decided] * side, len(pairs)) for side in (upper, ~upper))
    seats = np.concatenate([rater * size + side for side in (known.a, known.b)])
    cast, undecided = (
        add_up(seats, np.tile(values, 2), len(codes) * size).reshape(len(codes), size)
        for values in (count, count * ~decided)
    )
    return RaterVotes(
        known.models,
        codes,
        rater=pairs // size**2,
        i=pairs // size % size,
        j=pairs % size,
        won=won,
        lost=lost,
        undecided=undecided,
        cast=cast,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tastes:
    """Classes of raters: C rows of `strengths` (C, M) in logits of decided votes.

    `shares` (C,) are how many belong to each, `likelihood` (K, C) the log chance of each rater's
    decided votes in each.
    """

    strengths: FloatArray
    shares: FloatArray
    likelihood: FloatArray

    def belong(self, apart_from: FloatArray | float = 0.0) -> FloatArray:
        """The log chance that a rater is of a class, by votes but those of (K, C); (K, C)."""
        told = np.log(self.shares) + self.likelihood - apart_from
        return np.asarray(told - logsumexp(told, axis=1, keepdims=True))


def fit_tastes(votes: RaterVotes, *, trusted: BoolArray | None = None) -> Tastes:
    """Most raters' Bradley–Terry strengths x, with -x, 0 and one other taste beside them.

    Expectation maximisation of mixtures (Dempster, Laird & Rubin 1977, JRSS B 39(1)). The first
    three are fitted together, so that whoever likes the opposite helps to tell x instead of
    drawing it to 0; then the other, from raters that seemed to have none. Those
    not `trusted` (K,) have no say in it. Raises NotConverged.
    """
    heed = np.ones(len(votes.codes)) if trusted is None else trusted.astype(np.float64)
    start = np.zeros((len(votes.codes), OTHER))
    start[:, MOST] = 1.0
    plain = _alternate(votes, start, heed, lambda kind: _fit_mirrored(votes, kind))
    kind = np.exp(plain.belong())

    def refit(kind: FloatArray) -> FloatArray:
        return np.vstack([plain.strengths, _fit_class(votes, votes.wins_of(kind[:, OTHER]))])

    return _alternate(votes, np.column_stack([kind, kind[:, NONE]]), heed, refit)


def _alternate(
    votes: RaterVotes,
    kind: FloatArray,
    heed: FloatArray,
    refit: Callable[[FloatArray], FloatArray],
) -> Tastes:
    """Strengths by who belongs where (K, C), and the other way round, until neither moves."""
    for _ in range(_ROUNDS):
        heeded = kind * heed[:, None]
        strengths = refit(heeded)
        shares = (heeded.sum(axis=0) + 1) / (heeded.sum() + kind.shape[1])
        tastes = Tastes(strengths, shares, _class_likelihood(votes, strengths))
        before, kind = kind, np.exp(tastes.belong())
        if np.abs(kind - before).max(initial=0.0) < 1e-3:
            break
    return tastes


def _fit_mirrored(votes: RaterVotes, kind: FloatArray) -> FloatArray:
    wins = votes.wins_of(kind[:, MOST], opposite=kind[:, OPPOSITE])
    logits = _fit_class(votes, wins)
    return np.array([logits, -logits, np.zeros_like(logits)])


def _fit_class(votes: RaterVotes, wins: FloatArray) -> FloatArray:
    a, b = np.nonzero(~np.eye(len(wins), dtype=bool))
    prior = _PRIOR_VOTES / 2 / len(wins)
    said = Comparisons.from_codes(votes.models, a, b, np.zeros_like(a), weight=wins[a, b] + prior)
    return make_method("bradley_terry").fit(said).logits


def _class_likelihood(votes: RaterVotes, strengths: FloatArray) -> FloatArray:
    gaps = strengths[:, votes.i] - strengths[:, votes.j]
    said = votes.won * log_expit(gaps) + votes.lost * log_expit(-gaps)
    return np.array([votes.sum_up(row) for row in said]).T


def own_taste_likelihood(votes: RaterVotes, rater: int) -> float:
    """The log chance of a rater's decided votes under a Bradley–Terry taste of the rater's own.

    The strengths are N(0, OWN_SPREAD²) each, integrated out by Laplace's approximation (Tierney
    & Kadane 1986, JASA 81(393)).
    """
    rows, size = votes.rater == rater, len(votes.models)
    wins = np.zeros((size, size))
    wins[votes.i[rows], votes.j[rows]] = votes.won[rows]
    wins[votes.j[rows], votes.i[rows]] = votes.lost[rows]
    logits = np.zeros(size)
    for _ in range(50):
        gradient, information = _own_derivatives(logits, wins)
        step = np.clip(np.linalg.solve(information, gradient), -2, 2)
        logits = logits + step
        if np.abs(step).max() < 1e-6:
            break
    _, information = _own_derivatives(logits, wins)
    said = float((wins * log_expit(logits[:, None] - logits)).sum())
    spread = float(np.linalg.slogdet(information * OWN_SPREAD**2)[1])
    return said - float(logits @ logits) / (2 * OWN_SPREAD**2) - spread / 2


def _own_derivatives(logits: FloatArray, wins: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The log posterior's gradient (M,) and information (M, M)."""
    chance = expit(logits[:, None] - logits)
    pull = wins * chance.T - wins.T * chance
    curvature = (wins + wins.T) * chance * chance.T
    information = np.diag(curvature.sum(axis=1) + OWN_SPREAD**-2) - curvature
    return pull.sum(axis=1) - logits / OWN_SPREAD**2, information
