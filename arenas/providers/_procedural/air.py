"""Changes the hour, the weather or the light of a finished picture."""

import cv2
import numpy as np

from arenas.providers._procedural.canvas import (
    Mask,
    Picture,
    blend,
    blur,
    cloudy,
    gradient,
    luminance,
    make_rng,
    mix,
    rgb,
    to_hsv,
)
from arenas.providers._procedural.regions import find_open_top
from arenas.providers._procedural.site import AIRS

Key = tuple[object, ...]


def change_sky(picture: Picture, hour: str, share: float = 0.94) -> Picture:
    """Another hour's sky behind everything, its horizon where the old sky ends."""
    h, w = picture.shape[:2]
    mask = find_open_top(picture)
    rows = np.nonzero(mask.mean(1) > 0.04)[0]
    end = int(rows[-1]) + 1 if len(rows) else h // 2
    sky = gradient(end, w, [rgb(c) for c in AIRS[hour].sky])
    clouds = luminance(picture[:end])[..., None] - float(luminance(picture[:end]).mean())
    out = picture.copy()
    blend(out[:end], np.clip(sky + clouds * 0.5, 0, 1), mask[:end] * np.float32(share))
    return out


def make_night(picture: Picture, key: Key) -> Picture:
    lamps = _lamps(picture)
    dark = picture * np.array([0.4, 0.45, 0.68], np.float32) + rgb("#05091c") * 0.6
    mask = find_open_top(picture)
    if float(luminance(picture)[mask > 0.5].mean() if (mask > 0.5).any() else 0) > 0.3:
        stars = make_rng("stars", *key).random(mask.shape, np.float32)
        dark += (blur(np.where(stars > 0.9985, stars, np.float32(0)), 0.6) * 1.6 * mask)[..., None]
    h = picture.shape[0]
    halo = blur(lamps, h * 0.03) * 1.1 + blur(lamps, h * 0.09) * 1.4
    dark += halo[..., None] * rgb("#ffb45a")
    return mix_by(dark.astype(np.float32), picture * rgb("#fff0cc"), lamps * np.float32(0.9))


def _lamps(picture: Picture) -> Mask:
    """Small, bright, warm spots: shades, windows and lamps."""
    hue, sat, value = cv2.split(to_hsv(picture))
    warm = ((hue > 28) & (hue < 62) & (sat > 0.14) & (value > 0.93)).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(warm)
    small = stats[:, cv2.CC_STAT_AREA] < 0.02 * warm.size
    small &= stats[:, cv2.CC_STAT_AREA] > 0.0001 * warm.size
    small[0] = False
    return blur(small[parts].astype(np.float32), 1.2)


def mix_by(a: Picture, b: Picture, mask: Mask) -> Picture:
    return (a + (b - a) * mask[..., None]).astype(np.float32)


def make_sunset(picture: Picture, key: Key) -> Picture:
    out = change_sky(picture, "sunset") * np.array([1.04, 0.86, 0.74], np.float32)
    h = picture.shape[0]
    warm = np.linspace(0.05, 0.16, h, dtype=np.float32)[:, None, None] * rgb("#ff8a4a")
    return (out + warm * (1 - out)).astype(np.float32)


def make_dawn(picture: Picture, key: Key) -> Picture:
    out = change_sky(picture, "dawn") * np.array([1.02, 0.95, 0.95], np.float32)
    return mix(out, rgb("#f8d9c4"), 0.1)


def let_snow(picture: Picture, key: Key) -> Picture:
    h, w = picture.shape[:2]
    pale = mix(picture, luminance(picture)[..., None].repeat(3, 2) * 0.96, 0.35)
    ground = np.clip((np.arange(h, dtype=np.float32) / h - 0.55) / 0.3, 0, 1)[:, None]
    drift = ground * (0.55 + 0.3 * cloudy(make_rng("drift", *key), h, w, (6, 4)))
    level = float(np.clip(luminance(picture).mean() * 1.7, 0.35, 0.97))
    pale = mix_by(pale, np.float32(level) * rgb("#f2f7fc"), drift.astype(np.float32))
    return draw_snow(pale, key)


