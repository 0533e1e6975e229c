"""Walks along an edge and across it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.checks._alignment.align import Seen

Values = NDArray[np.float32]
Points = NDArray[np.float64]  # (n, 2): x, y

PROFILES = 220
ROOM = 110  # pixels looked at around a region
REACH = 14  # pixels on either side of the edge
SEARCHED = 6  # as far as this the edge may lie from where it was thought to be
LEAST_CONTRAST = 6.0  # ΔE across the edge; fainter edges say nothing of their shape


def find_near(mask: Seen) -> tuple[slice, slice]:
    """The rows and columns of the region with room around it, begun on a grid of 8 pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    sides = [
        slice(max(0, int(at[0]) - ROOM) // 8 * 8, int(at[-1]) + ROOM) for at in (rows, columns)
    ]
    return (sides[0], sides[1])


def walk_edge(mask: Seen) -> tuple[Points, Points]:
    """Points along the longest outline, and their directions outward; none at the border."""
    height, width = mask.shape
    lines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not lines:
        return np.empty((0, 2)), np.empty((0, 2))
    line = max(lines, key=len)[:, 0].astype(float)
    line = line[np.linspace(0, len(line) - 1, min(PROFILES, len(line))).astype(int)]
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 3)
    across, down = (cv2.Sobel(soft, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    x, y = line.astype(int).T
    normals = -np.stack([across[y, x], down[y, x]], 1).astype(float)
    length = np.linalg.norm(normals, axis=1)
    free = (x > 4) & (y > 4) & (x < width - 5) & (y < height - 5) & (length > 1e-3)
    return line[free], normals[free] / length[free, None]


def split(mask: Seen) -> tuple[Seen, Seen]:
    """The region without its edge, and the ring of about its own width around it."""
    area = mask.astype(np.uint8)
    wide = int(np.clip(np.sqrt(mask.sum()) * 0.25, 12, 80))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    inside = cv2.erode(area, kernel, borderValue=1) > 0
    near = cv2.dilate(area, kernel) > 0
    # A square is as good as a disc for the outer side, and far quicker.
    far = cv2.dilate(area, np.ones((2 * wide + 11, 2 * wide + 11), np.uint8)) > 0
    return inside, far & ~near


def sample_profiles(field: Values, points: Points, normals: Points) -> Values:
    """Values across the edge, (n, 2 reach + 1, channels), from inside outward, centred on it.

    Whole pixels of the row or column nearer to the normal: between pixels a hard edge looks soft.
    """
    if not len(points):
        return np.empty((0, 2 * REACH + 1, field.shape[2]), np.float32)
    far = REACH + SEARCHED
    steps = np.arange(-far, far + 1)
    level = np.abs(normals[:, 0]) >= np.abs(normals[:, 1])
    across, down = np.sign(normals[:, 0]) * level, np.sign(normals[:, 1]) * ~level
    x, y = (
        np.clip(at[:, None] + way[:, None] * steps, 0, most - 1).astype(int)
        for at, way, most in zip(points.T, (across, down), field.shape[1::-1], strict=True)
    )
    taken = field[y, x]
    jumps = np.linalg.norm(taken[:, 2:] - taken[:, :-2], axis=2)
    centre = REACH + np.argmax(jumps[:, far - 1 - SEARCHED : far + SEARCHED], axis=1)
    rows = np.arange(len(points))[:, None]
    return np.asarray(taken[rows, centre[:, None] + np.arange(-REACH, REACH + 1)], np.float32)


def measure_hardness(profiles: Values) -> Values:
    """The largest step between neighbours over the whole contrast, of profiles with contrast."""
    if not len(profiles):
        return np.empty(0, np.float32)
    within, beyond = find_plateaus(profiles)
    contrast = np.linalg.norm(within - beyond, axis=1)
    steps = np.linalg.norm(np.diff(profiles[:, REACH - 4 : REACH + 5], axis=1), axis=2).max(1)
    clear = contrast > LEAST_CONTRAST
    return np.asarray(np.minimum(steps[clear] / contrast[clear], 1.5), np.float32)


def find_plateaus(profiles: Values) -> tuple[Values, Values]:
    inner = np.median(profiles[:, REACH - 9 : REACH - 3], axis=1)
    outer = np.median(profiles[:, REACH + 4 : REACH + 10], axis=1)
    return inner, outer


def find_other_edges(lab: Values, mask: Seen) -> tuple[Points, Points]:
    """The strongest edges away from the region's own, with their directions."""
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.2)
    across, down = (cv2.Sobel(light, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    strength = cv2.magnitude(across, down)
    area, kernel = mask.astype(np.uint8), np.ones((25, 25), np.uint8)
    strength[(cv2.dilate(area, kernel) > 0) & (cv2.erode(area, kernel) == 0)] = 0
    strength[:6], strength[-6:], strength[:, :6], strength[:, -6:] = 0, 0, 0, 0
    # The strongest of every cell, so that no single edge speaks for the picture.
    cells = 24
    h, w = (side // cells for side in strength.shape)
    grid = strength[: h * cells, : w * cells].reshape(h, cells, w, cells).swapaxes(1, 2)
    at = grid.reshape(h * w, -1).argmax(1)
    y = np.repeat(np.arange(h), w) * cells + at // cells
    x = np.tile(np.arange(w), h) * cells + at % cells
    kept = np.flatnonzero(strength[y, x] > 30)
    order = kept[np.argsort(-strength[y, x][kept])[:PROFILES]]
    x, y = x[order], y[order]
    normals = np.stack([across[y, x], down[y, x]], 1).astype(float)
    return np.stack([x, y], 1).astype(float), normals / np.linalg.norm(normals, axis=1)[:, None]
