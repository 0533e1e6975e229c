"""Whether a corner holds a small mark, such as a line of text, unlike the other corners."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from metrics.checks._technical.lettering import Line, find_lines
from metrics.checks._technical.tones import Pixels, read_lightness

# Marks are small: corners are looked at more closely than the whole picture is for text.
LONG_SIDE = 1024
CORNER = 0.28  # share of each side
HIGHEST = 0.06  # of the long side: what is higher is no mark
LEAST_SIDE = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """How much the corners look marked, 0 … 1, and what looks so, in the picture's pixels."""

    score: float
    places: tuple[Line, ...]


def find_mark(pixels: Pixels) -> Mark:
    """(4 - k) / 3, where k of the four corners hold small rows of letters or signs; 0 where none
    does: 1 for one marked corner, 0 where all four look alike.
    """
    if min(pixels.shape[:2]) < LEAST_SIDE:
        return Mark(0.0, ())
    corners = [marks for corner in _list_corners(pixels) if (marks := _find_marks(pixels, corner))]
    score = (4 - len(corners)) / 3 if corners else 0.0
    return Mark(score, tuple(mark for marks in corners for mark in marks) if score else ())


def _list_corners(pixels: Pixels) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, width and height of each corner."""
    height, width = pixels.shape[:2]
    down, across = round(height * CORNER), round(width * CORNER)
    for top in (0, height - down):
        for left in (0, width - across):
            yield left, top, across, down


def _find_marks(pixels: Pixels, corner: tuple[int, int, int, int]) -> list[Line]:
    left, top, across, down = corner
    scale = min(1.0, LONG_SIDE / max(pixels.shape[:2]))
    size = (max(1, round(across * scale)), max(1, round(down * scale)))
    part = np.ascontiguousarray(pixels[top : top + down, left : left + across])
    lines = find_lines(read_lightness(cv2.resize(part, size, interpolation=cv2.INTER_AREA)))
    highest = HIGHEST * max(pixels.shape[:2]) * scale
    return [
        Line(
            left + round(line.left / scale), top + round(line.top / scale),
            left + round(line.right / scale), top + round(line.bottom / scale),
        )
        for line in lines
        if line.bottom - line.top <= highest
    ]  # fmt: skip
