"""From cues to one number: a logistic model, and how its coefficients were made.

`python -m benchmarks.checks._fit_superimposition` fits them on composites whose truth is known:
blended (feathered, lit, grained and mostly shaded as the scene; a third by Poisson's equation,
Pérez et al. 2003) against pasted (a hard, rimmed or soft edge, or foreign noise, colour, sharpness
or compression), with pieces of untouched pictures among the former. One in three counts as pasted.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    intercept: float
    slopes: Mapping[str, float]


# By what found the region: the source, beneath which more is known, or the subject alone.
MODELS: Mapping[str, Model] = {
    "source": Model(
        -3.487,
        {
            "hardness": 1.422,
            "harder": 1.246,
            "softness": 13.808,
            "evenness": -3.155,
            "bright_rim": 0.203,
            "dark_rim": 0.585,
            "noise": 0.760,
            "detail": -0.313,
            "lightness": 0.247,
            "colour": 0.738,
            "floating": 0.023,
            "step": 1.252,
            "smear": -0.969,
            "halo": 0.743,
            "shade": -3.742,
        },
    ),
    "subject": Model(
        -4.098,
        {
            "hardness": 1.315,
            "harder": 1.575,
            "softness": 15.370,
            "evenness": -2.210,
            "bright_rim": 0.386,
            "dark_rim": 0.695,
            "noise": 1.065,
            "detail": -0.190,
            "lightness": 0.516,
            "colour": 0.885,
            "floating": 0.184,
        },
    ),
}


def estimate(cues: Mapping[str, float], how: str) -> float:
    """1 / (1 + exp(-(intercept + Σ slope · cue))), 0 to 1; the cues' ranges stand with them."""
    model = MODELS[how]
    odds = model.intercept + sum(slope * cues[name] for name, slope in model.slopes.items())
    return 1 / (1 + math.exp(-min(max(odds, -50), 50)))
