"""Honest votes of many kinds, and attackers who cast a share of all votes to lift one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from metrics.stats.comparisons import BoolArray, Comparisons, FloatArray, IntArray
from metrics.stats.methods.base import make_method
from metrics.stats.rate import rate
from metrics.stats.ratings import POINTS_PER_LOGIT

PLACE = 0.6  # of the target, from the best (0) to the worst (1)
NU = 0.5  # Davidson's: about one vote in five is a tie
BAD = 0.05  # of votes, both_bad
POSITION = 25 / POINTS_PER_LOGIT
PROMPTS = 100


@dataclass(frozen=True)
class World:
    """Honest raters: how many, how much they vote, and what they like; effects in logits.

    A minority has the `opposite` taste, or one of its own (`other`). Fans like the target more
    by `love`; tieless raters never tie; sharp ones see differences three times as large.
    """

    name: str
    models: int = 20
    raters: int = 300
    fewest: int = 40
    most: int = 150
    spread: float = 150 / POINTS_PER_LOGIT
    prompt_effect: float = 0.5
    rater_effect: float = 0.5
    minority: float = 0.15
    taste: str = "opposite"
    fans: float = 0.0
    love: float = 2.0
    tieless: float = 0.0
    sharp: float = 0.0


ARENA = World("the arena of the attacks")
HONEST = (
    ARENA,
    World("minority with an order of its own", taste="other"),
    World("the same, 30 %", taste="other", minority=0.3),
    World("the same, spread 300 points", taste="other", spread=300 / POINTS_PER_LOGIT),
    World("rater effect of 1 logit", rater_effect=1.0),
    World("one in ten a fan of one competitor", fans=0.1),
    World("three in ten never tie", tieless=0.3),
    World("three in ten see sharply", sharp=0.3),
    World("20 raters, 800 to 1,500 votes", raters=20, fewest=800, most=1500),
    World("2,000 raters, 5 to 30 votes", raters=2000, fewest=5, most=30),
    World("6 competitors", models=6),
)


@dataclass(frozen=True, slots=True)
class Votes:
    """N votes: by which rater, on what, how they ended, and when (0..1); (N,) each."""

    rater: IntArray
    a: IntArray
    b: IntArray
    outcome: IntArray
    time: FloatArray

    def select(self, rows: BoolArray | IntArray) -> "Votes":
        return Votes(*(getattr(self, column.name)[rows] for column in fields(self)))

    def joined(self, other: "Votes") -> "Votes":
        names = [column.name for column in fields(self)]
        return Votes(*(np.concatenate([getattr(v, name) for v in (self, other)]) for name in names))

    def without(self, raters: Sequence[int]) -> "Votes":
        return self.select(~np.isin(self.rater, raters))

    def compare(self, models: int) -> Comparisons:
        names = [f"model {place}" for place in range(models)]
        return Comparisons.from_codes(
            names, self.a, self.b, self.outcome, clusters={"rater": self.rater}
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """One run: strengths of the M competitors, effects of prompts, and the target's code."""

    world: World
    strengths: FloatArray
    prompts: FloatArray
    target: int


def set_scene(world: World, rng: np.random.Generator) -> Scene:
    strengths = np.sort(rng.normal(0, world.spread, world.models))[::-1]
    prompts = rng.normal(0, world.prompt_effect, (PROMPTS, world.models))
    return Scene(world, strengths, prompts, int(PLACE * world.models))


