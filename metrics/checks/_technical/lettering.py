"""Find what looks like lines of text, by rules of shape: no model, no weights, no reading.

A letter is a connected region that stands out from its surroundings, is made of strokes and
has a letter's proportions; a line is three of them or more side by side, of like height, tone
and stroke, on an even ground. The cues are those of Epshtein, Ofek & Wexler (2010).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from metrics.checks._technical.tones import Lightness

Levels = NDArray[np.uint8]  # (height, width), 0 … 255

# Letters are sought in the picture as it is and at a third of it: up to 240 pixels high in all.
SHRINKS = (1, 3)
SURROUNDINGS = 31  # pixels a side whose mean a letter stands out from
LEAST_CONTRAST = 24  # levels of 255
HEIGHTS = (7, 80)  # pixels
WIDEST = 3.0  # heights: script and tight type join letters
FILLS = (0.15, 0.9)  # of its box; a filled rectangle is a window or a brick
# Area over squared mean depth is 28 for a disc, 36 for a square, 16 L/s for a stroke of length
# L and width s.
LEAST_STROKE = 60.0
LEAST_LETTERS = 3
# How alike neighbours in a line are:
GAP = 0.8  # of the taller one's height, at most
HEIGHT_RATIO = 1.9  # a capital beside a small letter
STROKE_RATIO = 2.0
TONE_DIFFERENCE = 30.0  # levels
SHARED_ROWS = 0.6  # of the shorter one's height, at least
ALIGNMENT = 0.15  # of the taller one's height: tops or bottoms stand on one line
# Share of the variance inside a line's box that letters against ground account for.
LEAST_SEPARATION = 0.72


@dataclass(frozen=True, slots=True)
class Line:
    """The box around a line of text, in pixels of the picture; `right`, `bottom` outside."""

    left: int
    top: int
    right: int
    bottom: int

    def area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """What may be letters: n regions with sides, mean depth and mean level, each (n,).

    `numbers` are their values in `labels`, which has the picture's shape.
    """

    labels: NDArray[np.int32]
    numbers: NDArray[np.intp]
    left: NDArray[np.int32]
    top: NDArray[np.int32]
    right: NDArray[np.int32]
    bottom: NDArray[np.int32]
    depth: NDArray[np.float64]
    tone: NDArray[np.float64]


def find_lines(lightness: Lightness) -> list[Line]:
    """The text-like lines, dark on light and light on dark, the largest first."""
    lines = []
    for shrink in SHRINKS:
        levels = _read_levels(lightness, shrink)
        local = cv2.blur(levels, (SURROUNDINGS,) * 2, borderType=cv2.BORDER_REPLICATE)
        for contrast in (cv2.subtract(levels, local), cv2.subtract(local, levels)):
            mask = cv2.threshold(contrast, LEAST_CONTRAST, 1, cv2.THRESH_BINARY)[1]
            letters = _find_letters(mask, levels)
            lines += [_scale(line, shrink, lightness) for line in _join(letters, levels)]
    return _drop_inner(lines)


def measure_cover(lines: list[Line], height: int, width: int) -> float:
    """The share of the picture that lies in any of the boxes, 0 … 1."""
    covered = np.zeros((height, width), bool)
    for line in lines:
        covered[line.top : line.bottom, line.left : line.right] = True
    return float(covered.mean())


def _read_levels(lightness: Lightness, shrink: int) -> Levels:
    levels: Levels = cv2.convertScaleAbs(lightness, alpha=2.55)
    if shrink == 1:
        return levels
    height, width = (max(1, side // shrink) for side in levels.shape)
    smaller: Levels = cv2.resize(levels, (width, height), interpolation=cv2.INTER_AREA)
    return smaller


def _find_letters(mask: Levels, levels: Levels) -> Letters:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, width, height, area = stats.T
    ink = np.flatnonzero(mask)
    owner = labels.ravel()[ink]
    depths = cv2.distanceTransform(mask, cv2.DIST_L2, 3).ravel()[ink]
    # Distances run from pixel centre to pixel centre: half a pixel more than to the border.
    depth = np.bincount(owner, depths, count) / area - 0.5
    tone = np.bincount(owner, levels.ravel()[ink], count) / area
    fill = area / (width * height)
    keep = (height >= HEIGHTS[0]) & (height <= HEIGHTS[1]) & (width <= WIDEST * height)
    keep &= (fill >= FILLS[0]) & (fill <= FILLS[1]) & (area >= LEAST_STROKE * depth**2)
    keep[0] = False  # the ground
    numbers = np.flatnonzero(keep)
    return Letters(
        labels,
        numbers,
        left=left[numbers],
        top=top[numbers],
        right=(left + width)[numbers],
        bottom=(top + height)[numbers],
        depth=depth[numbers],
        tone=tone[numbers],
    )


def _join(letters: Letters, levels: Levels) -> Iterator[Line]:
    """The boxes of those connected rows of letters that are long and even enough."""
    first, second = _find_near(letters)
    linked = _are_alike(letters, first, second)
    n = len(letters.numbers)
    links = coo_array((linked[linked], (first[linked], second[linked])), shape=(n, n))
    _, rows = connected_components(links, directed=False)
    for row in np.flatnonzero(np.bincount(rows) >= LEAST_LETTERS):
        members = np.flatnonzero(rows == row)
        line = Line(
            int(letters.left[members].min()),
            int(letters.top[members].min()),
            int(letters.right[members].max()),
            int(letters.bottom[members].max()),
        )
        if _separation(line, letters, members, levels) >= LEAST_SEPARATION:
            yield line


def _find_near(letters: Letters) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of letters, the left one first, that start near enough to be neighbours."""
    order = np.argsort(letters.left, kind="stable")
    left = letters.left[order]
    reach = GAP * HEIGHT_RATIO * (letters.bottom - letters.top)[order]
    end = np.searchsorted(left, letters.right[order] + reach)
    counts = end - np.arange(len(order)) - 1
    first = np.repeat(np.arange(len(order)), counts)
    offset = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[first], order[first + 1 + offset]


