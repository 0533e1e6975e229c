"""A subject without a face: cut out of its reference, and found again in an image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from metrics.checks._embedding.embed import Vector, compare, embed_cells, unify

SIDE = 192  # pixels: the long side at which a subject's outline and colours are read
FIELD = 416  # the long side at which an image is searched
GROWN = 96  # the long side at which an outline is grown from a guess
CELL = 32
SCALES = (0.25, 0.33, 0.43, 0.56, 0.72, 0.9, 1.0)  # of the image's long side
EVEN = 12.0  # ΔE: a ground counts as even where its rim differs by less
LEAST_SHARE = 0.15  # of a picture without an even ground that its subject takes
UNLIKE, ALIKE = 0.2, 0.8  # cosines of contents
FADE = 15.0  # ΔE at which colours count 1/e
MARGIN = 0.08  # around a subject, of its sides

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Frame = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the picture


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A subject cut out of a picture: at most `SIDE` pixels, where it is, and what it shows."""

    frame: Frame
    pixels: Pixels  # (h, w, 3)
    mask: Mask  # (h, w)
    content: Vector  # (1280,), of length 1


def cut_out(image: Image.Image) -> Portrait:
    """The subject of a reference: what differs from an even ground, or stands in the middle."""
    small = shrink(image, SIDE)
    pixels = np.asarray(small)
    mask = _off_ground(pixels)
    if mask is None:
        mask = _grow_middle(pixels)
    k = image.width / small.width
    top, bottom = _extent(np.asarray(mask.any(1)))
    left, right = _extent(np.asarray(mask.any(0)))
    frame = (round(left * k), round(top * k), round(right * k), round(bottom * k))
    return _portray(image, clip_frame(frame, image.size), None)


def find_subject(image: Image.Image, reference: Portrait, frame: Frame | None) -> Portrait:
    """The reference's subject cut out of an image: from the frame, or where it is most alike."""
    frame = seek(image, reference) if frame is None else frame
    return _portray(image, clip_frame(frame, image.size), reference.mask)


def seek(image: Image.Image, reference: Portrait) -> Frame:
    """The window whose mean embedding has the largest cosine with the reference's."""
    k = FIELD / max(image.size)
    columns, rows = (max(1, round(side * k / CELL)) for side in image.size)
    cells = embed_cells(image, columns * CELL, rows * CELL)
    sums = np.pad(cells.cumsum(1).cumsum(2), ((0, 0), (1, 0), (1, 0)))
    left, top, right, bottom = reference.frame
    aspect = (right - left) / max(1, bottom - top)
    best, where = -2.0, (0, 0, columns, rows)
    for wide, tall in {
        _window(scale * max(columns, rows), aspect, columns, rows) for scale in SCALES
    }:
        means = (
            sums[:, tall:, wide:] - sums[:, :-tall, wide:] - sums[:, tall:, :-wide]
            + sums[:, :-tall, :-wide]
        )  # fmt: skip
        lengths = np.linalg.norm(means, axis=0) + 1e-9
        cosines = np.tensordot(reference.content, means, 1) / lengths
        y, x = np.unravel_index(int(cosines.argmax()), cosines.shape)
        if cosines[y, x] > best:
            best, where = float(cosines[y, x]), (int(x), int(y), int(x) + wide, int(y) + tall)
    across, down = image.width / columns, image.height / rows
    x0, y0, x1, y1 = where
    return round(x0 * across), round(y0 * down), round(x1 * across), round(y1 * down)


def _window(long: float, aspect: float, columns: int, rows: int) -> tuple[int, int]:
    wide = long * min(1.0, aspect)
    tall = long * min(1.0, 1 / aspect)
    return min(columns, max(1, round(wide))), min(rows, max(1, round(tall)))


def _portray(image: Image.Image, frame: Frame, shape: Mask | None) -> Portrait:
    """Cut the frame out, find the subject in it, and see what it shows without its ground."""
    crop = shrink(image.crop(frame), SIDE)
    pixels = np.asarray(crop)
    mask = _off_ground(pixels)
    if mask is None:
        guess = None if shape is None else _guess_shape(pixels.shape[:2], shape)
        mask = _grow_middle(pixels) if guess is None else grow_mask(pixels, guess)
    cells = embed_cells(crop, 224, 224)
    weights = cv2.resize(mask.astype(np.float32), cells.shape[:0:-1], interpolation=cv2.INTER_AREA)
    content = unify((cells * weights).mean((1, 2)).astype(np.float32))
    return Portrait(frame, pixels, mask, content)


