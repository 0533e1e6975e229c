"""Places under the sky: hills, forests, mountains, deserts and the sea."""

from collections.abc import Callable

import numpy as np

from arenas.providers._procedural.canvas import (
    Colour,
    blend,
    blur,
    box,
    cloudy,
    disc,
    ellipse_mask,
    fill,
    glow,
    gradient,
    mix,
    rgb,
)
from arenas.providers._procedural.site import FOLIAGE, LANDS, Site

# A mountain's snow: half widths from its middle, heights down from its peak.
SNOWCAP = ((0, 0), (0.3, 0.3), (0.16, 0.25), (0.04, 0.36), (-0.1, 0.24), (-0.28, 0.28))


def paint_sky(site: Site) -> None:
    h, w = site.picture.shape[:2]
    end = int(min(h, site.horizon + 0.06 * h))
    site.picture[:end] = gradient(end, w, [rgb(c) for c in site.air.sky])
    if not site.setting.calm:
        _clouds(site, end)
        _light_in_the_sky(site, w, h)


def _clouds(site: Site, end: int) -> None:
    w = site.picture.shape[1]
    if site.setting.hour == "night":
        stars = site.rng.random((end, w), np.float32)
        stars = np.where(stars > 0.9988, stars, np.float32(0))
        site.picture[:end] += blur(stars, 0.6)[..., None] * 1.6
        return
    noise = cloudy(site.rng, end, w, (3, 2))
    thick = np.clip((noise - 0.56) * 2.6, 0, 1) * np.linspace(0.85, 0.3, end)[:, None]
    colour = mix(rgb(site.air.sky[-1]), np.ones(3, np.float32), 0.55)
    blend(site.picture[:end], colour, thick.astype(np.float32))


def _light_in_the_sky(site: Site, w: int, h: int) -> None:
    x = w * (0.5 + site.taste.light * float(site.rng.uniform(0.16, 0.34)))
    if site.setting.hour == "night":
        at = (x, site.horizon * 0.3)
        glow(site.picture, at, h * 0.16, rgb("#3a4a78"))
        disc(site.picture, at, (h * 0.045, h * 0.045), rgb("#f6f1dc"), bottom=rgb("#d9d3bd"))
    elif site.setting.hour in {"sunset", "dawn", "dusk"}:
        at = (x, site.horizon - h * 0.07)
        glow(site.picture, at, h * 0.3, rgb("#8a4a1c"))
        glow(site.picture, at, h * 0.12, rgb("#b87a30"))
        disc(site.picture, at, (h * 0.05, h * 0.05), rgb("#fff3c8"), soft=1.2)
    elif site.setting.hour == "day":
        glow(site.picture, (x, h * 0.08), h * 0.25, rgb("#5a5232"))


def paint_ridge(
    site: Site, base: float, rise: float, top: Colour, low: Colour, *, rough: float
) -> None:
    """One range of land across the picture, lit like everything else."""
    h, w = site.picture.shape[:2]
    x = np.linspace(0, 2 * np.pi, w)
    line = np.zeros(w)
    for k in range(1, 7):
        size = 1 / k ** (1.6 - rough)
        line += size * np.sin(x * k * float(site.rng.uniform(0.5, 1.1)) + site.rng.uniform(0, 6.3))
    line = base - rise * (0.5 + 0.5 * line / np.abs(line).max())
    start = max(0, int(line.min()) - 1)
    rows = np.arange(start, h, dtype=np.float32)[:, None]
    mask = np.clip(rows - line[None].astype(np.float32) + 0.5, 0, 1)
    paint = gradient(h - start, 1, (top * site.light, low * site.light))
    blend(site.picture[start:], paint, mask)


def paint_ground(site: Site, top: float, near: Colour, far: Colour) -> None:
    """The ground in front, with patches of light that shrink with distance."""
    h, w = site.picture.shape[:2]
    y0 = int(top)
    if y0 >= h:
        return
    noise = cloudy(site.rng, h - y0, w, (7, 4), 4)
    ground = gradient(h - y0, w, (far * site.light, near * site.light))
    ground *= (0.9 + 0.2 * noise)[..., None]
    blend(site.picture[y0:], ground, np.ones((h - y0, w), np.float32))


