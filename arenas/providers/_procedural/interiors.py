"""Places without a sky of their own: rooms, libraries, studios, walls, boards and space."""

from collections.abc import Callable

import numpy as np

from arenas.providers._procedural.canvas import (
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
from arenas.providers._procedural.reading import COLOURS
from arenas.providers._procedural.site import Site

WALLS = (
    ("#eadcc3", "#d8c3a0"),
    ("#cfdcd6", "#b2c6bd"),
    ("#e3cfc4", "#cfb2a2"),
    ("#cdd6e2", "#aebccd"),
)
SPINES = ("#7a2f2a", "#2f4a5f", "#3f5a3a", "#a8823f", "#5a3f5f", "#8a6a4a", "#274048")
BACKDROPS = (
    ("#b9c4cf", "#6d7b8b"),
    ("#d9c9b8", "#8f7763"),
    ("#a9b8a8", "#5f7264"),
    ("#c7b3c2", "#776277"),
)


def paint_wall_and_floor(site: Site, floor_at: float) -> None:
    h, w = site.picture.shape[:2]
    top, low = (rgb(c) for c in WALLS[site.taste.serial % len(WALLS)])
    if site.setting.hour in {"night", "dusk"}:
        top, low = top * rgb("#8f7f8a"), low * rgb("#a58a76")
    site.picture[:] = gradient(h, w, (top, low))
    y0 = int(floor_at)
    boards = gradient(h - y0, w, (rgb("#8f6440"), rgb("#b98a5c")))
    fibre = cloudy(site.rng, h - y0, w, (30, 2), 2)
    site.picture[y0:] = boards * (0.86 + 0.26 * fibre)[..., None]
    for k in range(-8, 9):
        a, b = w / 2 + k * w * 0.09, w / 2 + k * w * 0.24
        fill(site.picture, [(a, y0), (a + 1, y0), (b + 2.5, h), (b, h)], rgb("#5f3f26"), alpha=0.45)
    box(site.picture, 0, y0 - h * 0.025, w, y0, rgb("#f6f0e4"), low=rgb("#d9cfbd"))


def paint_window(site: Site, x: float, y: float, wide: float, high: float) -> None:
    """A window with the hour's sky behind it, and its light on the wall."""
    frame = rgb("#fbf7ee")
    sky = [rgb(c) for c in site.air.sky]
    box(
        site.picture,
        x - wide * 0.06,
        y - wide * 0.06,
        x + wide * 1.06,
        y + high + wide * 0.06,
        frame,
    )
    view = gradient(int(high), int(wide), sky)
    x0, y0 = int(x), int(y)
    target = site.picture[y0 : y0 + len(view), x0 : x0 + view.shape[1]]
    target[:] = view[: target.shape[0], : target.shape[1]]
    hill = rgb("#5f8f5a") * site.light
    arc = [
        (x + wide * t, y + high * (0.72 - 0.1 * np.sin(3 * t + 1))) for t in np.linspace(0, 1, 9)
    ]
    fill(site.picture, [*arc, (x + wide, y + high), (x, y + high)], hill, bottom=hill * 0.7)
    bar, cx, cy = wide * 0.025, x + wide / 2, y + high / 2
    box(site.picture, cx - bar, y, cx + bar, y + high, frame)
    box(site.picture, x, cy - bar, x + wide, cy + bar, frame)
    if site.setting.hour != "night":
        glow(site.picture, (x + wide / 2, y + high / 2), high * 0.9, rgb("#2c2418") * site.light)


def paint_lamp(site: Site, x: float, y: float, size: float) -> None:
    box(site.picture, x - size * 0.02, y - size * 0.7, x + size * 0.02, y, rgb("#6b5328"))
    disc(site.picture, (x, y), (size * 0.14, size * 0.03), rgb("#6b5328"))
    shade = [(x - size * 0.13, y - size), (x + size * 0.13, y - size),
             (x + size * 0.22, y - size * 0.68), (x - size * 0.22, y - size * 0.68)]  # fmt: skip
    fill(site.picture, shade, rgb("#ffe9b0"), bottom=rgb("#f0bf6a"))
    glow(site.picture, (x, y - size * 0.8), size * 0.75, rgb("#6b4a20"))


def paint_room(site: Site) -> None:
    h, w = site.picture.shape[:2]
    paint_wall_and_floor(site, h * 0.74)
    left = site.taste.light < 0
    size = min(w, h)
    paint_window(site, w * (0.08 if left else 0.62), h * 0.12, size * 0.32, size * 0.36)
    paint_lamp(site, w * (0.88 if left else 0.12), h * 0.8, size * 0.62)
    x = w * (0.56 if left else 0.14)
    art = rgb(str(site.rng.choice(("#d9795d", "#5f8fa8", "#d9b04f", "#7a9a6a"))))
    box(site.picture, x, h * 0.16, x + w * 0.2, h * 0.34, rgb("#5f4630"))
    box(site.picture, x + w * 0.015, h * 0.175, x + w * 0.185, h * 0.325, rgb("#f6efe0"))
    box(site.picture, x + w * 0.035, h * 0.2, x + w * 0.165, h * 0.3, art, low=art * 0.7)


def paint_library(site: Site) -> None:
    h, w = site.picture.shape[:2]
    paint_wall_and_floor(site, h * 0.86)
    box(site.picture, 0, 0, w, h * 0.86, rgb("#4a2f1c"), low=rgb("#33200f"))
    row = h * 0.86 / 5
    for r in range(5):
        base = (r + 1) * row - row * 0.08
        x = 0.0
        while x < w:
            wide = w * float(site.rng.uniform(0.014, 0.032))
            tall = row * float(site.rng.uniform(0.55, 0.84))
            cover = rgb(str(site.rng.choice(SPINES)))
            box(site.picture, x, base - tall, x + wide * 0.92, base, cover * 1.1, low=cover * 0.7)
            box(
                site.picture,
                x,
                base - tall * 0.8,
                x + wide * 0.92,
                base - tall * 0.76,
                rgb("#d9b96a"),
            )
            x += wide
        box(site.picture, 0, base, w, base + row * 0.08, rgb("#7a5232"), low=rgb("#54361e"))
    site.picture[:] *= np.float32(0.85)
    side = 0.12 if site.taste.light < 0 else 0.88
    paint_lamp(site, w * side, h * 0.95, min(w, h) * 0.6)


def paint_studio(site: Site) -> None:
    h, w = site.picture.shape[:2]
    edge, centre = (rgb(c) for c in reversed(BACKDROPS[site.taste.serial % len(BACKDROPS)]))
    if site.setting.backdrop:
        centre = mix(rgb(COLOURS[site.setting.backdrop]), np.ones(3, np.float32), 0.25)
        edge = centre * 0.7
    at = (w * (0.5 + 0.14 * site.taste.light), h * 0.4)
    falloff = ellipse_mask(h, w, at, (w * 0.34, h * 0.34))
    falloff = blur(falloff, w * 0.05)
    site.picture[:] = edge + (centre - edge) * falloff[..., None]
    mottled = cloudy(site.rng, h, w, (3, 3), 4)
    site.picture[:] *= (0.94 + 0.12 * mottled)[..., None]
    floor = np.clip((np.arange(h, dtype=np.float32) / h - 0.78) / 0.1, 0, 1)[:, None]
    blend(site.picture, mix(centre, np.ones(3, np.float32), 0.12), (floor * 0.55).repeat(w, 1))
    if site.setting.style == "glamour":
        _coloured_light(site)


def _coloured_light(site: Site) -> None:
    h, w = site.picture.shape[:2]
    site.picture[:] = gradient(h, w, (rgb("#3a1f6a"), rgb("#b8397f"), rgb("#f08a9a")))
    side = site.taste.light
    glow(site.picture, (w * (0.5 - 0.42 * side), h * 0.3), w * 0.45, rgb("#b0206a"))
    glow(site.picture, (w * (0.5 + 0.42 * side), h * 0.4), w * 0.45, rgb("#0f8f94"))
    for k in range(5):
        x = w * (-0.1 + 0.27 * k)
        beam = [
            (x, 0),
            (x + w * 0.05, 0),
            (x + w * 0.3 * side + w * 0.05, h),
            (x + w * 0.3 * side, h),
        ]
        fill(site.picture, beam, rgb("#ffd9ee"), alpha=0.16, soft=w * 0.012)


def paint_space(site: Site) -> None:
    h, w = site.picture.shape[:2]
    site.picture[:] = gradient(h, w, (rgb("#04060f"), rgb("#0d1230"), rgb("#1a1030")))
    for colour, cells in (("#3a2a80", (2, 2)), ("#8a2f6a", (3, 2)), ("#1f5a8a", (2, 3))):
        cloud = np.clip((cloudy(site.rng, h, w, cells) - 0.45) * 1.6, 0, 1)
        site.picture[:] += rgb(colour) * (cloud**2)[..., None]
    stars = site.rng.random((h, w), np.float32)
    site.picture[:] += blur(np.where(stars > 0.998, stars, np.float32(0)), 0.55)[..., None] * 1.5
    x, r = w * (0.5 + 0.3 * site.taste.light), h * 0.15
    at, body = (x, h * 0.26), rgb(str(site.rng.choice(("#e0a060", "#6aa0c8", "#c87a6a"))))
    disc(site.picture, at, (r * 2, r * 0.42), body * 0.75, alpha=0.75)
    disc(site.picture, at, (r * 1.55, r * 0.28), rgb("#0d1026"))
    disc(site.picture, at, (r, r), body * 1.15, bottom=body * 0.35)
    box(site.picture, x - r * 1.7, at[1] + r * 0.1, x + r * 1.7, at[1] + r * 0.17, body, alpha=0.55)


def paint_moon_surface(site: Site) -> None:
    h, w = site.picture.shape[:2]
    paint_space(site)
    site.picture[:] *= np.float32(0.4)
    disc(
        site.picture, (w * 0.22, h * 0.2), (h * 0.1, h * 0.1), rgb("#5fa8e0"), bottom=rgb("#1f4f8a")
    )
    y0 = int(h * 0.66)
    ground = gradient(h - y0, w, (rgb("#8d8f94"), rgb("#c9cacd")))
    site.picture[y0:] = ground * (0.72 + 0.4 * cloudy(site.rng, h - y0, w, (8, 6), 4))[..., None]
    for _ in range(16):
        t = float(site.rng.uniform(0.06, 1))
        r, at = w * 0.05 * t, (w * float(site.rng.random()), y0 + (h - y0) * t)
        disc(site.picture, at, (r, r * 0.32), rgb("#5d5f66"), bottom=rgb("#a9abb0"), soft=1)


def paint_bricks(site: Site) -> None:
    h, w = site.picture.shape[:2]
    site.picture[:] = rgb("#2a2028")
    high, wide = h / 18, w / 9
    for r in range(19):
        for c in range(-1, 10):
            x, y = (c + 0.5 * (r % 2)) * wide, r * high
            brick = rgb("#8a4c42") * float(site.rng.uniform(0.75, 1.15))
            box(site.picture, x + 1.5, y + 1.5, x + wide - 1.5, y + high - 1.5, brick)
    site.picture[:] *= (0.8 + 0.35 * cloudy(site.rng, h, w, (4, 4)))[..., None]
    if site.setting.hour == "night":
        site.picture[:] *= rgb("#9a94c0")


def paint_board(site: Site) -> None:
    h, w = site.picture.shape[:2]
    paint_wall_and_floor(site, h * 0.9)
    box(site.picture, w * 0.07, h * 0.06, w * 0.93, h * 0.86, rgb("#9a6a3c"), low=rgb("#7a4f2a"))
    box(
        site.picture, w * 0.095, h * 0.085, w * 0.905, h * 0.835, rgb("#2f3d39"), low=rgb("#24302d")
    )
    dust = np.clip(cloudy(site.rng, h, w, (3, 3)) - 0.5, 0, 1) * np.float32(0.2)
    inside = np.zeros((h, w), np.float32)
    inside[int(h * 0.09) : int(h * 0.83), int(w * 0.1) : int(w * 0.9)] = 1
    blend(site.picture, rgb("#dfe6e0"), dust * inside)


def paint_paper(site: Site) -> None:
    h, w = site.picture.shape[:2]
    site.picture[:] = gradient(h, w, (rgb("#fbf8f0"), rgb("#efe9da")))
    site.picture[:] *= (0.97 + 0.05 * cloudy(site.rng, h, w, (30, 30), 2))[..., None]


PLACES: dict[str, Callable[[Site], None]] = {
    "room": paint_room,
    "library": paint_library,
    "studio": paint_studio,
    "space": paint_space,
    "lunar": paint_moon_surface,
    "wall": paint_bricks,
    "board": paint_board,
    "paper": paint_paper,
}
