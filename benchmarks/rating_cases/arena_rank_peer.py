from collections.abc import Callable

import pandas as pd
from arena_rank.models.bradley_terry import BradleyTerry
from arena_rank.utils.data_utils import PairDataset

from benchmarks.rating_cases.measure import COLUMNS, main


def with_intervals(path: str) -> Callable[[], dict[str, float]]:
    """Ratings and sandwich intervals; its bootstrap never returned here and is not called."""
    votes = pd.read_parquet(path, columns=COLUMNS)

    def rate() -> dict[str, float]:
        data = PairDataset.from_pandas(votes)
        found = BradleyTerry(n_competitors=len(data.competitors)).compute_ratings_and_cis(data)
        return dict(zip(found["competitors"], map(float, found["ratings"]), strict=True))

    return rate


if __name__ == "__main__":
    main({"with_intervals": with_intervals})