def paint_tree(site: Site, x: float, y: float, size: float, *, conifer: bool) -> None:
    leaf = rgb(FOLIAGE[site.setting.season]) * site.light * float(site.rng.uniform(0.8, 1.15))
    dark, bark = leaf * 0.6, rgb("#5a3d28") * site.light
    box(site.picture, x - size * 0.035, y - size * 0.3, x + size * 0.035, y, bark)
    if conifer:
        snow = mix(leaf, np.ones(3, np.float32) * site.light, 0.75)
        for k in range(4):
            top, half = y - size * (1 - 0.2 * k), size * (0.13 + 0.065 * k)
            low = y - size * (0.62 - 0.18 * k)
            tip = snow if site.setting.season == "winter" else leaf
            fill(site.picture, [(x, top), (x + half, low), (x - half, low)], tip, bottom=dark)
        return
    for dx, dy, r in ((-0.17, 0.5, 0.2), (0.17, 0.52, 0.2), (0, 0.68, 0.26), (0, 0.48, 0.22)):
        at = (x + dx * size, y - dy * size)
        disc(site.picture, at, (r * size, r * size), leaf, bottom=dark)


def paint_trees(site: Site, count: int, y: float, size: float, *, conifer: bool) -> None:
    w = site.picture.shape[1]
    for x in np.sort(site.rng.uniform(-0.05, 1.05, count)):
        tall = size * float(site.rng.uniform(0.7, 1.25))
        paint_tree(site, float(x) * w, y + tall * 0.06, tall, conifer=conifer)


def paint_hills(site: Site) -> None:
    h = site.picture.shape[0]
    top, low = LANDS[site.setting.season]
    paint_sky(site)
    paint_ridge(site, site.horizon, h * 0.16, site.hazy(low, 0.65), site.hazy(top, 0.6), rough=0.2)
    paint_ridge(
        site, site.horizon + h * 0.05, h * 0.12, site.hazy(low, 0.35), site.hazy(top, 0.3), rough=0
    )
    paint_trees(site, 9, site.horizon + h * 0.06, h * 0.12, conifer=site.taste.serial % 2 == 0)
    paint_ridge(site, site.horizon + h * 0.14, h * 0.1, rgb(top), rgb(low), rough=0)
    _meadow_flowers(site)


def _meadow_flowers(site: Site) -> None:
    h, w = site.picture.shape[:2]
    if site.setting.season in {"winter", "autumn"}:
        return
    for _ in range(70):
        y = site.horizon + (h - site.horizon) * float(site.rng.uniform(0.35, 1) ** 0.8)
        near = (y - site.horizon) / (h - site.horizon)
        colour = rgb(str(site.rng.choice(("#fff7e0", "#ffd75a", "#f2a0b8", "#c7a8ee"))))
        r = near * h * 0.006
        disc(site.picture, (w * float(site.rng.random()), y), (r, r * 0.8), colour * site.light)


def paint_forest(site: Site) -> None:
    h = site.picture.shape[0]
    top, low = LANDS[site.setting.season]
    paint_sky(site)
    paint_ridge(site, site.horizon - h * 0.06, h * 0.1, site.hazy(low, 0.7), rgb(top), rough=0.4)
    paint_trees(site, 16, site.horizon, h * 0.34, conifer=True)
    mist = ellipse_mask(h, 1, (0, site.horizon), (9, h * 0.1)) * np.float32(0.5)
    blend(site.picture, rgb(site.air.sky[-1]), mist)
    paint_ground(site, site.horizon + h * 0.03, rgb(low), rgb(top))
    for x in (0.03, 0.16, 0.86, 0.98):
        y = site.horizon + h * float(site.rng.uniform(0.1, 0.18))
        tall = h * float(site.rng.uniform(0.55, 0.75))
        paint_tree(site, site.picture.shape[1] * x, y, tall, conifer=True)


