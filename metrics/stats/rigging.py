"""Who rigs: raters whose votes no honest taste explains."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from metrics.stats.comparisons import Comparisons, FloatArray, IntArray, Outcome
from metrics.stats.rigged_votes import Finding, find_favours, find_scripts
from metrics.stats.tastes import RaterVotes, Tastes, add_up, fit_tastes, tally_raters

# How often an honest rater prefers one side at most, and who does not look, in decided votes.
HONEST_SIDE, ONE_SIDE = 0.75, 0.98
# The share of those flagged for one model that may be honest, as far as chances say.
MISTAKEN = 0.1
SURE, OWN_EVIDENCE = 0.9, 0.5
_RULES = 3  # that share alpha: favours and opposes, follows, one-sided


class Rule(StrEnum):
    """What was found: a model nearly always wins, or loses; others' script; always one side."""

    FAVOURS = "favours"
    OPPOSES = "opposes"
    FOLLOWS = "follows"
    ONE_SIDED = "one_sided"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why one rater's votes are to be flagged.

    `rater` is the code of the cluster, `model` the competitor who gains or loses by it, if one
    does. `evidence` is the log Bayes factor of this rater's votes, rigged against honest;
    `pooled` the log e-value of all who vote so, which passed the bar. `votes` is how many votes
    it rests on.
    """

    rater: int
    rule: Rule
    model: str | None
    evidence: float
    pooled: float
    votes: int
    reason: str


def find_riggers(
    comparisons: Comparisons, *, cluster: str = "rater", alpha: float = 0.05, looks: int = 1000
) -> tuple[Suspicion, ...]:
    """The raters whose votes of one question no honest taste explains, the clearest first.

    Disagreeing with most is no reason: honest are their taste, the opposite, none, any other
    that a class of raters shares, or that a rater has alone, as long as it is not all but
    certain of one model. Each of M models may be favoured or opposed, and each of K raters
    may follow a script or have a side: each is flagged at an e-value of 1/alpha times how many
    there are. In a group that passes, so many are flagged that MISTAKEN of them are honest.

    However often somebody looks, anybody honest is flagged before anybody rigs with chance
    alpha at most, up to the fit of the tastes; scripts allow for `looks` of them. The order
    of the votes plays no part. Raises ValueError for an alpha outside 0..1, NotConverged.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    votes = tally_raters(comparisons, cluster=cluster)
    if not len(votes.rater):
        return ()
    bar = float(np.log(_RULES / alpha))
    found = _find_unlike_tastes(votes, fit_tastes(votes), bar, looks)
    if found:  # once more, as their votes had a say in what most raters like
        trusted = ~np.isin(votes.codes, [suspicion.rater for suspicion in found])
        found = _find_unlike_tastes(votes, fit_tastes(votes, trusted=trusted), bar, looks)
    one_sided_bar = float(bar + np.log(2 * len(votes.codes)))
    found += list(_find_one_sided(comparisons, cluster, bar=one_sided_bar))
    found.sort(key=lambda suspicion: suspicion.evidence)
    clearest = {suspicion.rater: suspicion for suspicion in found}
    return tuple(sorted(clearest.values(), key=lambda suspicion: -suspicion.evidence))


def _find_unlike_tastes(
    votes: RaterVotes, tastes: Tastes, bar: float, looks: int
) -> list[Suspicion]:
    """One target after the other, the clearest first, each without the raters found before.

    Who always votes for one model votes against all that it meets: nobody else is to be flagged
    for disliking these, too.
    """
    first, found = list(find_favours(votes, tastes)), list[Suspicion]()
    favours, left = first, np.ones(len(votes.codes), dtype=bool)
    while favours:
        clearest = max(favours, key=lambda finding: finding.pooled)
        named = dict(_name_favour(votes, clearest, bar=bar))
        if not named:
            break
        found += named.values()
        left[list(named)] = False
        favours = list(find_favours(votes, tastes, among=left)) if left.any() else []
    script_bar = float(bar + np.log(len(votes.codes) * len(votes.models) * looks))
    scripts = find_scripts(votes, tastes, first, bar=script_bar)
    return [*found, *(who for finding in scripts for who in _name_script(votes, finding))]


