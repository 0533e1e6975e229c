"""Draw what is no battle of two competitors: a set to put in order, or two samples of one."""

import random
from collections import Counter
from collections.abc import Sequence
from math import comb

from arenas.battles.choose import RANDOM, Drawn, Pool

SETS = "sets"
AA = "aa"
Met = Sequence[tuple[int, tuple[int, ...]]]  # by ballot its prompt and competitors, in rising order


def choose_set(pool: Pool, met: Met, rng: random.Random, *, size: int) -> Drawn | None:
    """Draw a prompt, of those that the rater has met least, and `size` of its competitors.

    All sets of a prompt are alike likely, but for those that the rater was shown. Returns None
    where no prompt has a set left.
    """
    seen = {shown for shown in met if len(shown[1]) == size}
    used = Counter(
        prompt
        for prompt, members in seen
        if all((prompt, each) in pool.candidates for each in members)
    )
    left = {
        prompt: number
        for prompt, answered in pool.competitors.items()
        if (number := comb(len(answered), size) - used[prompt]) > 0
    }
    if not left:
        return None
    prompts = keep_least_met(list(left), met)
    prompt = rng.choice(prompts)
    members = draw_members(pool.competitors[prompt], rng, size=size)
    while (prompt, members) in seen:
        members = draw_members(pool.competitors[prompt], rng, size=size)
    ids = sorted(rng.choice(pool.candidates[prompt, each]) for each in members)
    probability = 1 / len(prompts) / left[prompt]
    return Drawn(prompt, tuple(ids), SETS, RANDOM, probability, probability)


def choose_samples(pool: Pool, met: Met, rng: random.Random) -> Drawn | None:
    """Draw a prompt and a competitor that made several samples for it, and two of them.

    The prompt is one of those that the rater has met least, and a rater is shown each such
    prompt and competitor once. Returns None where none is left.
    """
    shown = set(met)
    cells = [
        (prompt, competitor)
        for (prompt, competitor), samples in pool.candidates.items()
        if len(samples) > 1 and (prompt, (competitor, competitor)) not in shown
    ]
    if not cells:
        return None
    prompts = set(keep_least_met([prompt for prompt, _ in cells], met))
    cells = [cell for cell in cells if cell[0] in prompts]
    cell = rng.choice(cells)
    ids = sorted(rng.sample(pool.candidates[cell], 2))
    return Drawn(cell[0], tuple(ids), AA, AA, 1 / len(cells), 1 / len(cells))


def keep_least_met(prompts: Sequence[int], met: Met) -> list[int]:
    """Those of the prompts that the rater has met least."""
    times = Counter(prompt for prompt, _ in met)
    least = min(times[prompt] for prompt in prompts)
    return [prompt for prompt in prompts if times[prompt] == least]


def draw_members(answered: Sequence[int], rng: random.Random, *, size: int) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(answered, size)))
