"""How often pairs and orders are said to be on one scale, where they are and where they are not.

    python -m benchmarks.same_scale [--runs N]

A world has five competitors, 60 prompts that suit some of them, 40 raters with tastes, votes on
pairs with ties, and orders of four. Printed is how often each test rejects, how often the interval
of the scale misses 1, and how often each verdict is given.
"""

import argparse
from collections import Counter
from collections.abc import Sequence

import numpy as np

from metrics.stats.comparisons import Comparisons
from metrics.stats.rankings import Rankings
from metrics.stats.same_scale import SameScale, compare_scales

MODELS = tuple("uvwxy")
STRENGTHS = np.linspace(-0.8, 0.8, len(MODELS))
CLUSTER = ("prompt", "rater")
SIZE = {"prompt": 60, "rater": 40}


def draw_world(
    seed: int, *, scale: float = 1.0, moved: float = 0.0, pairs: int = 600, orders: int = 250
) -> tuple[Comparisons, Rankings]:
    """Votes by raters with tastes on prompts that suit some models: the same ones in both.

    Orders are of four models, `scale` times as far apart, and the first one is `moved`.
    """
    rng = np.random.default_rng(seed)
    likes = {name: 0.4 * rng.normal(size=(size, len(MODELS))) for name, size in SIZE.items()}

    def draw_clusters(number: int) -> dict[str, np.ndarray]:
        return {name: rng.integers(0, size, number) for name, size in SIZE.items()}

    def appeal(codes: dict[str, np.ndarray]) -> np.ndarray:
        total: np.ndarray = STRENGTHS + sum(likes[name][code] for name, code in codes.items())
        return total

    of_pairs, of_orders = draw_clusters(pairs), draw_clusters(orders)
    a = rng.integers(0, len(MODELS), pairs)
    b = (a + rng.integers(1, len(MODELS), pairs)) % len(MODELS)
    worth, row = appeal(of_pairs), np.arange(pairs)
    gap = worth[row, a] - worth[row, b] + rng.logistic(size=pairs)
    outcome = np.where(np.abs(gap) < 0.3, 2, np.where(gap > 0, 0, 1))
    shown = np.argsort(rng.random((orders, len(MODELS))), axis=1)[:, :4]
    worth = scale * (appeal(of_orders) + moved * (np.arange(len(MODELS)) == 0))
    told = np.take_along_axis(worth, shown, axis=1) + rng.gumbel(size=shown.shape)
    tiers = np.argsort(np.argsort(-told, axis=1), axis=1)
    return (
        Comparisons.from_codes(MODELS, a, b, outcome, clusters=of_pairs, in_order=True),
        Rankings.from_codes(MODELS, shown, tiers, clusters=of_orders),
    )


WORLDS: dict[str, dict[str, float]] = {
    "alike": {},
    "alike, many": {"pairs": 2400, "orders": 1000},
    "alike, few": {"pairs": 150, "orders": 60},
    "orders 1.5 times": {"scale": 1.5, "pairs": 2400, "orders": 1000},
    "orders twice": {"scale": 2.0, "pairs": 1200, "orders": 500},
    "one moved": {"moved": 1.2},
}
VERDICTS = ("same", "other scale", "not proportional", "too few votes")


def find(seed: int, **world: float) -> SameScale:
    return compare_scales(*draw_world(seed, **world), cluster=CLUSTER)  # type: ignore[arg-type]


def misses(found: SameScale) -> bool:
    """Whether the interval of the scale leaves 1 out."""
    above = found.lower is not None and found.lower > 1
    return above or (found.upper is not None and found.upper < 1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args(arguments).runs
    print(f"{runs} runs; percent of them")
    print(
        "".join(f"{head:>18}" for head in ("world", "one factor", "equal", "misses 1", *VERDICTS))
    )
    for name, world in WORLDS.items():
        found = [find(seed, **world) for seed in range(runs)]
        verdicts = Counter(each.verdict for each in found)
        numbers = (
            sum(each.p_proportional is not None and each.p_proportional < 0.05 for each in found),
            sum(each.p_same is not None and each.p_same < 0.05 for each in found),
            sum(map(misses, found)),
            *(verdicts[verdict] for verdict in VERDICTS),
        )
        print(f"{name:>18}" + "".join(f"{100 * number / runs:18.1f}" for number in numbers))


if __name__ == "__main__":
    main()