def _off_ground(pixels: Pixels) -> Mask | None:
    """What differs from an even ground, holes filled; None where the ground is not even."""
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    rim = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    ground = np.median(rim, 0)
    away = np.linalg.norm(rim - ground, axis=1) > EVEN
    if away.mean() > 0.5:
        return None
    corners = lab[[0, 0, -1, -1], [0, -1, 0, -1]]
    if np.sum(np.linalg.norm(corners - ground, axis=1) > EVEN) > 1 and away.mean() > 0.15:
        return None
    off = (np.linalg.norm(lab - ground, axis=2) > EVEN).astype(np.uint8)
    off = cv2.morphologyEx(off, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    lines, _ = cv2.findContours(off, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    least = 0.01 * off.size
    filled = np.zeros_like(off)
    cv2.drawContours(filled, [line for line in lines if cv2.contourArea(line) > least], -1, 1, -1)
    return filled.astype(bool) if filled.mean() > 0.02 else None


def grow_mask(pixels: Pixels, labels: Pixels) -> Mask:
    """GrabCut (Rother, Kolmogorov & Blake 2004) from a guess; the guess where it finds nothing."""
    guess = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    k = min(1.0, GROWN / max(labels.shape))
    size = (max(1, round(labels.shape[1] * k)), max(1, round(labels.shape[0] * k)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    cv2.setRNGSeed(1)
    try:
        cv2.grabCut(small, grown, None, np.zeros((1, 65)), np.zeros((1, 65)), 2,
                    cv2.GC_INIT_WITH_MASK)  # fmt: skip
    except cv2.error:  # too few colours, or all of one kind
        return np.asarray(guess)
    inside = ((grown == cv2.GC_FGD) | (grown == cv2.GC_PR_FGD)).astype(np.float32)
    inside = cv2.resize(inside, labels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(inside > 0.5 if inside.mean() > 0.02 else guess)


def _grow_middle(pixels: Pixels) -> Mask:
    """What stands in the middle; all but the rim where that is too little to be a subject."""
    labels = _guess_middle(pixels.shape[:2])
    mask = grow_mask(pixels, labels)
    return np.asarray(mask if mask.mean() > LEAST_SHARE else labels != cv2.GC_BGD)


def _guess_middle(shape: tuple[int, ...]) -> Pixels:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    v, u = (y + 0.5) / shape[0] - 0.5, (x + 0.5) / shape[1] - 0.5
    labels = np.full(shape[:2], cv2.GC_PR_BGD, np.uint8)
    labels[np.maximum(np.abs(u), np.abs(v)) > 0.47] = cv2.GC_BGD
    labels[u * u + v * v < 0.17] = cv2.GC_PR_FGD
    labels[u * u + v * v < 0.03] = cv2.GC_FGD
    return labels


def _guess_shape(shape: tuple[int, ...], mask: Mask) -> Pixels:
    """The reference's outline laid into the window, either way round: sure where both agree."""
    laid = cv2.resize(mask.astype(np.float32), shape[1::-1], interpolation=cv2.INTER_AREA)
    both = np.minimum(laid, laid[:, ::-1])
    labels = np.full(shape[:2], cv2.GC_PR_BGD, np.uint8)
    labels[both > 0.5] = cv2.GC_PR_FGD
    labels[cv2.erode(both, np.ones((9, 9), np.uint8)) > 0.9] = cv2.GC_FGD
    return labels


def shrink(image: Image.Image, side: int) -> Image.Image:
    k = side / max(image.size)
    size = (max(8, round(image.width * k)), max(8, round(image.height * k)))
    return image.convert("RGB").resize(size, Image.Resampling.BICUBIC, reducing_gap=2)


def clip_frame(frame: Frame, size: tuple[int, int]) -> Frame:
    """The frame with its margin, inside the picture and not empty."""
    left, top, right, bottom = frame
    x, y = round((right - left) * MARGIN), round((bottom - top) * MARGIN)
    left, top = max(0, min(left - x, size[0] - 1)), max(0, min(top - y, size[1] - 1))
    return left, top, max(left + 1, min(right + x, size[0])), max(top + 1, min(bottom + y, size[1]))


def _extent(flags: NDArray[np.bool_]) -> tuple[int, int]:
    found = np.flatnonzero(flags)
    return (int(found[0]), int(found[-1]) + 1) if len(found) else (0, len(flags))


def compare_subjects(one: Portrait, other: Portrait) -> float:
    """√(content · colour), 0 … 1.

    content = (cosine - 0.2) / 0.6 within 0 … 1: what has nothing in common has a cosine of 0.1 to
    0.25; colour = exp(-distance / 15).
    """
    content = np.clip((compare(one.content, other.content) - UNLIKE) / (ALIKE - UNLIKE), 0, 1)
    return float(np.sqrt(content * np.exp(-compare_colours(one, other) / FADE)))


def compare_colours(one: Portrait, other: Portrait) -> float:
    """How far the subjects' colours lie apart, in ΔE: a sliced Wasserstein distance in CIELAB.

    Mean, over eight directions, of the mean difference between the sorted projections
    (Rabin et al. 2011). Lightness counts half, since light changes it most.
    """
    return float(np.abs(_spread(one) - _spread(other)).mean())


def _spread(portrait: Portrait) -> NDArray[np.float64]:
    lab = cv2.cvtColor(portrait.pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inside = cv2.erode(portrait.mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    colours = lab[inside if inside.any() else portrait.mask] * np.array([0.5, 1, 1])
    directions = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0.7, 0.7], [0, 0.7, -0.7],
                           [0.6, 0.6, 0.6], [0.6, -0.6, 0.6], [0.6, 0.6, -0.6]])  # fmt: skip
    shares = np.linspace(0.02, 0.98, 25)
    return np.asarray(np.quantile(colours @ directions.T, shares, axis=0))