def draw_tastes(scene: Scene, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
    """What each rater likes, (K, M), and who is of the minority, (K,)."""
    world = scene.world
    minor = rng.random(world.raters) < world.minority
    other = -scene.strengths if world.taste == "opposite" else rng.permutation(scene.strengths)
    tastes = np.where(minor[:, None], other, scene.strengths)
    tastes = tastes + rng.normal(0, world.rater_effect, tastes.shape)
    tastes[rng.random(world.raters) < world.fans, scene.target] += world.love
    return tastes, minor


def draw_quotas(world: World, rng: np.random.Generator) -> IntArray:
    return rng.integers(world.fewest, world.most + 1, world.raters)


def draw_votes(
    scene: Scene, tastes: FloatArray, quotas: IntArray, rng: np.random.Generator
) -> Votes:
    """Honest votes of K raters on pairs by lot, whose worth is a taste plus a prompt's effect."""
    world, raters, models = scene.world, len(tastes), tastes.shape[1]
    rater = np.repeat(np.arange(raters), quotas)
    rows = np.arange(len(rater))
    a = rng.integers(0, models, len(rows))
    b = (a + rng.integers(1, models, len(rows))) % models
    worth = tastes[rater] + scene.prompts[rng.integers(0, PROMPTS, len(rows))]
    sees = np.where(rng.random(raters) < world.sharp, 3.0, 1.0)[rater]
    ties = np.where(rng.random(raters) < world.tieless, 0.0, NU)[rater]
    gap = sees * (worth[rows, a] - worth[rows, b]) + POSITION
    won, lost = np.exp(gap / 2), np.exp(-gap / 2)
    luck = rng.random(len(rows)) * (won + lost + ties)
    outcome = np.select([luck < won, luck < won + lost], [0, 1], 2)
    bad = (rng.random(len(rows)) < BAD) & (ties > 0)
    return Votes(rater, a, b, np.where(bad, 3, outcome), rng.random(len(rows)))


Attack = Callable[[Votes, Scene, Votes, np.random.Generator], Votes]


def vote_target(ballots: Votes, scene: Scene) -> Votes:
    """The target wins whatever it meets."""
    sides = [ballots.a == scene.target, ballots.b == scene.target]
    return replace(ballots, outcome=np.select(sides, [0, 1], ballots.outcome))


def else_honest(ballots: Votes, scene: Scene, honest: Votes, rng: np.random.Generator) -> Votes:
    return vote_target(ballots, scene)


def else_random(ballots: Votes, scene: Scene, honest: Votes, rng: np.random.Generator) -> Votes:
    outcome = rng.integers(0, 3, len(ballots.a))
    return vote_target(replace(ballots, outcome=outcome), scene)


def else_skip(ballots: Votes, scene: Scene, honest: Votes, rng: np.random.Generator) -> Votes:
    """Ballots without the target are passed over until one comes."""
    away = (ballots.a != scene.target) & (ballots.b != scene.target)
    left = rng.random(len(away)) < 0.5
    a = np.where(away & left, scene.target, ballots.a)
    b = np.where(away & ~left, scene.target, ballots.b)
    return vote_target(replace(ballots, a=a, b=b), scene)


def vote_by_elo(ballots: Votes, scene: Scene, honest: Votes, rng: np.random.Generator) -> Votes:
    """Whoever is nearer to the target on the board loses: Min et al.'s Omni-On."""
    board = fit_board(honest, scene)
    away = np.abs(board - board[scene.target])
    outcome = np.where(away[ballots.a] > away[ballots.b], 0, 1)
    return vote_target(replace(ballots, outcome=outcome), scene)


def vote_by_rating(ballots: Votes, scene: Scene, honest: Votes, rng: np.random.Generator) -> Votes:
    """Whatever lifts the target most over the one a place ahead: Min et al.'s Omni-BT.

    By the influence of a vote on that gap; the board is looked at after every tenth.
    """
    method, seen = make_method("bradley_terry"), honest
    outcome = ballots.outcome.copy()
    for tenth in np.array_split(np.argsort(ballots.time), 10):
        comparisons = seen.compare(scene.world.models)
        fit = method.fit(comparisons)
        ahead = np.where(fit.logits > fit.logits[scene.target], fit.logits, np.inf)
        pull = np.zeros(scene.world.models)
        pull[scene.target] = 1.0
        pull[np.argmin(ahead)] -= np.isfinite(ahead.min())
        lift = method.influence(comparisons, fit).inverse @ pull
        outcome[tenth] = np.where(lift[ballots.a[tenth]] > lift[ballots.b[tenth]], 0, 1)
        rigged = vote_target(replace(ballots, outcome=outcome), scene).select(tenth)
        seen = seen.joined(rigged)
    return vote_target(replace(ballots, outcome=outcome), scene)


ATTACKS: dict[str, Attack] = {
    "target only, else honest": else_honest,
    "target only, else random": else_random,
    "target only, else no vote": else_skip,
    "omnipresent, Omni-On": vote_by_elo,
    "omnipresent, Omni-BT": vote_by_rating,
}


def draw_attack(
    scene: Scene,
    honest: Votes,
    attack: Attack,
    share: float,
    rng: np.random.Generator,
    *,
    noise: float = 0.0,
) -> Votes:
    """Rigged votes that are `share` of all, by raters like the others in numbers of votes.

    With `noise`, each attacker gives this share of the votes honestly.
    """
    wanted = round(share / (1 - share) * len(honest.a))
    filled = np.cumsum(rng.integers(scene.world.fewest, scene.world.most + 1, wanted))
    ends = np.append(filled[filled < wanted], wanted)
    quotas = np.diff(ends, prepend=0)
    taste = scene.strengths + rng.normal(
        0, scene.world.rater_effect, (len(quotas), len(scene.strengths))
    )
    ballots = draw_votes(scene, taste, quotas, rng)
    rigged = attack(ballots, scene, honest, rng)
    truthful = (rng.random(wanted) < noise) & (rigged.a == ballots.a) & (rigged.b == ballots.b)
    outcome = np.where(truthful, ballots.outcome, rigged.outcome)
    return replace(rigged, rater=rigged.rater + scene.world.raters, outcome=outcome)


def fit_board(votes: Votes, scene: Scene) -> FloatArray:
    return rate(votes.compare(scene.world.models), ci="none").fit.logits


def find_place(votes: Votes, scene: Scene) -> int:
    board = fit_board(votes, scene)
    return int((board > board[scene.target]).sum()) + 1
