"""Where lines of text lie, and each cut out and turned upright."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from metrics.checks._text.network import Pixels, find_text

LONG_SIDE = 480  # pixels at which lines are sought; the largest part of the check's time
MOST_ENLARGED = 2.0
# As in the network's own training: Liao et al. (2020), differentiable binarization.
LEAST_CHANCE, LEAST_MEAN, WIDENING = 0.3, 0.5, 1.6
LEAST_SIDE = 3  # pixels of the network's map
MOST_LINES = 40  # the largest; a picture full of writing would take minutes
TALL = 1.5  # a box so much higher than wide may hold a line that runs downwards


@dataclass(frozen=True, slots=True)
class Line:
    """A rectangle in pixels of the picture, turned clockwise by `angle` degrees."""

    x: float
    y: float
    width: float
    height: float
    angle: float

    def corners(self) -> NDArray[np.float32]:
        points: NDArray[np.float32] = cv2.boxPoints(
            ((self.x, self.y), (self.width, self.height), self.angle)
        )
        return points


def find_lines(pixels: Pixels) -> list[Line]:
    """The lines of text of a picture, the largest ones if there are many."""
    height, width = pixels.shape[:2]
    scale = min(LONG_SIDE / max(height, width), MOST_ENLARGED)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(
        pixels, inner, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    fill = [(0, -side % 32) for side in small.shape[:2]]
    chances = find_text(np.pad(small, (*fill, (0, 0)), mode="edge"))
    mask = cv2.dilate((chances > LEAST_CHANCE).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    across, down = width / inner[0], height / inner[1]
    lines = [
        _widen(cv2.minAreaRect(contour), across, down)
        for contour in contours
        if _is_text(contour, chances)
    ]
    return sorted(lines, key=lambda line: line.width * line.height, reverse=True)[:MOST_LINES]


def _is_text(contour: NDArray[np.int32], chances: NDArray[np.float32]) -> bool:
    if min(cv2.minAreaRect(contour)[1]) < LEAST_SIDE:
        return False
    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - (left, top)], 1)
    return bool(cv2.mean(chances[top : top + height, left : left + width], mask)[0] >= LEAST_MEAN)


def _widen(box: tuple[Sequence[float], Sequence[float], float], across: float, down: float) -> Line:
    (x, y), (width, height), angle = box
    if not -45 <= angle <= 45:  # the range of the angle differs between versions of OpenCV
        width, height, angle = height, width, angle - math.copysign(90, angle)
    margin = width * height * WIDENING / (2 * (width + height))
    size = (width + 2 * margin, height + 2 * margin)
    return Line(x * across, y * down, size[0] * across, size[1] * down, angle)


def turn_tall(line: Line) -> list[Line]:
    """The line as one that runs up or down, where its shape allows that."""
    if line.height < TALL * line.width:
        return []
    return [replace(line, width=line.height, height=line.width, angle=turned)
            for turned in (line.angle - 90, line.angle + 90)]  # fmt: skip


def cut_line(pixels: Pixels, line: Line, *, margin: float = 0.0, stretch: float = 1.0) -> Pixels:
    """The line upright; `margin` (shares of its height) around it, `stretch` times as wide."""
    extra = 2 * margin * min(line.height, line.width)
    width, height = line.width + extra, line.height + extra
    scale = min(1.0, 96 / min(width, height))
    size = (max(4, round(width * scale * stretch)), max(4, round(height * scale)))
    turn = math.radians(line.angle)
    right = np.array([math.cos(turn), math.sin(turn)]) * width / 2
    below = np.array([-math.sin(turn), math.cos(turn)]) * height / 2
    middle = np.array([line.x, line.y])
    corners = np.stack([middle - right - below, middle + right - below, middle - right + below])
    target = np.array([[0, 0], [size[0], 0], [0, size[1]]], np.float32)
    matrix = cv2.getAffineTransform(corners.astype(np.float32), target)
    seen = pixels if scale > 0.5 else _soften(pixels, matrix)
    strip: Pixels = cv2.warpAffine(
        seen, matrix, size, flags=cv2.INTER_LINEAR if scale < 1 else cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return strip


def _soften(pixels: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    """Without the detail that shrinking would turn into jags."""
    shrunk = 1 / math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    soft: Pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 * shrunk)
    return soft


def order_by_rows(lines: Sequence[Line]) -> list[int]:
    """Top to bottom, and left to right in each row, as seen along the lines."""
    return _order(lines, first=1)


def order_by_columns(lines: Sequence[Line]) -> list[int]:
    """Left to right, and top to bottom in each column, as seen along the lines."""
    return _order(lines, first=0)


def _order(lines: Sequence[Line], *, first: int) -> list[int]:
    if not lines:
        return []
    largest = max(lines, key=lambda line: line.width * line.height)
    turn = math.radians(largest.angle if abs(largest.angle) <= 45 else 0)
    along = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    centres = np.array([[line.x, line.y] for line in lines]) @ along.T
    halves = np.array([[line.width, line.height] for line in lines])[:, first] / 2
    groups: list[list[int]] = []
    for index in np.argsort(centres[:, first], kind="stable"):
        at = centres[index, first]
        last = groups[-1] if groups else []
        if last and at - np.mean(centres[last, first]) < min(halves[index], *halves[last]):
            last.append(int(index))
        else:
            groups.append([int(index)])
    return [
        index for group in groups for index in sorted(group, key=lambda i: centres[i, 1 - first])
    ]
