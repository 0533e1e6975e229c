"""Plackett–Luce ratings from rankings of several models."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.special import comb

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray
from metrics.stats.components import find_components, find_separated, same_component
from metrics.stats.methods._newton import climb
from metrics.stats.methods._prior import PRIOR_TIES, prior_derivatives
from metrics.stats.methods.base import BaseMethod, Fit, Influence
from metrics.stats.rankings import Rankings


class Method(BaseMethod):
    """The best of the models S still open is i with chance exp(x_i) / sum over S of exp(x_j).

    Luce 1959, Individual Choice Behavior; Plackett 1975, Applied Statistics 24(2). A ballot is
    ranked from the top by such choices. A tier of t tied models stands for its t! orders, each
    counting 1/t!: the log-likelihood's average over them, so that two tied models win half each.
    On pairs this is Bradley–Terry with half wins, and so is the prior where some group never
    stood below the rest (Hunter 2004, Annals of Statistics 32(1)).
    """

    def fit(self, comparisons: Comparisons | Rankings) -> Fit:
        ballots = _ballots(comparisons).aggregated()
        wins = ballots.pairs().wins()
        components = find_components(wins)
        separated = find_separated(wins, components)
        same = same_component(components)
        weight = np.where(separated, PRIOR_TIES, 0.0)
        choices = _choices(ballots)
        counts = ballots.weight[choices.ballot]
        logits, steps = climb(
            np.zeros(len(wins)),
            lambda logits: _derivatives(logits, choices, counts, weight=weight, same=same),
        )
        return Fit(logits, components, separated, iterations=steps)

    def influence(self, comparisons: Comparisons | Rankings, fit: Fit) -> Influence:
        """A row for each ballot; `scores` (R, M) are summed over its choices."""
        ballots = _ballots(comparisons)
        choices = _choices(ballots)
        same = same_component(fit.components)
        weight = np.where(fit.separated, PRIOR_TIES, 0.0)
        counts = ballots.weight[choices.ballot]
        _, information = _derivatives(fit.logits, choices, counts, weight=weight, same=same)
        shape = (len(ballots.slots), len(fit.logits))
        pull, chance = _pulls(fit.logits, choices)
        return Influence(
            _by_ballot(choices, pull, shape=shape),
            np.linalg.inv(information).astype(np.float64),
            _roots(choices, chance, shape=shape),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """T choices of one among the `open` (T, K) of the models `slots` (T, K) of a `ballot` (T,).

    `chosen` (T, K) are the shares of each being chosen, and sum to `share` (T,): how many of
    the tied orders come to this choice.
    """

    ballot: IntArray
    slots: IntArray
    open: BoolArray
    chosen: FloatArray
    share: FloatArray


def _ballots(votes: Comparisons | Rankings) -> Rankings:
    return Rankings.of_pairs(votes) if isinstance(votes, Comparisons) else votes


def _choices(ballots: Rankings) -> _Choices:
    """Every set of models that some order of the ties leaves open, with two or more in it."""
    size = ballots.slots.shape[1]
    places, present = ballots.places, ballots.slots >= 0
    found = []
    for code in range(1, 1 << size):
        inside = np.array([code >> slot & 1 for slot in range(size)], dtype=bool)
        best = places[:, inside].min(axis=1)[:, None]
        tier = (places == best) & present
        below = (places > best) & present
        valid = (inside == below | (tier & inside)).all(axis=1) & (inside.sum() > 1)
        rows = np.flatnonzero(valid)
        found.append((rows, np.tile(inside, (len(rows), 1)), tier[rows]))
    rows, opened, tier = (np.concatenate(part) for part in zip(*found, strict=True))
    left = (opened & tier).sum(axis=1)
    share = 1 / comb(tier.sum(axis=1), left)
    chosen = (opened & tier) * (share / left)[:, None]
    return _Choices(rows, ballots.slots[rows], opened, chosen, share)


def _pulls(logits: FloatArray, choices: _Choices) -> tuple[FloatArray, FloatArray]:
    """(chosen - chance) of every slot, times the choice's share, and the chances; (T, K)."""
    open_logits = np.where(choices.open, logits[choices.slots], -np.inf)
    raised = np.exp(open_logits - open_logits.max(axis=1, keepdims=True))
    chance = raised / raised.sum(axis=1, keepdims=True)
    others = 1.0 - np.eye(chance.shape[1])
    # Without 1 - chance, which would lose all digits of a rare event.
    pull = choices.chosen * (chance @ others) - chance * (choices.chosen @ others)
    return pull, chance


def _by_ballot(choices: _Choices, values: FloatArray, *, shape: tuple[int, int]) -> csr_array:
    """The sums of `values` (T, K) by ballot and model, sparse of `shape` (R, M)."""
    rows = np.broadcast_to(choices.ballot[:, None], values.shape)[choices.open]
    columns = choices.slots[choices.open]
    return coo_array((values[choices.open], (rows, columns)), shape=shape).tocsr()


def _roots(
    choices: _Choices, chance: FloatArray, *, shape: tuple[int, int]
) -> tuple[csr_array, ...]:
    """One for the n-th choice of each ballot and the k-th slot: sqrt(p_k) (e_k - p)."""
    order = np.argsort(choices.ballot, kind="stable")
    ballot = choices.ballot[order]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order)) - np.searchsorted(ballot, ballot)
    roots = []
    for n, k in product(range(int(number.max(initial=-1)) + 1), range(chance.shape[1])):
        size = np.where(number == n, np.sqrt(choices.share * chance[:, k]), 0.0)
        towards = np.eye(chance.shape[1])[k] - chance
        roots.append(_by_ballot(choices, size[:, None] * towards, shape=shape))
    return tuple(roots)


def _derivatives(
    logits: FloatArray,
    choices: _Choices,
    counts: FloatArray,
    *,
    weight: FloatArray,
    same: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """The log-likelihood's gradient (M,) and information (M, M), with the prior."""
    size = len(logits)
    pull, chance = _pulls(logits, choices)
    gradient, information = prior_derivatives(logits, weight, same)
    gradient += np.bincount(
        choices.slots[choices.open],
        (pull * counts[:, None])[choices.open],
        minlength=size,
    )
    rows = np.broadcast_to(np.arange(len(chance))[:, None], chance.shape)[choices.open]
    rooted = chance * np.sqrt(counts * choices.share)[:, None]
    roots = csr_array(
        (rooted[choices.open], (rows, choices.slots[choices.open])), shape=(len(chance), size)
    )
    together = (roots.T @ roots).toarray()
    np.fill_diagonal(together, 0.0)
    return gradient, information + np.diag(together.sum(axis=1)) - together
