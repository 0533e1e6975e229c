"""Paints the place of one picture, whatever it is, and says where things stand in it."""

from dataclasses import dataclass

import numpy as np

from arenas.providers._procedural import interiors, outdoors, towns
from arenas.providers._procedural.canvas import Colour, Picture, make_rng
from arenas.providers._procedural.reading import Setting
from arenas.providers._procedural.site import Site
from arenas.providers._procedural.taste import Taste, lean

OPEN_AIR = {**outdoors.PLACES, **towns.PLACES}
PAINTERS = {**OPEN_AIR, **interiors.PLACES}


@dataclass(frozen=True, slots=True)
class Stage:
    """A painted place: where feet touch the ground, and the light that falls there."""

    picture: Picture
    horizon: float  # y in pixels
    floor: float
    light: Colour
    setting: Setting


def paint_stage(
    width: int, height: int, setting: Setting, taste: Taste, *, key: tuple[object, ...]
) -> Stage:
    """Paint the place. The same key gives the same picture."""
    rng = make_rng("scene", *key)
    horizon = height * (taste.horizon + float(rng.uniform(-0.03, 0.03)))
    site = Site(np.zeros((height, width, 3), np.float32), horizon, setting, taste, rng)
    PAINTERS[setting.place](site)
    if setting.table:
        outdoors.paint_table(site)
    outside = setting.place in OPEN_AIR
    light = site.light if outside else np.ones(3, np.float32)
    picture = lean(site.picture, taste)
    return Stage(picture, horizon, height * 0.93, light, setting)
