"""Where the variance of increments comes from, by what earlier runs found."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import FloatArray, IntArray

# With fewer degrees of freedom a component is not estimated, and its default taken.
LEAST_DEGREES = 10


@dataclass(frozen=True, slots=True)
class Components:
    """Where the variance of an increment comes from.

    `prompt` is that of the true difference between prompts, `sample` that of one candidate among
    those that one competitor makes for a prompt, `vote` that of a vote on two given candidates
    (0 for measures).
    """

    prompt: float
    sample: float
    vote: float = 0.0


# Of votes' points (0, ½, 1) where nothing is known: 0.21 in all, as where a fifth are ties; most of
# it is that people differ.
OF_VOTES = Components(prompt=0.02, sample=0.015, vote=0.16)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Components, and the names of those that are defaults because there was too little."""

    components: Components
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Level:
    """A sum of squares, its degrees of freedom, and what it expects of the levels above votes."""

    squares: float
    degrees: int
    of_pair: float = 0.0
    of_prompt: float = 0.0


def estimate_components(
    values: FloatArray,
    prompts: IntArray,
    samples: IntArray,
    *,
    defaults: Components = OF_VOTES,
    sides: int = 2,
) -> Estimate:
    """Split the variance of `values` (R,) into prompts, samples and votes, by moments.

    Each row is a vote's points, or a measure's difference, on one pair of candidates: `samples`
    (R,) name the pair within its prompt, `prompts` (R,) the prompt; numbers of rows may differ,
    and some may be missing. Sums of squares within pairs, between the pairs of a prompt and
    between prompts are set to their expectations (Henderson 1953, Biometrics 9, method 1),
    negative components to 0. A pair has `sides` candidates of its own: 2, or 1 where all pairs of
    a prompt share the baseline's. A level with fewer than LEAST_DEGREES degrees of freedom takes
    its default, and the levels above it get what is left; a measure has one row for each pair,
    and 0 for votes by `defaults`.
    """
    within, between, outer = _find_levels(values, prompts, samples)
    vote, pair, prompt = defaults.vote, sides * defaults.sample, defaults.prompt
    if within.degrees >= LEAST_DEGREES:
        vote = within.squares / within.degrees
    if between.degrees >= LEAST_DEGREES:
        pair = max((between.squares - between.degrees * vote) / between.of_pair, 0.0)
    if outer.degrees >= LEAST_DEGREES:
        rest = outer.squares - outer.degrees * vote - outer.of_pair * pair
        prompt = max(rest / outer.of_prompt, 0.0)
    levels = {"vote": within, "sample": between, "prompt": outer}
    assumed = tuple(name for name, level in levels.items() if level.degrees < LEAST_DEGREES)
    return Estimate(Components(prompt, pair / sides, vote), assumed)


def _find_levels(
    values: FloatArray, prompts: IntArray, samples: IntArray
) -> tuple[_Level, _Level, _Level]:
    """The levels within pairs, between pairs of a prompt, and between prompts."""
    pairs, pair = np.unique(np.stack([prompts, samples]), axis=1, return_inverse=True)
    pair, size = pair.ravel(), pairs.shape[1]
    _, prompt_of_pair = np.unique(pairs[0], return_inverse=True)
    in_pair = np.bincount(pair, minlength=size).astype(np.float64)
    in_prompt = np.bincount(prompt_of_pair, in_pair)
    rows, groups = len(values), len(in_prompt)
    centred = values - values.mean() if rows else values
    summed = np.bincount(pair, centred, minlength=size)
    by_pair = float((summed**2 / in_pair).sum())
    by_prompt = float((np.bincount(prompt_of_pair, summed) ** 2 / in_prompt).sum())
    mixed = float((in_pair**2 / in_prompt[prompt_of_pair]).sum())
    rows_in_all = max(rows, 1)
    return (
        _Level(float((centred**2).sum()) - by_pair, rows - size),
        _Level(by_pair - by_prompt, size - groups, rows - mixed),
        _Level(
            by_prompt,
            groups - 1,
            mixed - float((in_pair**2).sum()) / rows_in_all,
            rows - float((in_prompt**2).sum()) / rows_in_all,
        ),
    )