def _name_favour(
    votes: RaterVotes, finding: Finding, *, bar: float
) -> Iterator[tuple[int, Suspicion]]:
    """Those who vote so, by their place among the raters."""
    if finding.pooled <= bar + np.log(2 * len(votes.models)):
        return
    model, better = votes.models[finding.model], "better" if finding.up else "worse"
    alike = _choose_surest(finding)
    for rater in alike:
        meant, cast = round(finding.meant[rater]), round(finding.votes[rater])
        yield (
            int(rater),
            Suspicion(
                rater=int(votes.codes[rater]),
                rule=Rule.FAVOURS if finding.up else Rule.OPPOSES,
                model=model,
                evidence=float(finding.evidence[rater]),
                pooled=finding.pooled,
                votes=cast,
                reason=f"{meant} of {cast} votes on {model} say that it is {better}; "
                f"{len(alike)} raters vote so, and more surely than tastes differ",
            ),
        )


def _choose_surest(finding: Finding) -> IntArray:
    """The most likely of a group, as many as leave the expected share of the honest at MISTAKEN.

    That is the local false discovery rate's rule (Efron 2005, Local False Discovery Rates). Where
    the surest rig on far more votes than others have, chances would drag their neighbours in:
    whoever is flagged has OWN_EVIDENCE of the surest ones' own evidence at least.
    """
    sure = finding.chance > SURE
    least = OWN_EVIDENCE * np.median(finding.evidence[sure]) if sure.any() else 0.0
    chance = np.where(finding.evidence >= least, finding.chance, 0.0)
    order = np.argsort(-chance)
    mistaken = np.cumsum(1 - chance[order]) / np.arange(1, len(chance) + 1)
    return np.sort(order[(mistaken <= MISTAKEN) & (chance[order] > 0)])


def _name_script(votes: RaterVotes, finding: Finding) -> Iterator[Suspicion]:
    model = votes.models[finding.model]
    for rater in np.flatnonzero(finding.chance):
        meant, cast = round(finding.meant[rater]), round(finding.votes[rater])
        yield Suspicion(
            rater=int(votes.codes[rater]),
            rule=Rule.FOLLOWS,
            model=model,
            evidence=float(finding.evidence[rater]),
            pooled=float(finding.evidence[rater]),
            votes=cast,
            reason=f"{meant} of {cast} votes are what others say who favour {model}, "
            "also where it is not shown, and more surely than tastes agree",
        )


def _find_one_sided(comparisons: Comparisons, cluster: str, *, bar: float) -> Iterator[Suspicion]:
    """Who nearly always prefers the left, or the right: an e-value against HONEST_SIDE or less.

    It is the likelihood at ONE_SIDE by that at HONEST_SIDE, which no lesser share makes larger
    on average, so that it holds at all moments at once (Ville 1939).
    """
    codes = comparisons.clusters[cluster]
    raters, place = np.unique(codes, return_inverse=True)
    left, right = (
        add_up(place, comparisons.count * (comparisons.outcome == side), len(raters))
        for side in (Outcome.MODEL_A, Outcome.MODEL_B)
    )
    for name, here, there in (("left", left, right), ("right", right, left)):
        evidence = _weigh_side(here, there)
        for rater in np.flatnonzero((evidence > bar) & (raters >= 0)):
            chosen, cast = round(here[rater]), round(here[rater] + there[rater])
            yield Suspicion(
                rater=int(raters[rater]),
                rule=Rule.ONE_SIDED,
                model=None,
                evidence=float(evidence[rater]),
                pooled=float(evidence[rater]),
                votes=cast,
                reason=f"{chosen} of {cast} decided votes are for the {name} side",
            )


def _weigh_side(here: FloatArray, there: FloatArray) -> FloatArray:
    """The log e-value of so many decided votes for one side, and the other, (K,)."""
    return np.asarray(
        here * np.log(ONE_SIDE / HONEST_SIDE) + there * np.log((1 - ONE_SIDE) / (1 - HONEST_SIDE))
    )
