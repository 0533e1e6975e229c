"""How likely votes are if somebody rigs for, or against, a model; beside honest tastes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, logsumexp

from metrics.stats.comparisons import BoolArray, FloatArray
from metrics.stats.tastes import (
    MOST,
    NONE,
    OTHER,
    RaterVotes,
    Tastes,
    add_up,
    own_taste_likelihood,
)

# How often those who rig answer as they mean to: nearly always, or with honest votes between.
MEANT = (0.98, 0.93)
# How much more than their class honest raters like a model, or less, in logits: by N(0, s²),
# and these shares of them by any of STEPS alike.
STEPS = np.linspace(-2.5, 2.5, 11)
SPREADS, UNUSUAL = (0.4, 0.8), (0.01, 0.05)
# A class of another taste goes as far with one model as most raters go with any, or this far, in
# logits from the middle: it sees the same images.
LEAST_REACH = 1.5
# The odds of an undecided vote on one model against others: where a taste is as strong as it
# may be, at least; and where it is rigged.
HONEST_TIES, RIGGED_TIES = 0.6, 0.05
# The share of those who rig alike, of all or of one class.
RIGGING = (0.003, 0.02, 0.1, 0.3, 0.8)
# Below this many votes of others, weighed by how likely they rig, a pair has no script.
LEAST_SAID = 0.3


def _shapes() -> FloatArray:
    normal = np.exp(-((STEPS / np.array(SPREADS)[:, None]) ** 2) / 2)
    normal /= normal.sum(axis=1, keepdims=True)
    return np.concatenate([(1 - share) * normal + share / len(STEPS) for share in UNUSUAL])


SHAPES = _shapes()  # (S, T), those with the least of UNUSUAL first


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """What the votes of K raters say of rigging for (`up`) or against `model`.

    `pooled` is the log e-value that anybody does. Of each rater, (K,): `evidence` is the log
    Bayes factor, rigged against honest; `chance` how likely it is, given the share who do;
    `meant` how many of the `votes` that it rests on went that way.
    """

    model: int
    up: bool
    pooled: float
    evidence: FloatArray
    chance: FloatArray
    meant: FloatArray
    votes: FloatArray


def find_favours(
    votes: RaterVotes, tastes: Tastes, *, among: BoolArray | None = None
) -> Iterator[Finding]:
    """For each model, whether it wins, or loses, nearly always: with more raters than like it so.

    Looked at are all raters, or those `among` (K,) them; others get no evidence and no chance.

    Honest: a class's strengths plus a rater's own taste for the model, which has a smooth
    distribution and hardly ever reaches beyond STEPS. Rigged: the model wins as often as MEANT,
    against whomever, and its votes are rarely undecided, by the rater's own habit. A share of
    raters rig, of all or of those whose other votes are alike. The e-value is the mean
    likelihood over such shares, by the largest without any (universal inference: Wasserman,
    Ramdas & Balakrishnan 2020, PNAS 117(29)). For given strengths it is below 1/α at all moments
    at once with chance 1 - α (Ville 1939), if nobody rigs.
    """
    looked = np.ones(len(votes.codes), dtype=bool) if among is None else among
    for model in range(len(votes.models)):
        wins, losses = votes.against(model)
        kind, honest = _honest_votes(wins, losses, model, tastes)
        undecided = _weigh_undecided(votes, model)
        won, lost = wins.sum(axis=1), losses.sum(axis=1)
        for up, meant, missed in ((True, won, lost), (False, lost, won)):
            rigged = _rigged(meant, missed) + undecided
            evidence, chance = np.full(len(rigged), -np.inf), np.zeros(len(rigged))
            pooled, evidence[looked], chance[looked] = _pool(
                honest[looked], rigged[looked], kind[looked]
            )
            cast = votes.cast[:, model]
            yield Finding(model, up, pooled, evidence, chance, meant, cast)


def _honest_votes(
    wins: FloatArray, losses: FloatArray, model: int, tastes: Tastes
) -> tuple[FloatArray, FloatArray]:
    """By votes on other models, a rater's chance of each class, (K, C); and the log chance of
    the decided votes on `model`, for each of STEPS, (K, T)."""

    def say(gaps: FloatArray) -> FloatArray:
        return np.asarray(wins @ log_expit(gaps) + losses @ log_expit(-gaps))

    strengths = tastes.strengths.copy()
    belong = tastes.belong(say(strengths[:, model] - strengths.T))
    places = _reach(strengths, model)
    fits = np.exp(belong[:, OTHER]) @ say(places - strengths[OTHER][:, None])
    strengths[OTHER, model] = places[np.argmax(fits)]
    gaps = strengths[:, [model], None] - strengths[:, :, None] + STEPS
    each = say(gaps) + belong.T[:, :, None]
    return np.exp(belong), np.asarray(logsumexp(each, axis=0))


def _reach(strengths: FloatArray, model: int) -> FloatArray:
    """How strong `model` may be for the class of another taste."""
    far = np.abs(strengths[MOST] - np.median(strengths[MOST])).max()
    middle = np.median(np.delete(strengths[OTHER], model))
    return np.asarray(middle + max(far, LEAST_REACH) * np.linspace(-1, 1, 21))


def _rigged(meant: FloatArray, missed: FloatArray) -> FloatArray:
    """The log chance of so many votes as meant and not, averaged over MEANT; (K,)."""
    each = [meant * np.log(share) + missed * np.log1p(-share) for share in MEANT]
    return np.asarray(logsumexp(each, axis=0) - np.log(len(MEANT)))


def _weigh_undecided(votes: RaterVotes, model: int) -> FloatArray:
    """The log Bayes factor of how few votes on `model` are undecided, (K,).

    Expected are as many as with the rater's other votes, or fewer where all raters give the
    model fewer, and then HONEST_TIES times these.
    """
    cast, ties = votes.cast[:, model], votes.undecided[:, model]
    others = votes.cast.sum(axis=1) / 2 - cast
    usual = (votes.undecided.sum(axis=1) / 2 - ties) / (others + 4)
    here, overall = (
        (undecided.sum() + 1) / (count.sum() - undecided.sum() + 1)
        for undecided, count in ((ties, cast), (votes.undecided, votes.cast))
    )
    odds = max(HONEST_TIES * min(1.0, here / overall), RIGGED_TIES)
    fewer = np.log1p(usual * (odds - 1)) - np.log1p(usual * (RIGGED_TIES - 1))
    return np.asarray(ties * np.log(RIGGED_TIES / odds) + cast * fewer)


def _pool(
    honest: FloatArray, rigged: FloatArray, kind: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """The log e-value that anybody rigs; each rater's log Bayes factor and chance, (K,) both."""
    top = honest.max(axis=1, keepdims=True)
    mixed = np.log(np.exp(honest - top) @ SHAPES.T) + top
    factor = np.expm1(np.minimum(rigged[:, None] - mixed, 500.0))
    among = np.column_stack([np.ones(len(kind)), kind])
    gained = np.array(
        [
            [np.log1p(share * factor * group[:, None]).sum(axis=0) for share in RIGGING]
            for group in among.T
        ]
    )
    alike = gained + mixed.sum(axis=0)  # (1 + C, shares, S)
    told = alike[:, :, : len(SPREADS)]
    pooled = logsumexp(told) - np.log(told.size) - mixed.sum(axis=0).max()
    group, _, shape = np.unravel_index(np.argmax(alike), alike.shape)
    evidence = rigged - mixed[:, shape]
    return float(pooled), evidence, _share_out(evidence, among[:, group])


