from collections.abc import Callable

import numpy as np
import pandas as pd
from choix import ilsr_pairwise_dense

from benchmarks.rating_cases.measure import COLUMNS, POINTS_PER_E, main


def exact(path: str) -> Callable[[], dict[str, float]]:
    """From a matrix of wins in which a tie is half of one for each."""
    votes = pd.read_parquet(path, columns=COLUMNS)
    models = sorted({*votes["model_a"], *votes["model_b"]})
    a, b = (np.searchsorted(models, votes[side].to_numpy(str)) for side in COLUMNS[:2])
    share = votes["winner"].map({"model_a": 1.0, "model_b": 0.0, "tie": 0.5}).to_numpy()
    wins = np.zeros((len(models), len(models)))
    np.add.at(wins, (a, b), share)
    np.add.at(wins, (b, a), 1 - share)

    def rate() -> dict[str, float]:
        strengths = ilsr_pairwise_dense(wins, max_iter=1000, tol=1e-12)
        return dict(zip(models, map(float, strengths * POINTS_PER_E), strict=True))

    return rate


if __name__ == "__main__":
    main({"exact": exact})
