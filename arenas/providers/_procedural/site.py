"""The empty picture that a place is painted on, with its hour, season and light."""

from dataclasses import dataclass

import numpy as np

from arenas.providers._procedural.canvas import Colour, Picture, mix, rgb
from arenas.providers._procedural.reading import Setting
from arenas.providers._procedural.taste import Taste


@dataclass(frozen=True, slots=True)
class Air:
    """An hour's sky, from top to horizon, and the light it gives."""

    sky: tuple[str, ...]
    light: tuple[float, float, float]


AIRS = {
    "day": Air(("#2f7cc4", "#7fbbe6", "#d9edf6"), (1.0, 0.99, 0.96)),
    "dawn": Air(("#6f93cc", "#c9bfd8", "#fbd5bd"), (1.0, 0.92, 0.86)),
    "sunset": Air(("#3c3470", "#c2557c", "#f98f55", "#ffd07a"), (1.0, 0.78, 0.6)),
    "dusk": Air(("#1f2658", "#5e4a86", "#e08a86"), (0.72, 0.64, 0.76)),
    "night": Air(("#050a1e", "#101d47", "#2d4478"), (0.4, 0.48, 0.74)),
    "overcast": Air(("#8996a3", "#b3bdc6", "#d9dee1"), (0.86, 0.89, 0.92)),
}
LANDS = {
    "spring": ("#9cc56a", "#5f9c4a"),
    "summer": ("#8fb560", "#4b7f3c"),
    "autumn": ("#d2a04e", "#8f5a2c"),
    "winter": ("#f7fafd", "#cfdcea"),
}
FOLIAGE = {"spring": "#79b35c", "summer": "#3c7a45", "autumn": "#c9682c", "winter": "#5f7a74"}


@dataclass(frozen=True, slots=True)
class Site:
    """What a painter knows: the empty picture, the horizon, and whose taste it is."""

    picture: Picture
    horizon: float
    setting: Setting
    taste: Taste
    rng: np.random.Generator

    @property
    def air(self) -> Air:
        return AIRS[self.setting.hour]

    @property
    def light(self) -> Colour:
        return np.array(self.air.light, np.float32)

    def hazy(self, colour: str, share: float) -> Colour:
        """The colour as seen through the air of that distance, before the light."""
        return mix(rgb(colour), rgb(self.air.sky[-1]), share)
