"""Who or what the clusters of comparisons stand for."""

import numpy as np
import polars as pl

from arenas.raters.models import Rater
from arenas.suites.models import Prompt
from metrics.stats.comparisons import Comparisons


def name_clusters(comparisons: Comparisons, votes: pl.DataFrame, name: str) -> dict[int, str]:
    """By code: prompts by their key, raters by their random one, which is nobody's own name.

    Row r of the comparisons is row r of the votes, whose column `name` holds database ids.
    """
    codes, first = np.unique(comparisons.clusters[name], return_index=True)
    ids = votes[name].to_numpy()[first]
    model: type[Prompt] | type[Rater] = Prompt if name == "prompt" else Rater
    keys = dict(model._default_manager.filter(pk__in=ids.tolist()).values_list("pk", "key"))
    return {
        code: str(keys[pk])
        for code, pk in zip(codes.tolist(), ids.tolist(), strict=True)
        if pk >= 0
    }