def _are_alike(
    letters: Letters, first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which of the pairs could be neighbours in one line."""
    top, bottom = letters.top, letters.bottom
    height = bottom - top
    taller = np.maximum(height[first], height[second])
    shorter = np.minimum(height[first], height[second])
    shared = np.minimum(bottom[first], bottom[second]) - np.maximum(top[first], top[second])
    gap = letters.left[second] - letters.right[first]
    thick = np.maximum(letters.depth[first], letters.depth[second])
    thin = np.minimum(letters.depth[first], letters.depth[second])
    alike: NDArray[np.bool_] = (taller <= HEIGHT_RATIO * shorter) & (thick <= STROKE_RATIO * thin)
    alike &= np.abs(letters.tone[first] - letters.tone[second]) <= TONE_DIFFERENCE
    alike &= (gap <= GAP * taller) & (shared >= SHARED_ROWS * shorter)
    uneven = np.minimum(np.abs(top[first] - top[second]), np.abs(bottom[first] - bottom[second]))
    alike &= uneven <= ALIGNMENT * taller
    return alike


def _separation(line: Line, letters: Letters, members: NDArray[np.intp], levels: Levels) -> float:
    """Otsu's (1979) η: the squared correlation of ink with level, 0 … 1."""
    box = np.s_[line.top : line.bottom, line.left : line.right]
    ink = np.isin(letters.labels[box], letters.numbers[members])
    return float(np.corrcoef(ink.ravel(), levels[box].ravel())[0, 1] ** 2)


def _drop_inner(lines: list[Line]) -> list[Line]:
    """Without lines whose centre lies in a larger one: those found at both sizes."""
    kept: list[Line] = []
    for line in sorted(lines, key=Line.area, reverse=True):
        x, y = (line.left + line.right) / 2, (line.top + line.bottom) / 2
        if not any(o.left <= x < o.right and o.top <= y < o.bottom for o in kept):
            kept.append(line)
    return kept


def _scale(line: Line, shrink: int, lightness: Lightness) -> Line:
    height, width = lightness.shape
    return Line(
        line.left * shrink,
        line.top * shrink,
        min(line.right * shrink, width),
        min(line.bottom * shrink, height),
    )