def _share_out(evidence: FloatArray, group: FloatArray) -> FloatArray:
    """How likely each rater rigs, at the share of the group (K,) that is likeliest; (K,)."""
    share = 0.1
    for _ in range(100):
        prior = np.clip(share * group, 1e-12, 0.99)
        chance = expit(evidence + np.log(prior / (1 - prior)))
        share = float(np.clip(chance.sum() / group.sum(), 1e-6, 0.95))
    return np.asarray(chance)


def find_scripts(
    votes: RaterVotes, tastes: Tastes, favours: Sequence[Finding], *, bar: float
) -> Iterator[Finding]:
    """For each model, whose votes on all pairs are what others say who favour it, nearly always.

    A script is what these others said more often of a pair, and that the model wins; it is
    followed as often as MEANT. Honest: the best of the classes that were not fitted to the few,
    and a Bradley–Terry taste of the rater's own. A rater's e-value is of votes that are not in
    the script, so it holds at one moment; `bar` has to allow for looks.
    """
    odd = np.exp(tastes.belong())[:, NONE:].sum(axis=1)
    for favour in favours:
        missed = favour.votes - votes.undecided[:, favour.model] - favour.meant
        likelier = _rigged(favour.meant, missed) > (favour.meant + missed) * np.log(0.5)
        seed = np.maximum(favour.chance, odd * likelier)
        if favour.up and seed.sum() > 1.5:
            yield _follow_script(votes, tastes, favour.model, seed, bar)


def _follow_script(
    votes: RaterVotes, tastes: Tastes, model: int, seed: FloatArray, bar: float
) -> Finding:
    """Those who follow make the script, in three rounds that begin with `seed` (K,)."""
    weight, honest = seed, tastes.likelihood[:, :OTHER].max(axis=1)
    for _ in range(3):
        meant, likelihood = _compare_script(votes, model, weight)
        evidence = likelihood - honest
        for rater in np.flatnonzero(evidence > bar):
            own = likelihood[rater] - own_taste_likelihood(votes, int(rater))
            evidence[rater] = min(evidence[rater], own)
        # Nobody is left out who may yet fit a better script.
        weight = np.maximum(seed * (evidence > -5), evidence > bar)
    chance = np.asarray(evidence > bar, dtype=np.float64)
    best = float(evidence.max())
    return Finding(model, True, best, evidence, chance, meant, votes.cast.sum(axis=1) / 2)


def _compare_script(
    votes: RaterVotes, model: int, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """How many votes are as the others' script says, and the log chance of all, (K,) both."""
    pair = votes.i * len(votes.models) + votes.j
    own = weight[votes.rater] * (votes.won - votes.lost)
    said = add_up(pair, own, len(votes.models) ** 2)[pair] - own
    said = np.where(votes.i == model, 1.0, np.where(votes.j == model, -1.0, said))
    upper, known = said > 0, np.abs(said) > LEAST_SAID
    meant = votes.sum_up(known * np.where(upper, votes.won, votes.lost))
    missed = votes.sum_up(known * np.where(upper, votes.lost, votes.won))
    open_ = votes.sum_up(~known * (votes.won + votes.lost))
    undecided = votes.undecided.sum(axis=1) / 2
    return meant, _rigged(meant, missed) + open_ * np.log(0.5) + undecided * np.log(RIGGED_TIES)
