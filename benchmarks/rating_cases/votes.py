"""Makes votes: `python -m benchmarks.rating_cases.votes VOTES MODELS FILE`."""

import sys

import numpy as np
import polars as pl


def make_votes(votes: int, models: int, seed: int = 1) -> pl.DataFrame:
    """Votes with Davidson ties (nu = .5), ratings of SD 150, popularity of log-SD .5."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 150 * np.log(10) / 400, models)
    popularity = np.exp(rng.normal(0, 0.5, models))
    reach = np.cumsum(popularity / popularity.sum())
    a = np.searchsorted(reach, rng.random(votes)).clip(max=models - 1)
    b = np.searchsorted(reach, rng.random(votes)).clip(max=models - 1)
    while (alone := a == b).any():
        b[alone] = np.searchsorted(reach, rng.random(alone.sum())).clip(max=models - 1)
    half = (logits[a] - logits[b]) / 2
    first, second = np.exp(half), np.exp(-half)
    point = rng.random(votes) * (first + second + 0.5)
    outcome = (point >= first).astype(int) + (point >= first + second)
    names = pl.Series([f"model-{number:03}" for number in range(models)])
    winners = pl.Series(["model_a", "model_b", "tie"])
    columns = {"model_a": names.gather(a), "model_b": names.gather(b)}
    return pl.DataFrame(columns | {"winner": winners.gather(outcome)})


if __name__ == "__main__":
    make_votes(int(sys.argv[1]), int(sys.argv[2])).write_parquet(sys.argv[3])
