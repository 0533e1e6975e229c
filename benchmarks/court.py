"""Whether checks are trusted that follow raters, and only those, however often one looks.

    python -m benchmarks.court [--runs N] [--seed N]

Simulated raters vote on the pictures of six competitors; the court looks after 150, 300, … votes.
A world says how raters choose, a check what it knows. Printed is, for each: how often the check is
called advisory or may gate at any of the looks, how often blind within pairs or warned of at the
last, and after how many votes at the median; then how often the limits leave out the truth at any
look, for one hypothesis at 5 %. Checks of which none may gate are marked: there a `may gate` is
false, and so it is for a family of a hundred of them with 5 % between them all.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from metrics.stats._court.evidence import number_together
from metrics.stats._court.held_out import hold_out
from metrics.stats._court.missing import find_missing
from metrics.stats.court import Evidence, Figure, Levels, is_blind, share_error, weigh_held
from metrics.stats.court_rule import State, decide_state

LOOKS = (150, 300, 600, 1200, 2400)
MODELS = 6
STRENGTHS = np.linspace(-0.8, 0.8, MODELS)
LEAST = 0.645  # what the checks at the border are right in: half a point too little
ONE, SHARED = Levels(error=0.05), Levels(error=share_error(0.05, 1))


@dataclass(frozen=True)
class World:
    """How raters choose: spreads in logits, how many prompts and raters, and how they differ."""

    inner: float = 1.2  # how much better or worse a competitor's picture is by prompt
    taste: float = 0.4
    prompts: int = 150
    raters: int = 60
    cycle: float = 0.0  # rock, paper, scissors: each beats the next by this much
    crowd: float = 0.0  # the share of all votes that one rater gives
    apart: float = 1.0  # how far the competitors lie apart


@dataclass(frozen=True)
class Knows:
    """What a check knows of a picture: weights of its maker's strength and of its own merit."""

    strength: float = 0.0
    merit: float = 0.0
    noise: float = 1.0
    unmeasured: float = 0.0  # the share of the worst pictures that it cannot measure


WORLDS = {
    "plain": World(),
    "intransitive": World(cycle=1.0),
    "far apart": World(inner=0.8, apart=2.2),
    "clustered": World(inner=1.6, taste=1.2, prompts=40, raters=10, crowd=0.3),
}
FOLLOWS = Knows(strength=1.0, merit=1.0, noise=0.4)
NOISE = Knows()
AVERAGE = Knows(strength=2.0, noise=0.4)
CHOSEN = Knows(strength=1.0, merit=1.0, noise=0.4, unmeasured=0.35)
# world, check, whether it must never gate
ROWS: tuple[tuple[str, str, Knows | None, bool], ...] = (
    ("plain", "follows", FOLLOWS, False),
    ("intransitive", "follows", FOLLOWS, False),
    ("clustered", "follows", FOLLOWS, False),
    ("plain", "cannot measure bad ones", CHOSEN, False),
    ("plain", "noise", NOISE, True),
    ("intransitive", "noise", NOISE, True),
    ("clustered", "noise", NOISE, True),
    ("plain", "right on average only", AVERAGE, True),
    ("far apart", "right on average only", AVERAGE, True),
    ("plain", "at the border", None, True),
    ("clustered", "at the border", None, True),
)


def draw_evidence(seed: int, world: World, knows: Knows, *, votes: int = LOOKS[-1]) -> Evidence:
    """Votes in the order in which they come, and what the check says of the same pictures."""
    rng = np.random.default_rng(seed)
    strengths = world.apart * STRENGTHS
    merit = world.inner * rng.normal(size=(MODELS, world.prompts))
    value = (
        knows.strength * strengths[:, None]
        + knows.merit * merit
        + knows.noise * rng.normal(size=merit.shape)
    )
    taste = world.taste * rng.normal(size=(world.raters, MODELS))
    a = rng.integers(0, MODELS, votes)
    b = (a + rng.integers(1, MODELS, votes)) % MODELS
    prompt = rng.integers(0, world.prompts, votes)
    rater = rng.integers(0, world.raters, votes)
    rater[rng.random(votes) < world.crowd] = 0
    worth = strengths[:, None] + merit
    # Of three in turn each beats the next: those three steps on are alike.
    beats = np.array([0.0, 1.0, -1.0])[(b - a) % 3]
    gap = worth[a, prompt] - worth[b, prompt] + taste[rater, a] - taste[rater, b]
    gap = gap + world.cycle * beats + rng.logistic(size=votes)
    if knows.unmeasured:
        worst = worth < np.quantile(worth, knows.unmeasured)
        value[worst & (rng.random(worth.shape) < 0.9)] = np.nan
    return Evidence.from_columns(
        a,
        b,
        candidates=(a * world.prompts + prompt, b * world.prompts + prompt),
        prompt=prompt,
        rater=rater,
        points=np.where(np.abs(gap) < 0.3, 0.5, np.where(gap > 0, 1.0, 0.0)),
        values=(value[a, prompt], value[b, prompt]),
    )


