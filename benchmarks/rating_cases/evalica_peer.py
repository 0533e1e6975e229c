from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from evalica import Winner, bradley_terry

from benchmarks.rating_cases.measure import COLUMNS, POINTS_PER_E, main

WINNERS = {"model_a": Winner.X, "model_b": Winner.Y, "tie": Winner.Draw}


def from_frame(path: str) -> Callable[[], dict[str, float]]:
    """On the columns of a data frame, which pandas hands over one string at a time."""
    votes = pd.read_parquet(path, columns=COLUMNS)
    return lambda: ratings(votes["model_a"], votes["model_b"], votes["winner"].map(WINNERS))


def from_strings(path: str) -> Callable[[], dict[str, float]]:
    """From lists; that the winners are its own objects already is in its favour."""
    votes = pd.read_parquet(path, columns=COLUMNS)
    a, b = votes["model_a"].tolist(), votes["model_b"].tolist()
    winners = [WINNERS[winner] for winner in votes["winner"]]
    return lambda: ratings(a, b, winners)


def weighted(path: str) -> Callable[[], dict[str, float]]:
    """Votes added up by pandas first, then one weighted row for each kind of vote."""
    votes = pd.read_parquet(path, columns=COLUMNS)
    return lambda: ratings(*_add_up(votes))


def exact(path: str) -> Callable[[], dict[str, float]]:
    votes = pd.read_parquet(path, columns=COLUMNS)
    return lambda: ratings(*_add_up(votes), tolerance=1e-12, limit=100_000)


def _add_up(
    votes: pd.DataFrame,
) -> tuple[list[str], list[str], list[Winner], list[float]]:
    counts = votes.groupby(COLUMNS, observed=True).size().reset_index(name="votes")
    winners = [WINNERS[winner] for winner in counts["winner"]]
    a, b = counts["model_a"].tolist(), counts["model_b"].tolist()
    return a, b, winners, counts["votes"].astype(float).tolist()


def ratings(
    a: Sequence[str],
    b: Sequence[str],
    winners: Sequence[Winner],
    weights: Sequence[float] | None = None,
    **options: float,
) -> dict[str, float]:
    scores = bradley_terry(a, b, winners, weights=weights, **options).scores
    return dict(zip(scores.index, np.log(scores.to_numpy()) * POINTS_PER_E, strict=True))


if __name__ == "__main__":
    main(
        {
            "from_frame": from_frame,
            "from_strings": from_strings,
            "weighted": weighted,
            "exact": exact,
        }
    )
