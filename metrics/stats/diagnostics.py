"""How well a fit describes its votes, all in one."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.comparisons import Comparisons
from metrics.stats.held_out import (
    FOLDS,
    Calibration,
    HeldOutLoss,
    calibrate,
    foretell,
    held_out_loss,
)
from metrics.stats.methods.base import Fit, make_method
from metrics.stats.misfit import Cycles, Residuals, find_cycles, pair_residuals


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Plain numbers throughout: `dataclasses.asdict` gives what JSON can hold."""

    method: str
    held_out: HeldOutLoss
    calibration: Calibration
    residuals: Residuals
    cycles: Cycles


def diagnose(
    comparisons: Comparisons,
    fit: Fit,
    method: str,
    *,
    rng: np.random.Generator,
    folds: int = FOLDS,
    level: float = 0.95,
) -> Diagnostics:
    """Held-out loss and calibration of `method`, and residuals and cycles of its `fit`.

    `comparisons` are those of the fit; a both-bad in them counts as a tie. Held-out votes go by
    prompt where the comparisons have that cluster. Raises ValueError for an unknown method
    or no votes, and NotConverged.
    """
    if not len(comparisons.a):
        raise ValueError("no votes to hold a fit against")
    fitter = make_method(method)
    foretold = foretell(comparisons, fitter, folds=folds, rng=rng)
    return Diagnostics(
        method=method,
        held_out=held_out_loss(comparisons, foretold, folds=folds),
        calibration=calibrate(foretold, level=level),
        residuals=pair_residuals(comparisons, fit, fitter),
        cycles=find_cycles(comparisons),
    )
