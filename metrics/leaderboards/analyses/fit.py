"""How well one line of strengths describes the votes."""

from dataclasses import asdict
from typing import Any

import numpy as np

from metrics.leaderboards.build import read_clustered
from metrics.leaderboards.models import Snapshot
from metrics.stats.diagnostics import diagnose
from metrics.stats.methods.base import make_method

SEED = 0


def analyse(snapshot: Snapshot) -> dict[str, Any]:
    """Held-out loss, calibration, surprising pairs and cycles; models are competitors' ids."""
    board = snapshot.leaderboard
    comparisons = read_clustered(board, snapshot.watermark)
    by_prompt = comparisons.clustered_by(["prompt"])
    fit = make_method(board.method).fit(by_prompt)
    return asdict(diagnose(by_prompt, fit, board.method, rng=np.random.default_rng(SEED)))