def draw_snow(picture: Picture, key: Key) -> Picture:
    """Flakes in front of everything: many small ones, a few large and blurred."""
    h, w = picture.shape[:2]
    out = picture
    for chance, size in ((0.0016, 0.0016), (0.0005, 0.0028), (0.00007, 0.006)):
        points = make_rng("snow", size, *key).random((h, w), np.float32) < chance * (640 / h) ** 1.2
        radius = max(0.7, h * size)
        flakes = blur(points.astype(np.float32), radius) * np.float32(6 * radius * radius)
        out = mix_by(out, np.ones(3, np.float32), np.clip(flakes, 0, 0.92))
    return out


def let_rain(picture: Picture, key: Key) -> Picture:
    h, w = picture.shape[:2]
    wet = mix(picture, luminance(picture)[..., None] * rgb("#b4c0cc"), 0.32) * np.float32(0.82)
    drops = (make_rng("rain", *key).random((h, w), np.float32) < 0.004).astype(np.float32)
    length = max(7, h // 22)
    streak = np.zeros((length, length), np.float32)
    cv2.line(streak, (length * 2 // 3, 0), (length // 3, length - 1), 1.0, 1)
    streaks = blur(cv2.filter2D(drops, -1, streak), 0.5)
    shine = np.clip((np.arange(h, dtype=np.float32) / h - 0.72) / 0.3, 0, 0.4)[:, None]
    mirrored = blur(wet[::-1].copy(), h * 0.01)
    wet = mix_by(wet.astype(np.float32), mirrored, np.repeat(shine, w, 1))
    return mix_by(wet, rgb("#dfe8f2"), np.clip(streaks * 0.42, 0, 0.6))


def let_fog(picture: Picture, key: Key) -> Picture:
    h, w = picture.shape[:2]
    y = np.arange(h, dtype=np.float32)[:, None] / h
    bank = 0.72 * np.exp(-(((y - 0.5) / 0.34) ** 2)) + 0.12
    fog = bank * (0.72 + 0.4 * cloudy(make_rng("fog", *key), h, w, (5, 2)))
    level = float(np.clip(luminance(picture).mean() * 1.6, 0.3, 0.93))
    return mix_by(picture, np.float32(level) * rgb("#eef1f3"), np.clip(fog, 0, 0.9))


def turn_leaves(picture: Picture, key: Key) -> Picture:
    """Greens to the season of the leaves: amber."""
    hsv = to_hsv(picture)
    green = np.clip(1 - np.abs(hsv[..., 0] - 105) / 55, 0, 1) * np.clip(hsv[..., 1] * 2.5, 0, 1)
    amber = luminance(picture)[..., None] * rgb("#ffa13d") * 1.7
    return mix(mix_by(picture, amber, green), picture * rgb("#ffe6c4"), 0.4)


def freshen(picture: Picture, key: Key) -> Picture:
    """Spring and summer: clearer, greener, brighter."""
    clear = (picture - np.float32(0.5)) * np.float32(1.08) + np.float32(0.55)
    return np.asarray(np.clip(clear + rgb("#0a1a00"), 0, 1), np.float32)


def brighten(picture: Picture, key: Key) -> Picture:
    return np.clip(picture, 0, 1) ** np.float32(0.68)


def darken(picture: Picture, key: Key) -> Picture:
    return np.clip(picture, 0, 1) ** np.float32(1.5) * np.float32(0.88)


def warm(picture: Picture, key: Key) -> Picture:
    return picture * np.array([1.1, 1.0, 0.8], np.float32) + rgb("#0c0500")


def cool(picture: Picture, key: Key) -> Picture:
    return picture * np.array([0.84, 0.98, 1.1], np.float32) + rgb("#000308")
