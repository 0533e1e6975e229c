"""Places among houses: city streets and markets."""

from collections.abc import Callable

import numpy as np

from arenas.providers._procedural.canvas import Colour, blur, box, disc, fill, gradient, mix, rgb
from arenas.providers._procedural.outdoors import paint_ground, paint_sky
from arenas.providers._procedural.site import Site


def paint_city(site: Site) -> None:
    h, w = site.picture.shape[:2]
    paint_sky(site)
    for k in range(3):
        _blocks(site, site.horizon + h * 0.02 * k, h * (0.42 - 0.09 * k), haze=0.62 - 0.27 * k)
    y0 = int(site.horizon + h * 0.04)
    road = gradient(h - y0, w, (rgb("#6f737b") * site.light, rgb("#34373f") * site.light))
    mirror = blur(site.picture[max(0, 2 * y0 - h) : y0][::-1], 3)
    rows = min(len(mirror), h - y0)
    road[:rows] = mix(road[:rows], mirror[:rows], 0.3)
    site.picture[y0:] = road
    for k in range(7):
        t0, t1 = (k / 7) ** 2, ((k + 0.45) / 7) ** 2
        ya, yb = y0 + (h - y0) * t0, y0 + (h - y0) * t1
        fill(site.picture, [(w / 2 - 1 - w * 0.012 * t0, ya), (w / 2 + 1 + w * 0.012 * t0, ya),
             (w / 2 + 1 + w * 0.012 * t1, yb), (w / 2 - 1 - w * 0.012 * t1, yb)],
             rgb("#e8e2cf") * site.light, alpha=0.7)  # fmt: skip


def _blocks(site: Site, base: float, tall: float, *, haze: float) -> None:
    h, w = site.picture.shape[:2]
    dark = site.setting.hour in {"night", "dusk", "sunset"}
    x = -0.02 * w
    while x < w:
        wide = w * float(site.rng.uniform(0.06, 0.13))
        up = tall * float(site.rng.uniform(0.35, 1))
        tone = str(site.rng.choice(("#8a93a8", "#a79a94", "#6d7f96", "#b3a59b")))
        wall = site.hazy(tone, haze) * site.light * (0.55 if dark else 1)
        box(site.picture, x, base - up, x + wide, base + h * 0.05, wall, low=wall * 0.8)
        _windows(site, (x, base - up, wide, up), wall, lit=dark)
        x += wide * float(site.rng.uniform(0.92, 1.25))


def _windows(
    site: Site, place: tuple[float, float, float, float], wall: Colour, *, lit: bool
) -> None:
    x, y, wide, up = place
    step = max(3, site.picture.shape[0] // 60)
    cols, rows = int(wide // step) - 1, int(up // step) - 1
    if cols < 1 or rows < 1:
        return
    on = site.rng.random((rows, cols)) < (0.42 if lit else 0.8)
    size = max(1, round(step * 0.55))
    colour = rgb("#ffd68a") if lit else wall * 0.72
    for r, c in zip(*np.nonzero(on), strict=True):
        px, py = int(x + (c + 0.7) * step), int(y + (r + 0.8) * step)
        if px >= 0 and py >= 0:
            site.picture[py : py + size, px : px + size] = colour


def paint_market(site: Site) -> None:
    h = site.picture.shape[0]
    paint_sky(site)
    _blocks(site, site.horizon, h * 0.36, haze=0.3)
    paint_ground(site, site.horizon, rgb("#9a8f84"), rgb("#c9bfb2"))
    for side in (-1, 1):
        for k in range(3):
            _stall(site, side, k)


def _stall(site: Site, side: int, k: int) -> None:
    h, w = site.picture.shape[:2]
    near = (0.45, 0.68, 1.0)[k]
    x = w / 2 + side * w * (0.2 + 0.3 * near * near)
    y, wide = site.horizon + h * 0.3 * near * near, w * 0.3 * near
    roof, high = y - h * 0.42 * near, h * 0.1 * near
    cloth = rgb(str(site.rng.choice(("#d8504a", "#2f8f8a", "#e0a03a", "#4f78b8")))) * site.light
    white = rgb("#fbf3e4") * site.light
    box(site.picture, x - wide * 0.5, roof + high, x + wide * 0.5, y, rgb("#4a3a30") * site.light)
    for i in range(8):
        a, b = x + wide * (i / 8 - 0.5), x + wide * ((i + 1) / 8 - 0.5)
        out = wide * 0.06
        points = [(a, roof), (b, roof), (b + (b - x) / wide * out, roof + high),
                  (a + (a - x) / wide * out, roof + high)]  # fmt: skip
        fill(site.picture, points, white if i % 2 else cloth)
    shelf = y - h * 0.14 * near
    box(site.picture, x - wide * 0.5, shelf, x + wide * 0.5, y, rgb("#a9773f") * site.light)
    for i in range(9):
        fruit = rgb(str(site.rng.choice(("#e2542f", "#f2b632", "#7fae3f", "#b3392f")))) * site.light
        r = wide * 0.058
        disc(site.picture, (x + wide * (i / 9 - 0.44), shelf), (r, r), fruit, bottom=fruit * 0.7)


PLACES: dict[str, Callable[[Site], None]] = {"city": paint_city, "market": paint_market}