@cache
def find_border(world: World, target: float = LEAST) -> Knows:
    """The check of that accuracy, by how much noise it has."""
    low, high = 0.1, 30.0
    for _ in range(14):
        middle = (low * high) ** 0.5
        knows = Knows(strength=1.0, merit=1.0, noise=middle)
        low, high = (middle, high) if find_truth(world, knows)[0] > target else (low, middle)
    return Knows(strength=1.0, merit=1.0, noise=high)


@cache
def find_truth(world: World, knows: Knows) -> tuple[float, float]:
    """Accuracy and concordance within pairs over very many raters, prompts and votes."""
    many = replace(world, prompts=3000, raters=3000)
    drawn = draw_evidence(0, many, knows, votes=60_000)
    heard = drawn.select(drawn.decided & drawn.measured)
    right = ((heard.gap > 0) == (heard.points > 0.5)).mean()
    codes = number_together(heard.pair)
    areas, sizes = [], []
    for pair in range(codes.max() + 1):
        won, gap = heard.points[codes == pair] > 0.5, heard.gap[codes == pair]
        place = np.argsort(np.argsort(gap)) + 1
        ahead = place[won].sum() - won.sum() * (won.sum() + 1) / 2
        areas.append(ahead / (won.sum() * (~won).sum()))
        sizes.append(won.sum() * (~won).sum() / len(won))
    return float(right), float(np.average(areas, weights=sizes))


@dataclass(frozen=True)
class Run:
    """One site: the votes at which a state was first given, and what was said at the end."""

    advisory: float
    gate: float
    blind: bool
    warned: bool
    accuracy_missed: bool
    within_missed: bool


def run(seed: int, world: World, knows: Knows) -> Run:
    evidence = draw_evidence(seed, world, knows)
    accuracy, within = find_truth(world, knows)
    advisory, gate, missed = np.inf, np.inf, [False, False]
    for look in LOOKS:
        seen = evidence.select(np.arange(look))
        heard = seen.select(seen.decided & seen.measured)
        held = hold_out(heard)
        shared, one = (weigh_held(heard, held, levels) for levels in (SHARED, ONE))
        state = decide_state(shared, blind=is_blind(shared))
        if state != State.UNPROVEN:
            advisory = min(advisory, look)
        if state == State.MAY_GATE:
            gate = min(gate, look)
        missed[0] |= leaves_out(one.accuracy, accuracy)
        missed[1] |= leaves_out(one.within, within)
    measured, tried = count_measured(evidence)
    decided = evidence.select(evidence.decided)
    missing = find_missing(decided, np.array(measured), np.array(tried), SHARED)
    return Run(advisory, gate, is_blind(shared), missing.warns, *missed)


def leaves_out(figure: Figure, truth: float) -> bool:
    """Whether the limits do not hold the truth."""
    if figure.least is None or figure.most is None:
        return False
    return not figure.least <= truth <= figure.most


def count_measured(evidence: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """Candidates by competitor: measured, and seen."""
    seats = np.concatenate([evidence.candidate_a, evidence.candidate_b])
    _, first = np.unique(seats, return_index=True)
    maker = np.concatenate([evidence.a, evidence.b])[first]
    known = np.isfinite(np.concatenate([evidence.value_a, evidence.value_b])[first])
    return tuple(np.bincount(maker, weights=w, minlength=MODELS).astype(int)
                 for w in (known, np.ones(len(known))))  # type: ignore[return-value]  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    heads = ("world", "check", "right in", "within", "advisory", "votes", "may gate", "votes",
             "blind", "warned", "misses", "within misses")  # fmt: skip
    print(f"{asked.runs} runs, looks after {', '.join(map(str, LOOKS))} votes")
    print(" | ".join(heads))
    false = []
    for name, title, knows, is_null in ROWS:
        world = WORLDS[name]
        check = knows or find_border(world)
        runs = [run(asked.seed * 10_000 + n, world, check) for n in range(asked.runs)]
        truth = find_truth(world, check)
        if is_null:
            false.append([np.isfinite(each.gate) for each in runs])
        cells = [
            name,
            title + (" (must not gate)" if is_null else ""),
            *(f"{each:.3f}" for each in truth),
            *describe([each.advisory for each in runs]),
            *describe([each.gate for each in runs]),
            *(
                f"{100 * np.mean(column):.0f} %"
                for column in zip(
                    *[(r.blind, r.warned, r.accuracy_missed, r.within_missed) for r in runs],
                    strict=True,
                )
            ),
        ]
        print(" | ".join(cells), flush=True)
    any_false = np.any(false, axis=0)
    print(
        f"false `may gate` among {len(false)} hypotheses of one site, at any look: "
        f"{any_false.sum()} of {asked.runs} sites (5 % allowed)"
    )


def describe(first: Sequence[float]) -> tuple[str, str]:
    """How often a state was given, and the median votes when it was."""
    given = [votes for votes in first if np.isfinite(votes)]
    return f"{100 * len(given) / len(first):.0f} %", f"{np.median(given):.0f}" if given else "–"


if __name__ == "__main__":
    main()
