"""How far each rater can be relied on: crowd Bradley–Terry."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit, xlogy

from metrics.stats.comparisons import (
    Comparisons,
    FloatArray,
    Importance,
    IntArray,
    Outcome,
)
from metrics.stats.methods.base import NotConverged, make_method

# The prior on a reliability is Beta(2, 1): raters mean well rather than not, if nothing is known.
PRIOR = (2.0, 1.0)
_GRID = (np.arange(200) + 0.5) / 200
_ROUNDS = 200


@dataclass(frozen=True, slots=True, eq=False)
class CrowdRaters:
    """Reliabilities of K raters, and the ratings of M models that they were measured against.

    `raters` (K,) are the codes of the cluster; `reliability` (K,), 0..1, is the probability that
    a rater's decided vote says what the model's would, 1/2 being a coin's, with its interval at
    `level`. `votes` (K,) are the decided ones. `logits` (M,) are of decided votes by weight.
    """

    models: tuple[str, ...]
    raters: IntArray
    reliability: FloatArray
    reliability_lower: FloatArray
    reliability_upper: FloatArray
    votes: FloatArray
    logits: FloatArray
    level: float
    rounds: int
    prior: tuple[float, float] = PRIOR

    @property
    def weights(self) -> FloatArray:
        """What a rater's vote tells against a perfect one's: 2 reliability - 1, 0..1; (K,)."""
        return _weigh(self.reliability)

    @property
    def adverse(self) -> IntArray:
        """The raters whose whole interval is below 1/2: they vote against the rest."""
        return self.raters[self.reliability_upper < 0.5]

    def reweighted(self, comparisons: Comparisons, *, cluster: str = "rater") -> Comparisons:
        """The same votes, each weighing as its rater does, and as the median one if unknown.

        Rated as they are, their ratings and sandwich intervals heed who can be relied on.
        """
        codes = comparisons.clusters[cluster]
        place = np.minimum(np.searchsorted(self.raters, codes), len(self.raters) - 1)
        known = self.raters[place] == codes
        times = np.where(known, self.weights[place], np.median(self.weights))
        squares = comparisons.squares * times**2
        return replace(
            comparisons,
            weight=comparisons.weight * times,
            importance=Importance(comparisons.count, squares),
        )


def rate_raters(
    comparisons: Comparisons, *, cluster: str = "rater", level: float = 0.95
) -> CrowdRaters:
    """Each rater's reliability r_k, with P(k says i over j) = r_k p_ij + (1 - r_k) (1 - p_ij).

    The model is that of Chen, Bennett, Collins-Thompson & Horvitz 2013, WSDM, Pairwise ranking
    aggregation in a crowdsourced setting; p_ij = 1 / (1 + exp(x_j - x_i)). Two steps alternate
    until neither moves: x is the Bradley–Terry fit to decided votes that weigh 2 r_k - 1 (0 at
    least), r_k the mean of its posterior given x under a Beta(2, 1) prior. That x is fitted by
    weight, and not jointly, settles what votes hardly can: whether everybody errs more or the
    models differ less. Ties and both_bad tell nothing of the rater and are left out here.
    Intervals are the posterior's quantiles, x taken as known: few votes of a rater make them
    wide, few votes in all too narrow. No randomness. Raises ValueError where no decided vote
    has a rater, NotConverged.
    """
    codes = comparisons.clusters[cluster]
    decided = (comparisons.outcome <= Outcome.MODEL_B) & (codes >= 0)
    if not decided.any():
        raise ValueError(f"no decided vote has a {cluster}")
    size = len(comparisons.models)
    present, rater = np.unique(codes[decided], return_inverse=True)
    won = comparisons.outcome[decided] == Outcome.MODEL_A
    a, b = comparisons.a[decided], comparisons.b[decided]
    pair = np.where(won, a * size + b, b * size + a)
    votes = csr_array(
        (comparisons.count[decided], (rater, pair)), shape=(len(present), size * size)
    )
    posterior, logits, rounds = _alternate(comparisons.models, votes)
    lower, upper = _quantiles(posterior, (1 - level) / 2), _quantiles(posterior, (1 + level) / 2)
    return CrowdRaters(
        comparisons.models,
        raters=present,
        reliability=posterior @ _GRID,
        reliability_lower=lower,
        reliability_upper=upper,
        votes=np.asarray(votes.sum(axis=1), dtype=np.float64),
        logits=logits,
        level=level,
        rounds=rounds,
    )


def _weigh(reliability: FloatArray) -> FloatArray:
    return np.asarray(np.clip(2 * reliability - 1, 0, 1), dtype=np.float64)


def _alternate(models: tuple[str, ...], votes: csr_array) -> tuple[FloatArray, FloatArray, int]:
    """Posteriors on the grid (K, G), logits (M,) and the rounds it took.

    `votes` (K, M²): how often rater k said i over j, at i M + j.
    """
    size = len(models)
    pairs = np.arange(size * size)
    method = make_method("bradley_terry")
    weights = np.ones(votes.shape[0])
    for count in range(1, _ROUNDS + 1):
        # A sliver for everybody keeps models connected that only unreliable raters compared.
        weight = votes.T @ np.maximum(weights, 1e-6)
        used = np.flatnonzero(weight)
        said = Comparisons.from_codes(
            models, used // size, used % size, np.zeros_like(used), weight=weight[used]
        )
        logits = method.fit(said).logits
        posterior = _posterior(votes, expit(logits[pairs // size] - logits[pairs % size]))
        before, weights = weights, _weigh(posterior @ _GRID)
        if np.abs(weights - before).max() < 1e-6:
            return posterior, logits, count
    raise NotConverged(f"raters' reliabilities still move after {_ROUNDS} rounds")


def _posterior(votes: csr_array, chance: FloatArray) -> FloatArray:
    """How likely each rater (K) is to have each reliability of the grid (G); rows sum to 1."""
    reliable = _GRID[None, :]
    said = reliable * chance[:, None] + (1 - reliable) * (1 - chance[:, None])
    prior = xlogy(PRIOR[0] - 1, _GRID) + xlogy(PRIOR[1] - 1, 1 - _GRID)
    evidence = votes @ np.log(said) + prior
    likely = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True), dtype=np.float64)


def _quantiles(posterior: FloatArray, at: float) -> FloatArray:
    """Where each row's cumulated posterior reaches `at`, even within the grid's cells; (K,)."""
    cumulated = np.cumsum(posterior, axis=1)
    cell = np.minimum((cumulated < at).sum(axis=1), len(_GRID) - 1)
    rows = np.arange(len(posterior))
    inside = 1 - (cumulated[rows, cell] - at) / posterior[rows, cell]
    return np.asarray((cell + np.clip(inside, 0, 1)) / len(_GRID), dtype=np.float64)
