"""Worlds whose truth is known, for regression evals: increments of many runs at once.

Each world draws (runs, prompts) increments, positive where the challenger is better, with a given
true mean; and how many votes each prompt takes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from metrics.stats.asking import bounds_of, choose_inclusion, doubt_prediction, weigh_back
from metrics.stats.betting import Bounds
from metrics.stats.comparisons import FloatArray

TIES = 0.2
# How much prompts differ in whom they suit, in probits.
TASTE = 0.6
VOTES = 2
# People are asked about this share of prompts where a judge has gone first.
ASKED = 0.5
JUDGE_NOISE = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Increments (runs, prompts), the votes that each took, and bounds known before any."""

    increments: FloatArray
    votes: FloatArray
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class World:
    """How increments come about, and the margin that they are held against.

    `per_look` prompts are new at each look: 20 votes, or 20 prompts where nobody votes.
    """

    name: str
    draw: Callable[[float, tuple[int, int], np.random.Generator], Drawn]
    margin: float
    per_look: int = 20


def draw_votes(mean: float, shape: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """The points of VOTES votes on each prompt, less ½."""
    _, points = _vote(mean, shape, rng)
    return Drawn(points - 0.5, np.full(shape, float(VOTES)), Bounds(-0.5, 0.5))


def draw_asked(mean: float, shape: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """The same, where people are asked most about what a judge doubts, and the judge is middling.

    The judge sees whom a prompt suits with noise, and always favours the challenger.
    """
    worth, points = _vote(mean, shape, rng)
    seen = 0.7 * (worth + JUDGE_NOISE * rng.standard_normal(shape)) + 0.3
    predictions = TIES / 2 + (1 - TIES) * ndtr(seen)
    doubt = doubt_prediction(predictions)
    inclusion = choose_inclusion(doubt.ravel(), mean=ASKED).reshape(shape)
    included = rng.random(shape) < inclusion
    increments = weigh_back(points, included, inclusion, predictions)
    return Drawn(increments, VOTES * included.astype(np.float64), bounds_of(inclusion, predictions))


def draw_skewed(mean: float, shape: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """A share of mistakes: mostly 0 for both, seldom large; in [0, 1], and less is better."""
    often = 0.25
    size = 0.2  # the mean of Beta(1, 4)
    worse = rng.random(shape) < often - mean / size
    before = rng.random(shape) < often
    mistakes = [rng.beta(1, 4, shape) * made for made in (before, worse)]
    return Drawn(mistakes[0] - mistakes[1], np.zeros(shape), Bounds(-1, 1))


def draw_refusals(mean: float, shape: tuple[int, int], rng: np.random.Generator) -> Drawn:
    """The share of two samples that a competitor refused; most prompts are never refused."""
    touchy = rng.random(shape) < 0.3
    refused = [rng.binomial(2, np.where(touchy, p, 0.02)) / 2 for p in (0.4, 0.4 - mean / 0.3)]
    return Drawn(refused[0] - refused[1], np.zeros(shape), Bounds(-1, 1))


def _vote(
    mean: float, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Whom each prompt suits, in probits, and the mean points of its votes."""
    centre = np.sqrt(1 + TASTE**2) * ndtri(0.5 + mean / (1 - TIES))
    worth = centre + TASTE * rng.standard_normal(shape)
    tied = rng.binomial(VOTES, TIES, shape)
    won = rng.binomial(VOTES - tied, ndtr(worth))
    return worth, (won + tied / 2) / VOTES


WORLDS = (
    World("votes", draw_votes, 0.05, per_look=10),
    World("votes, a judge first", draw_asked, 0.05, per_look=20),
    World("skewed measure", draw_skewed, 0.02),
    World("rate", draw_refusals, 0.04),
)
