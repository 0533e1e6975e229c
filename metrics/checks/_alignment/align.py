"""Lays a picture over the one that it was made from: scaled, cropped, shifted or turned a little.

Both are looked at with the long side of the source at 512 pixels at most.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]  # (height, width, 3), sRGB
Grey = NDArray[np.float32]  # (height, width), 0 to 255
Kind = TypeVar("Kind", Pixels, Grey)
Seen = NDArray[np.bool_]  # (height, width)
Packed = tuple[bytes, tuple[int, ...]]  # pixels and their shape
Warp = NDArray[np.float64]  # (2, 3): where a pixel of the source lies in the other picture

LONG_SIDE = 512
STEADY = np.float32((0.03 * 255) ** 2)  # SSIM's second constant
COARSE = 256  # at this long side positions are compared
FEATURES, LEAST_INLIERS = 700, 18
# A picture laid as well as this needs no better position; below the other it is another picture.
GOOD, LEAST = 0.95, 0.25
BETTER = 0.02  # by which a position that was sought must surpass a plain fit
# What a position may do to the source beyond fitting it into the other picture.
MOST_SCALE, MOST_STRETCH, MOST_TURN = 2.5, 1.3, 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """The source, and the other picture in its frame where it covers it.

    `how` names the way, `likeness` (0 to 1) says how alike their structure is, `warp` leads from
    pixels of `source` to pixels of the picture as it came.
    """

    source: Pixels
    image: Pixels
    seen: Seen
    warp: Warp
    how: str
    likeness: float

    @property
    def found(self) -> bool:
        return self.likeness >= LEAST


def align(image: Image.Image, source: Image.Image) -> Laid:
    """Where the source lies in the image: the best of plain fits, features and their refinement.

    Features are ORB's (Rublee et al. 2011) with RANSAC (Fischler & Bolles 1981); the refinement
    maximises the enhanced correlation coefficient (Evangelidis & Psarakis 2008).
    """
    return _align(*((each.tobytes(), each.shape) for each in map(read, (image, source))))


@lru_cache(maxsize=4)  # several checks look at the same pair
def _align(image: Packed, source: Packed) -> Laid:
    theirs, whole = (
        np.frombuffer(data, np.uint8).reshape(shape) for data, shape in (image, source)
    )
    ours = _shrink(whole, LONG_SIDE)
    small, scale = _halve(theirs, LONG_SIDE)
    grey, other = _grey(ours), _grey(small)
    best = max(
        ((compare(grey, other, warp), how, warp) for how, warp in _fit(ours.shape, small.shape)),
        key=lambda row: row[0],
    )
    for way in (_match_features, _refine):
        if best[0] >= GOOD:
            break
        warp = way(grey, other, best[2])
        if warp is not None and is_sane(warp, ours.shape, small.shape):
            how = "features" if way is _match_features else best[1]
            found = compare(grey, other, warp)
            if found > best[0] + BETTER:
                best = found, how, warp
    likeness, how, warp = best
    laid, seen = _lay(small, warp, ours.shape)
    return Laid(ours, laid, seen, warp / scale, how, float(np.clip(likeness, 0, 1)))


def read(image: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def _halve(pixels: Pixels, long_side: int) -> tuple[Pixels, float]:
    small = _shrink(pixels, long_side)
    return small, max(small.shape[:2]) / max(pixels.shape[:2])


def _shrink(pixels: Pixels, long_side: int) -> Pixels:
    scale = long_side / max(pixels.shape)
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    small: Pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _grey(pixels: Pixels) -> Grey:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _fit(ours: tuple[int, ...], theirs: tuple[int, ...]) -> Iterator[tuple[str, Warp]]:
    """The whole source in the whole picture: stretched, cropped about the middle, or with bars."""
    across, down = theirs[1] / ours[1], theirs[0] / ours[0]
    yield "stretched", _scaled(across, down, ours, theirs)
    if abs(across / down - 1) > 0.01:
        cropped, barred = max(across, down), min(across, down)
        yield "cropped", _scaled(cropped, cropped, ours, theirs)
        yield "barred", _scaled(barred, barred, ours, theirs)


def _scaled(across: float, down: float, ours: tuple[int, ...], theirs: tuple[int, ...]) -> Warp:
    """About the middle of both; pixels are squares whose middles lie at whole numbers."""
    x = theirs[1] / 2 - across * ours[1] / 2 + (across - 1) / 2
    y = theirs[0] / 2 - down * ours[0] / 2 + (down - 1) / 2
    return np.array([[across, 0, x], [0, down, y]])


def compare(ours: Grey, theirs: Grey, warp: Warp) -> float:
    """Mean contrast and structure of SSIM (Wang et al. 2004) where both have pixels, -1 to 1.

    Looked at with the long side at 256, textured places first; 0 where they share less than a
    fifth of the source.
    """
    k = min(1.0, COARSE / max(ours.shape))
    size = max(1, round(ours.shape[1] * k)), max(1, round(ours.shape[0] * k))
    small = cv2.resize(ours, size, interpolation=cv2.INTER_AREA)
    back = np.array([[1 / k, 0, (1 / k - 1) / 2], [0, 1 / k, (1 / k - 1) / 2], [0, 0, 1]])
    laid, seen = _lay(theirs, warp @ back, small.shape)
    if seen.mean() < 0.2:
        return 0.0
    alike, spread = compare_structure(small, laid)
    weights = (spread / (spread + STEADY) + np.float32(1e-3)) * seen  # even areas are all alike
    return float((alike * weights).sum() / weights.sum())


def compare_structure(ours: Grey, theirs: Grey) -> tuple[Grey, Grey]:
    """(2 σ_xy + C) / (σ²_x + σ²_y + C), and σ²_x + σ²_y, in Gaussian windows of σ = 1.5."""
    mean, other = _average(ours), _average(theirs)
    both = _average(ours * theirs) - mean * other
    spread = _average(ours * ours) - mean * mean + _average(theirs * theirs) - other * other
    spread = np.asarray(np.maximum(spread, 0), np.float32)
    return np.asarray((2 * both + STEADY) / (spread + STEADY), np.float32), spread


def _average(values: Grey) -> Grey:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float32)


def _lay(picture: Kind, warp: Warp, shape: tuple[int, ...]) -> tuple[Kind, Seen]:
    """The picture in the source's frame, and where it covers that."""
    height, width = shape[:2]
    scale = float(np.sqrt(abs(np.linalg.det(warp[:, :2]))))
    if scale > 1.5:  # averaged first, since warping takes single pixels
        k = 1 / scale
        size = max(1, round(picture.shape[1] * k)), max(1, round(picture.shape[0] * k))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        warp = warp * k
        warp[:, 2] += (k - 1) / 2
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(
        picture, warp, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    x, y = np.arange(width), np.arange(height)[:, None]
    at = [row[0] * x + row[1] * y + row[2] for row in warp]
    seen = (at[0] > -1) & (at[0] < picture.shape[1]) & (at[1] > -1) & (at[1] < picture.shape[0])
    return laid, seen


def is_sane(warp: Warp, ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    """Whether the source would lie there as an edited picture may: not tiny, squeezed or turned."""
    _, (long, short), _ = np.linalg.svd(warp[:, :2])
    usual = np.sqrt(theirs[0] * theirs[1] / (ours[0] * ours[1]))
    angle = np.degrees(np.arctan2(warp[1, 0] - warp[0, 1], warp[0, 0] + warp[1, 1]))
    return bool(
        np.linalg.det(warp[:, :2]) > 0
        and 1 / MOST_SCALE < np.sqrt(long * short) / usual < MOST_SCALE
        and long < MOST_STRETCH * short * max(1.0, _squeeze(ours, theirs))
        and abs(angle) < MOST_TURN
    )


def _squeeze(ours: tuple[int, ...], theirs: tuple[int, ...]) -> float:
    ratio = (theirs[1] / theirs[0]) / (ours[1] / ours[0])
    return float(max(ratio, 1 / ratio))


def _match_features(ours: Grey, theirs: Grey, _: Warp) -> Warp | None:
    return match_features(np.asarray(ours, np.uint8), np.asarray(theirs, np.uint8))


def match_features(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> Warp | None:
    """Where `ours` is found again in `theirs`, or None where too few corners agree."""
    if min(*ours.shape, *theirs.shape) < 32:
        return None
    orb = cv2.ORB.create(FEATURES, fastThreshold=8)
    (points, marks), (others, other_marks) = (orb.detectAndCompute(p, None) for p in (ours, theirs))
    if marks is None or other_marks is None:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(marks, other_marks)
    if len(pairs) < LEAST_INLIERS:
        return None
    there = np.array([points[pair.queryIdx].pt for pair in pairs])
    here = np.array([others[pair.trainIdx].pt for pair in pairs])
    cv2.setRNGSeed(1)
    warp, inliers = cv2.estimateAffinePartial2D(there, here, ransacReprojThreshold=4.0)
    if warp is None or int(inliers.sum()) < LEAST_INLIERS:
        return None
    return np.asarray(warp, np.float64)


def _refine(ours: Grey, theirs: Grey, start: Warp) -> Warp | None:
    """The start bettered by the enhanced correlation coefficient, on a quarter of the pixels."""
    k = min(1.0, COARSE / max(ours.shape))
    if min(ours.shape) * k < 16 or min(theirs.shape) < 16:
        return None
    small, other = (
        cv2.resize(p, None, fx=k, fy=k, interpolation=cv2.INTER_AREA) for p in (ours, theirs)
    )
    shift = (k - 1) / 2
    warp = start.astype(np.float32)
    # From (x, y) at full size to (k x + shift) in the small ones, on both sides.
    warp[:, 2] = k * start[:, 2] + shift - start[:, :2] @ np.array([shift, shift])
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 15, 1e-3)
    try:
        _, warp = cv2.findTransformECC(small, other, warp, cv2.MOTION_AFFINE, until, None, 5)
    except cv2.error:  # it did not converge, or there is nothing to correlate
        return None
    found: Warp = warp.astype(np.float64)
    found[:, 2] = (warp[:, 2] + warp[:, :2] @ np.array([shift, shift]) - shift) / k
    return found