def paint_peaks(site: Site) -> None:
    h = site.picture.shape[0]
    paint_sky(site)
    for k, shade in enumerate((0.6, 0.3)):
        _peak_range(site, site.horizon - h * (0.02 - 0.05 * k), h * (0.4 - 0.1 * k), shade)
    top, low = LANDS[site.setting.season]
    paint_ridge(site, site.horizon + h * 0.04, h * 0.06, site.hazy(low, 0.4), rgb(low), rough=0)
    paint_trees(site, 14, site.horizon + h * 0.08, h * 0.13, conifer=True)
    paint_ridge(site, site.horizon + h * 0.12, h * 0.06, rgb(top), rgb(low), rough=0.1)


def _peak_range(site: Site, base: float, tall: float, haze: float) -> None:
    w = site.picture.shape[1]
    rock, shade = site.hazy("#5c6b7d", haze), site.hazy("#3e4b5d", haze)
    for x in site.rng.permutation(np.linspace(0.05, 0.95, 4)):
        up = tall * float(site.rng.uniform(0.65, 1))
        at, half, lit = float(x) * w, up * float(site.rng.uniform(0.6, 0.85)), site.taste.light
        peak = (at, base - up)
        fill(site.picture, [peak, (at + half, base), (at - half, base)], rock * site.light)
        bend = (at + lit * half * 0.12, base - up * 0.45)
        far_side = [peak, bend, (at - lit * half * 0.1, base), (at - lit * half, base)]
        fill(site.picture, far_side, shade * site.light)
        snow = mix(np.ones(3, np.float32), rgb(site.air.sky[-1]), haze * 0.7) * site.light
        cap = [(at + half * s, base - up + up * d) for s, d in SNOWCAP]
        fill(site.picture, cap, snow)


def paint_desert(site: Site) -> None:
    h = site.picture.shape[0]
    paint_sky(site)
    for k, colours in enumerate(
        (("#e9bd82", "#d69a5c"), ("#dfa968", "#c4834a"), ("#e6b473", "#b8743f"))
    ):
        base = site.horizon + h * (0.02 + 0.13 * k)
        paint_ridge(site, base, h * (0.08 + 0.02 * k), *map(rgb, colours), rough=-0.2)


def paint_sea(site: Site) -> None:
    h, w = site.picture.shape[:2]
    paint_sky(site)
    if site.setting.mountains:
        _peak_range(site, site.horizon, h * 0.36, 0.4)
    start = int(site.horizon)
    shore = min(h, int(site.horizon + h * 0.2))
    mirror = np.clip(site.picture[max(0, start - (h - start)) : start][::-1], 0, 1)
    deep = gradient(h - start, w, (rgb("#5fa3bd") * site.light, rgb("#12506f") * site.light))
    rows = min(len(mirror), h - start)
    deep[:rows] = mix(deep[:rows], mirror[:rows], 0.5)
    ripples = cloudy(site.rng, h - start, w, (26, 3), 2)
    deep += ((ripples - 0.5) * np.linspace(0.06, 0.22, h - start)[:, None])[..., None]
    blend(site.picture[start:], deep.astype(np.float32), np.ones((h - start, w), np.float32))
    sand = ("#f0ddb2", "#cfae7a") if site.setting.season != "winter" else LANDS["winter"]
    paint_ridge(site, shore + h * 0.07, h * 0.035, rgb("#ffffff"), rgb("#ffffff"), rough=-0.3)
    paint_ridge(site, shore + h * 0.085, h * 0.04, rgb(sand[0]), rgb(sand[1]), rough=-0.3)


def paint_table(site: Site) -> None:
    h, w = site.picture.shape[:2]
    y0 = int(h * 0.7)
    wood = gradient(h - y0, w, (rgb("#b07b4a") * site.light, rgb("#7f5230") * site.light))
    fibre = cloudy(site.rng, h - y0, w, (40, 2), 2)
    wood *= (0.85 + 0.3 * fibre)[..., None]
    site.picture[y0:] = wood
    box(site.picture, 0, y0 - 3, w, y0 + 2, rgb("#d6a56c") * site.light)


PLACES: dict[str, Callable[[Site], None]] = {
    "hills": paint_hills,
    "forest": paint_forest,
    "peaks": paint_peaks,
    "desert": paint_desert,
    "sea": paint_sea,
}
