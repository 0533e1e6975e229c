"""Finds the part of a picture that an edit names, and repaints it or takes it away."""

import cv2
import numpy as np
from numpy.typing import NDArray

from arenas.providers._procedural.canvas import (
    Colour,
    Mask,
    Picture,
    blur,
    luminance,
    rgb,
    to_bytes,
    to_hsv,
)
from arenas.providers._procedural.reading import COLOURS

# Hue from and to in degrees (wrapping), least saturation, least and greatest value.
_RANGES = {
    "red": (344, 14, 0.5, 0.25, 1.0),
    "orange": (14, 40, 0.5, 0.4, 1.0),
    "yellow": (38, 66, 0.5, 0.45, 1.0),
    "green": (75, 165, 0.2, 0.15, 1.0),
    "teal": (165, 195, 0.3, 0.2, 1.0),
    "blue": (195, 250, 0.42, 0.25, 1.0),
    "purple": (250, 300, 0.25, 0.2, 1.0),
    "pink": (300, 344, 0.2, 0.4, 1.0),
    "brown": (8, 40, 0.3, 0.1, 0.6),
    "white": (0, 360, 0.0, 0.93, 1.0),
    "grey": (0, 360, 0.0, 0.25, 0.8),
    "black": (0, 360, 0.0, 0.0, 0.2),
}
_GREYS = {"white": 0.07, "grey": 0.12, "black": 1.0}


def find_colour(picture: Picture, colour: str) -> Mask | None:
    """The largest patch of that colour which does not reach the top of the picture."""
    found = _find(picture, colour, 1.0)
    return _find(picture, colour, 0.5) if found is None else found  # rain and fog take colour away


def _find(picture: Picture, colour: str, strictness: float) -> Mask | None:
    low, high, saturation, dim, bright = _RANGES["yellow" if colour == "golden" else colour]
    hue, sat, value = cv2.split(to_hsv(blur(picture, 0.8)))
    turned = (hue >= low) & (hue <= high) if low < high else (hue >= low) | (hue <= high)
    match = turned & (sat >= saturation * strictness) & (value >= dim) & (value <= bright)
    if colour in _GREYS:
        match &= sat <= _GREYS[colour]
    size = max(3, picture.shape[0] // 90)
    joined = cv2.morphologyEx(
        match.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)
    )
    count, parts, stats, _ = cv2.connectedComponentsWithStats(joined)
    areas = [
        (stats[i, cv2.CC_STAT_AREA], i) for i in range(1, count) if stats[i, cv2.CC_STAT_TOP] > 2
    ]
    if not areas or max(areas)[0] < 0.0008 * joined.size:
        return None
    return np.asarray(parts == max(areas)[1], np.float32)


def find_open_top(picture: Picture) -> Mask:
    """What stretches smoothly down from the top edge: a sky, or a room's wall."""
    h, w = picture.shape[:2]
    image = np.ascontiguousarray(to_bytes(blur(picture, 1.0)))
    reached = np.zeros((h + 2, w + 2), np.uint8)
    for x in np.linspace(2, w - 3, 12).astype(int):
        if not reached[3, x + 1]:
            flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
            cv2.floodFill(image, reached, (int(x), 2), (0, 0, 0), (3,) * 3, (3,) * 3, flags)
    mask = cv2.morphologyEx(reached[1:-1, 1:-1], cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return blur(mask.astype(np.float32) / np.float32(255), 0.8)


def repaint(picture: Picture, region: Mask, colour: str) -> Picture:
    """Give the region another colour and keep its light and shade."""
    target: Colour = rgb(COLOURS[colour])
    light = luminance(picture)
    inside = region > 0.5
    level = float(light[inside].mean()) if inside.any() else 0.5
    shade = np.clip(light / max(level, 0.05), 0.2, 1.8)[..., None]
    painted = np.clip(target * shade, 0, 1)
    soft = blur(cv2.dilate(region, np.ones((3, 3), np.uint8)), 0.8)[..., None]
    return np.asarray(picture + (painted - picture) * soft, np.float32)


def take_away(picture: Picture, region: Mask) -> Picture:
    """Close the region, row by row, with what lies to its left and right."""
    h, w = picture.shape[:2]
    hole = _hull(region, margin=max(3, h // 70))
    out = picture.copy()
    for y in np.nonzero(hole.any(1))[0]:
        columns = np.nonzero(hole[y])[0]
        x0, x1 = int(columns[0]), int(columns[-1]) + 1
        left = picture[y, max(0, x0 - 4) : x0] if x0 > 0 else picture[y, x1 : x1 + 4]
        right = picture[y, x1 : x1 + 4] if x1 < w else left
        t = np.linspace(0, 1, x1 - x0, dtype=np.float32)[:, None]
        out[y, x0:x1] = left.mean(0) * (1 - t) + right.mean(0) * t
    soft = blur(hole.astype(np.float32), 1.2)[..., None]
    calm = cv2.blur(out, (1, 3))
    return np.asarray(picture + (calm - picture) * soft, np.float32)


def _hull(region: Mask, margin: int) -> NDArray[np.uint8]:
    points = cv2.findNonZero((region > 0.5).astype(np.uint8))
    hole = np.zeros(region.shape, np.uint8)
    cv2.fillConvexPoly(hole, cv2.convexHull(points), 1)
    rows = np.nonzero(hole.any(1))[0]
    below = round(0.42 * len(rows))  # what it stands on or casts: wheels, a pot, a shadow
    hole[rows[-1] : rows[-1] + below] |= hole[rows[-1] - len(rows) // 3 : rows[-1]].any(0)
    wide = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    return np.asarray(cv2.dilate(hole, wide), np.uint8)


def box_of(region: Mask) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a region as shares of the picture."""
    h, w = region.shape
    rows, columns = np.nonzero(region > 0.5)
    return columns.min() / w, rows.min() / h, (columns.max() + 1) / w, (rows.max() + 1) / h
